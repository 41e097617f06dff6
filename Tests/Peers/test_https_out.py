"""A running hub delivers over HTTPS to a Python server that wants a client certificate, an access token and a signature.

The proof of who asks for a token is checked with `cryptography` alone, as RFC 7515, 7518 and 7523 say.
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import shutil
import sys
import tempfile
import time
import urllib.parse
import uuid

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually
from secure_server import SecureServer

HOUSING = ("derby_homes", "housing_support")
SECRET = bytes(range(32))


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Partner(SecureServer):
    """A partner's authorization server and its interface, on one port."""

    def __init__(self, certificates, algorithm, key):
        super().__init__(certificates, Asked)
        self.algorithm, self.key = algorithm, key
        self.tokens, self.proofs, self.shares, self.refusals = [], [], {}, []
        self.token_url = f"https://localhost:{self.port}/token"
        self.start()

    def verify(self, form):
        """Raises when the request for a token is not as it must be."""
        assert form["grant_type"] == "client_credentials" and form["scope"] == "shares:write"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        head, body, signature = form["client_assertion"].split(".")
        header, claims = json.loads(decoded(head)), json.loads(decoded(body))
        assert (header["alg"], header["kid"], header["typ"]) == (self.algorithm, "lac-1", "JWT")
        signed, proof = f"{head}.{body}".encode(), decoded(signature)
        if self.algorithm == "RS512":
            self.key.verify(proof, signed, padding.PKCS1v15(), hashes.SHA512())
        elif self.algorithm == "PS256":
            self.key.verify(proof, signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            r, s = (int.from_bytes(part, "big") for part in (proof[:32], proof[32:]))
            self.key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        assert claims["iss"] == claims["sub"] == "lac-client"
        assert claims["aud"] == self.token_url
        assert 0 < claims["exp"] - time.time() <= 300
        uuid.UUID(claims["jti"])
        assert claims["jti"] not in self.proofs
        self.proofs.append(claims["jti"])


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.token(body) if self.path == "/token" else self.share(body)

    def token(self, body):
        try:
            self.server.verify(dict(urllib.parse.parse_qsl(body.decode())))
        except Exception as error:
            self.server.refusals.append(repr(error))
            return self.answer(401, {"error": "invalid_client"})
        self.server.tokens.append(f"token-{uuid.uuid4()}")
        self.answer(200, {"access_token": self.server.tokens[-1], "token_type": "Bearer", "expires_in": "600"})

    def share(self, body):
        if not self.server.tokens or self.headers["Authorization"] != f"Bearer {self.server.tokens[-1]}":
            return self.answer(401, {})
        id, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        code = hmac.new(SECRET, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        if self.headers["webhook-signature"] != f"v1,{base64.b64encode(code).decode()}" or abs(time.time() - int(at)) > 300:
            return self.answer(403, {})
        assert id == self.headers["Idempotency-Key"]
        self.server.shares[id] = body
        self.answer(201, {"reference": "DH-1"})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def running(algorithm, private_key):
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    installation.adapt("derby_homes", ("first: 10 s", "first: 1 s"))
    (home / "secrets/oauth.key").write_bytes(private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (home / "secrets/signing").write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    partner = Partner(home / "certificates", algorithm, private_key.public_key())
    installation.route("derby_homes", f"""
    https:
      url: https://localhost:{partner.port}/shares
      ca: certificates/ca.pem
      certificate: certificates/hub.pem
      key: certificates/hub.key
      timeout: 5
      tls12_until: 2099-12-31
      signing_secret: file:secrets/signing
      oauth:
        token_url: {partner.token_url}
        client_id: lac-client
        key: file:secrets/oauth.key
        kid: lac-1
        algorithm: {algorithm}
        scope: shares:write
        ca: certificates/ca.pem""")
    installation.partner("workers", kind="staff")
    installation.start()
    installation.subject = installation.person()
    installation.agree(installation.subject, HOUSING)
    return installation, partner


def ended(installation, partner):
    installation.close()
    partner.stop()
    shutil.rmtree(installation.home, ignore_errors=True)


def delivered(hub):
    share = hub.share(hub.subject, *HOUSING)["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    return share


KEYS = {
    "RS512": lambda: rsa.generate_private_key(65537, 4096),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_share_arrives_signed_under_a_token_that_was_proved_for(algorithm):
    hub, partner = running(algorithm, KEYS[algorithm]())
    try:
        first, second = delivered(hub), delivered(hub)
        assert partner.refusals == []
        assert set(partner.shares) == {first, second} and b"TESTER" in partner.shares[first].upper()
        assert len(partner.tokens) == 1, "a token is kept"
        if algorithm != "ES256":
            return
        # A token that the partner takes back is replaced, and nothing is lost.
        partner.tokens.append("another")
        third = delivered(hub)
        assert third in partner.shares and len(partner.tokens) == 3
        assert "speaks TLS 1.2 until 2099-12-31" in hub.hub("doctor", check=False).stdout
    finally:
        ended(hub, partner)


def test_without_a_token_nothing_is_sent():
    key = ec.generate_private_key(ec.SECP256R1())
    hub, partner = running("ES256", key)
    try:
        # The partner knows another key.
        partner.key = ec.generate_private_key(ec.SECP256R1()).public_key()
        share = hub.share(hub.subject, *HOUSING)["share_id"]
        eventually(lambda: "token_http_401" in hub.hub("trace", share), 60, why="the refusal")
        assert partner.shares == {} and partner.refusals
        # Mended, the same share goes.
        partner.key = key.public_key()
        eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    finally:
        ended(hub, partner)
