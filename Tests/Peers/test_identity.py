"""Who is calling: partners known by TLS certificates and by access tokens, at a running hub that asks for certificates."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import uuid

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import ASSERTION_TYPE, KEYS, Certificate, assertion, claims, encoded, pem_of
from installation import HUB, Installation, eventually, hl7

pytestmark = pytest.mark.alone

NAME = "pas.uhdb.example"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    folder = home / "clients"
    folder.mkdir()
    installation.folder = folder
    installation.authority = Certificate(folder, "Partners' authority", is_authority=True)
    installation.url = f"https://localhost:{installation.port}"
    installation.token_url = installation.url + "/oauth2/token"
    installation.configure(
        f"listen: {{ host: 127.0.0.1, port: {installation.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {installation.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, client_ca: {installation.authority.path}, "
        f"url: '{installation.url}' }}")
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    try:
        installation.partner("workers", kind="staff")
        for partner in "uhdb", "dchs", "dhcft":
            installation.partner(partner)
        installation.start()
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


@pytest.fixture(scope="module")
def known(hub):
    """A certificate that nobody but the trust itself issued, by whose key the trust is known."""
    certificate = Certificate(hub.folder, "trust")
    certificate.id = hub.hub("partner", "certificate", "uhdb", "--file", certificate.path).strip()
    return certificate


def post(hub, certificate=None, token=None, id=None):
    """A referral, by whoever shows these."""
    headers = {"Content-Type": "application/hl7-v2"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return requests.post(
        f"{hub.url}/v1/referrals", hl7(id or f"I{uuid.uuid4().hex[:12]}"), headers=headers, timeout=10,
        cert=certificate.pair if certificate else None)


def sender(hub, answer):
    """Whose referral it was, as the hub keeps it: the document is the trust's, so that of another's is quarantined as his."""
    assert answer.status_code == 202 or answer.json()["errors"][0]["code"] == "sender_mismatch", answer.text
    receipt = answer.json()["receipt_id"]
    return hub.sql(f"SELECT sender FROM record.submission WHERE receipt = '{receipt}'").strip()


# MARK: certificates


def test_a_partner_is_known_by_the_key_of_its_certificate_whoever_issued_it(hub, known):
    assert sender(hub, post(hub, known)) == "uhdb"
    # Renewed with the same key it is known at once.
    assert sender(hub, post(hub, Certificate(hub.folder, "trust again", key=known.key))) == "uhdb"
    # Another key is nobody's, whatever the certificate calls itself; and nobody's is nobody, with or without one.
    assert post(hub, Certificate(hub.folder, "trust", dns=[NAME])).status_code == 401
    refused = post(hub)
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    # What asks for no credential is there without one.
    assert requests.get(hub.url + "/healthz", timeout=10).status_code == 200


def test_a_partner_is_known_by_a_name_that_an_authority_of_ours_vouches_for(hub):
    hub.hub("partner", "certificate", "dchs", "--name", "engine.dchs.example")
    issued = Certificate(hub.folder, "engine", hub.authority, dns=["Engine.DCHS.example", "other.example"])
    assert sender(hub, post(hub, issued)) == "dchs"
    stranger = Certificate(hub.folder, "Partners' authority", is_authority=True)
    for bad in (
        Certificate(hub.folder, "engine", stranger, dns=["engine.dchs.example"]),
        Certificate(hub.folder, "engine", dns=["engine.dchs.example"]),
        Certificate(hub.folder, "engine.dchs.example", hub.authority),
        Certificate(hub.folder, "engine", hub.authority, dns=["engine.dchs.example.evil.example"]),
        Certificate(hub.folder, "engine", hub.authority, dns=["*.dchs.example"]),
    ):
        assert post(hub, bad).status_code == 401
    # Of two partners it can be neither.
    hub.hub("partner", "certificate", "dhcft", "--name", "engine.dhcft.example")
    both = Certificate(hub.folder, "engine", hub.authority, dns=["engine.dchs.example", "engine.dhcft.example"])
    assert post(hub, both).status_code == 401
    # A key that is revoked is refused under its name too.
    id = hub.hub("partner", "certificate", "dchs", "--file", issued.path).strip()
    hub.hub("partner", "revoke", id)
    eventually(lambda: post(hub, issued).status_code == 401, 3, why="the refusal")
    again = hub.hub("partner", "certificate", "dchs", "--file", issued.path, check=False)
    assert again.returncode == 64 and "revoked" in again.stderr
    assert sender(hub, post(hub, Certificate(hub.folder, "engine", hub.authority, dns=["engine.dchs.example"]))) == "dchs"


@pytest.mark.parametrize("bad", [
    {"days": (-30, -1)}, {"days": (1, 30)}, {"usage": ExtendedKeyUsageOID.SERVER_AUTH},
    {"key": rsa.generate_private_key(65537, 1024)}, {},
], ids=["ended", "not begun", "for servers", "weak key", "nothing wrong"])
def test_a_certificate_that_is_not_sound_is_refused_by_tls(hub, bad):
    for issuer in None, hub.authority:
        certificate = Certificate(hub.folder, "trust", issuer, dns=["engine.dchs.example"], **bad)
        if not bad:
            assert exchange(hub, certificate)[0] in (b"401", b"404")
            continue
        with pytest.raises(ssl.SSLError) as refused:
            exchange(hub, certificate)
        # By the hub, not by this side.
        assert "ALERT" in str(refused.value)


def exchange(hub, certificate, context=None, session=None):
    """One request by hand: the status of its answer, the TLS session, and whether that was resumed."""
    if context is None:
        context = ssl.create_default_context(cafile=hub.home / "certificates/ca.pem")
        # Else this side does not show a weak key at all.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(*certificate.pair)
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
            secure.sendall(b"GET /v1/receipts/01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f HTTP/1.1\r\nHost: localhost\r\n"
                           b"Connection: close\r\n\r\n")
            answer = b""
            while part := secure.recv(4096):
                answer += part
            return answer.split(b" ")[1], secure.session, secure.session_reused


def test_rotation_and_revocation_within_a_second(hub):
    first, second = (Certificate(hub.folder, name) for name in ("first", "second"))
    ids = [hub.hub("partner", "certificate", "dhcft", "--file", each.path).strip() for each in (first, second)]
    with requests.Session() as session:
        session.cert = first.pair
        ask = lambda: session.get(f"{hub.url}/v1/receipts/{uuid.uuid4()}", timeout=10).status_code
        assert ask() == 404 and sender(hub, post(hub, second)) == "dhcft"
        hub.hub("partner", "revoke", ids[0])
        # On the connection that stands, too.
        eventually(lambda: ask() == 401, 2, why="the refusal")
        assert sender(hub, post(hub, second)) == "dhcft"
    hub.hub("partner", "disable", "dhcft")
    try:
        eventually(lambda: post(hub, second).status_code == 401, 2, why="the refusal")
    finally:
        hub.hub("partner", "enable", "dhcft")
    rows = [json.loads(line) for line in hub.hub("partner", "credentials", "dhcft", "--json").splitlines()]
    states = {row["id"]: (row["kind"], row["state"]) for row in rows}
    assert states[ids[0]] == ("certificate", "revoked") and states[ids[1]] == ("certificate", "live")
    assert hub.hub("partner", "revoke", ids[0], check=False).returncode == 64
    hub.hub("ledger", "verify")


def test_a_key_that_was_taken_is_of_no_use_behind_anothers_certificate(hub, known):
    assert sender(hub, post(hub, known, hub.keys["uhdb"])) == "uhdb"
    assert post(hub, known, hub.keys["dchs"]).status_code == 401
    # A certificate that nobody is known by proves nothing, and takes nothing away.
    assert sender(hub, post(hub, Certificate(hub.folder, "proxy"), hub.keys["dchs"])) == "dchs"


def test_a_connection_that_is_resumed_is_its_callers(hub, known):
    context = ssl.create_default_context(cafile=hub.home / "certificates/ca.pem")
    context.load_cert_chain(*known.pair)
    status, session, _ = exchange(hub, known, context)
    assert status == b"404"
    status, _, is_resumed = exchange(hub, known, context, session)
    assert status == b"404" and is_resumed == session.has_ticket


def test_authorities_between_and_critical_extensions_are_understood(hub):
    between = Certificate(hub.folder, "Between", hub.authority, is_authority=True)
    with open(hub.authority.path, "ab") as file:
        file.write(between.path.read_bytes())
    hub.server.stop()
    hub.start()
    hub.hub("partner", "certificate", "dchs", "--name", NAME)
    for certificate in (
        Certificate(hub.folder, "engine", between, dns=[NAME]),
        Certificate(hub.folder, "engine", hub.authority, dns=[NAME], critical=True),
    ):
        assert sender(hub, post(hub, certificate)) == "dchs"
    # One that is no authority vouches for nobody.
    leaf = Certificate(hub.folder, "engine", hub.authority, dns=[NAME])
    assert post(hub, Certificate(hub.folder, "below", leaf, dns=[NAME])).status_code == 401


def test_a_renewed_certificate_with_the_same_key_is_known_and_its_end_told(hub):
    short = Certificate(hub.folder, "short", days=(-1, 5))
    id = hub.hub("partner", "certificate", "dhcft", "--file", short.path).strip()
    renewed = Certificate(hub.folder, "renewed", key=short.key, days=(-1, 300))
    assert hub.hub("partner", "certificate", "dhcft", "--file", renewed.path).strip() == id
    assert sender(hub, post(hub, renewed)) == sender(hub, post(hub, short)) == "dhcft"
    [row] = [row for row in map(json.loads, hub.hub("partner", "credentials", "dhcft", "--json").splitlines()) if row["id"] == id]
    assert row["expires"] > f"{short.certificate.not_valid_after_utc:%Y-%m-%d}T99"
    # Another partner cannot have it.
    assert hub.hub("partner", "certificate", "dchs", "--file", renewed.path, check=False).returncode == 64


def test_whoever_shows_a_certificate_that_was_revoked_is_let_in_by_nothing(hub, keys):
    certificate = Certificate(hub.folder, "lost")
    id = hub.hub("partner", "certificate", "uhdb", "--file", certificate.path).strip()
    bound = token(hub, keys, certificate=certificate)
    assert sender(hub, post(hub, certificate, bound)) == sender(hub, post(hub, certificate, hub.keys["uhdb"])) == "uhdb"
    hub.hub("partner", "revoke", id)
    eventually(lambda: post(hub, certificate, bound).status_code == 401, 3, why="the refusal")
    assert post(hub, certificate, hub.keys["uhdb"]).status_code == 401
    text = assertion(claims("uhdb", hub.token_url), "ES256", keys["ES256"], "ES256")
    assert ask(hub, text, certificate).status_code == 401


def test_in_production_an_api_key_is_for_senders_of_low_risk(hub, tmp_path):
    file = tmp_path / "hub.yaml"
    text = (hub.home / "hub.yaml").read_text().replace("environment: test", "environment: production")
    file.write_text(text.replace("data: data", f"data: {hub.home}/data").replace("certificates/", f"{hub.home}/certificates/")
                    .replace("file:secrets", f"file:{hub.home}/secrets"))
    refused = hub.hub("partner", "key", "dchs", "--config", file, check=False)
    assert refused.returncode == 64 and "--low-risk" in refused.stderr
    key = hub.hub("partner", "key", "dchs", "--low-risk", "--config", file).strip()
    hub.hub("partner", "key", "workers", "--config", file)
    found = hub.hub("doctor", "--config", file, check=False).stdout
    assert "uhdb is let in by an API key that is not for low risk" in found
    assert key.split("_")[1] not in found and "workers is let in" not in found


def test_what_the_command_is_given_must_be_what_it_takes(hub, tmp_path):
    ended = Certificate(tmp_path, "ended", days=(-30, -1))
    key = tmp_path / "key.pem"
    key.write_bytes(pem_of(ec.generate_private_key(ec.SECP384R1()).public_key()))
    weak = tmp_path / "weak.pem"
    weak.write_bytes(pem_of(rsa.generate_private_key(65537, 1024).public_key()))
    for arguments in (
        ["certificate", "uhdb"], ["certificate", "uhdb", "--name", "x"], ["certificate", "uhdb", "--name", "a b.c"],
        ["certificate", "uhdb", "--file", ended.path], ["certificate", "uhdb", "--file", ended.key_path],
        ["certificate", "uhdb", "--file", tmp_path / "none"], ["certificate", "nobody", "--name", "a.example"],
        ["certificate", "uhdb", "--name", "a.example", "--file", ended.path],
        ["client-key", "uhdb", "--kid", "", "--file", key], ["client-key", "uhdb", "--kid", "k", "--file", key],
        ["client-key", "uhdb", "--kid", "k", "--file", weak], ["client-key", "uhdb", "--kid", "k", "--file", ended.key_path],
        ["client-key", "nobody", "--kid", "k", "--file", key], ["revoke", str(uuid.uuid4())], ["revoke", "uhdb/none"],
    ):
        run = hub.hub("partner", *arguments, check=False)
        assert run.returncode == 64, (arguments, run.stdout, run.stderr)
        assert "PRIVATE" not in run.stderr


# MARK: access tokens


@pytest.fixture(scope="module")
def keys(hub):
    """A key of the trust's for each algorithm, under the algorithm's name."""
    keys = {}
    for algorithm, make in KEYS.items():
        keys[algorithm] = make()
        register(hub, "uhdb", algorithm, keys[algorithm])
    return keys


def register(hub, partner, kid, key, *options):
    file = hub.folder / f"{uuid.uuid4()}.pub"
    file.write_bytes(pem_of(key.public_key()))
    hub.hub("partner", "client-key", partner, "--kid", kid, "--file", file, *options)


def ask(hub, text, certificate=None, **form):
    body = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **form}
    return requests.post(hub.token_url, body, timeout=10, cert=certificate.pair if certificate else None)


def token(hub, keys, algorithm="ES256", certificate=None):
    text = assertion(claims("uhdb", hub.token_url), algorithm, keys[algorithm], algorithm)
    answer = ask(hub, text, certificate)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["token_type"] == "Bearer" and answer.json()["expires_in"] == 300
    return answer.json()["access_token"]


@pytest.mark.parametrize("algorithm", KEYS)
def test_whoever_signs_by_its_own_key_is_let_in(hub, keys, algorithm):
    assert sender(hub, post(hub, token=token(hub, keys, algorithm))) == "uhdb"


def test_the_server_says_what_a_client_must_know(hub):
    said = requests.get(hub.url + "/.well-known/oauth-authorization-server", timeout=10).json()
    assert said["issuer"] == hub.url and said["token_endpoint"] == hub.token_url
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert set(said["token_endpoint_auth_signing_alg_values_supported"]) == set(KEYS)


def test_a_token_is_bound_to_the_certificate_that_it_was_asked_with(hub, keys, known):
    bound = token(hub, keys, certificate=known)
    assert sender(hub, post(hub, known, bound)) == "uhdb"
    assert post(hub, token=bound).status_code == 401
    assert post(hub, Certificate(hub.folder, "thief"), bound).status_code == 401
    # To a certificate that nobody is known by as well: it is the key that counts.
    own = Certificate(hub.folder, "unregistered")
    bound = token(hub, keys, certificate=own)
    assert sender(hub, post(hub, own, bound)) == "uhdb"
    assert post(hub, known, bound).status_code == 401


def test_a_token_ends_with_its_key_and_with_its_partner(hub, keys):
    first, second = KEYS["ES256"](), KEYS["EdDSA"]()
    register(hub, "dchs", "first", first, "--days", "30")
    register(hub, "dchs", "second", second)

    def given(kid, key, algorithm):
        answer = ask(hub, assertion(claims("dchs", hub.token_url), algorithm, key, kid))
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    one, two = given("first", first, "ES256"), given("second", second, "EdDSA")
    assert sender(hub, post(hub, token=one)) == sender(hub, post(hub, token=two)) == "dchs"
    hub.hub("partner", "revoke", "dchs/first")
    eventually(lambda: post(hub, token=one).status_code == 401, 2, why="the refusal")
    assert ask(hub, assertion(claims("dchs", hub.token_url), "ES256", first, "first")).status_code == 401
    assert sender(hub, post(hub, token=two)) == "dchs"
    hub.hub("partner", "disable", "dchs")
    try:
        eventually(lambda: post(hub, token=two).status_code == 401, 2, why="the refusal")
        assert ask(hub, assertion(claims("dchs", hub.token_url), "EdDSA", second, "second")).status_code == 401
    finally:
        hub.hub("partner", "enable", "dchs")
    # A name that was used is not used again.
    file = hub.folder / "again.pub"
    file.write_bytes(pem_of(first.public_key()))
    assert hub.hub("partner", "client-key", "dchs", "--kid", "first", "--file", file, check=False).returncode == 64
    log = (hub.home / "hub.log").read_text()
    assert "hubt_" not in log and two not in log


def test_a_token_of_anybody_elses_making_opens_nothing(hub, keys):
    good = token(hub, keys)
    for bad in (
        good[:-1], good + "A", good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), good.upper(), "hubt_", "hubt_AAAA",
        good.replace("hubt_", "hub_"), good + "=", good.replace("hubt_", "hubt_ "), "hubt_" + encoded(b"{}" * 60),
        "hubt_" + "A" * 5000,
    ):
        assert post(hub, token=bad).status_code == 401, bad
    assert sender(hub, post(hub, token=good)) == "uhdb"


def bad_assertions(hub, keys):
    """Sixty assertions that are wrong in one way each, with a word of why they are refused."""
    es, rs, url = keys["ES256"], keys["RS512"], hub.token_url
    now = int(time.time())
    public = pem_of(es.public_key())
    rsa_public = pem_of(rs.public_key())

    def signed(algorithm="ES256", key=None, kid=None, header=None, signing=None, body=None, **changes):
        return assertion(
            claims("uhdb", url, **changes) if body is None else body, algorithm, key or keys[signing or algorithm],
            kid or algorithm, header, signing)

    def unsigned(header, body=None):
        parts = (json.dumps(part).encode() for part in (header, body or claims("uhdb", url)))
        return ".".join(map(encoded, parts))

    good = signed()
    head, body, signature = good.split(".")
    stranger = ec.generate_private_key(ec.SECP256R1())
    yield "none", unsigned({"alg": "none", "kid": "ES256"}) + ".", "JWT"
    yield "none with a signature", f'{unsigned({"alg": "none", "kid": "ES256"})}.{signature}', "alg"
    yield "None", f'{unsigned({"alg": "None", "kid": "ES256"})}.{signature}', "alg"
    yield "NONE", f'{unsigned({"alg": "NONE", "kid": "ES256"})}.{signature}', "alg"
    yield "no algorithm", f'{unsigned({"kid": "ES256"})}.{signature}', "alg"
    yield "algorithm of another type", f'{unsigned({"alg": ["ES256"], "kid": "ES256"})}.{signature}', "alg"
    yield "HS256 by the public key", signed("HS256", public, "ES256"), "alg"
    yield "HS256 by the RSA key", signed("HS256", rsa_public, "RS512"), "alg"
    yield "RS256", signed("RS256", rs, "RS512"), "alg"
    yield "es256 in small letters", signed(header={"alg": "es256", "kid": "ES256"}), "alg"
    yield "HS256 called ES256", signed(header={"alg": "ES256", "kid": "ES256"}, signing="HS256", key=public), "no key"
    yield "RS512 called PS256", signed(header={"alg": "PS256", "kid": "RS512"}, signing="RS512"), "no key"
    yield "RS512 called ES256", signed(header={"alg": "ES256", "kid": "ES256"}, signing="RS512"), "no key"
    yield "ES256 for an RSA key", signed(header={"alg": "ES256", "kid": "RS512"}), "no key"
    yield "RS512 for a P-256 key", signed(header={"alg": "RS512", "kid": "ES256"}, signing="RS512"), "no key"
    yield "EdDSA for a P-256 key", signed(header={"alg": "EdDSA", "kid": "ES256"}, signing="EdDSA"), "no key"
    yield "a stranger's key", signed(key=stranger), "no key"
    yield "another key of the partner's", signed("PS256", key=rs, kid="PS256"), "no key"
    yield "no signature", f"{head}.{body}.", "JWT"
    yield "half a signature", f"{head}.{body}.{signature[:40]}", "no key"
    yield "signature of zeros", f"{head}.{body}.{encoded(bytes(64))}", "no key"
    yield "signature in DER", f"{head}.{body}.{encoded(es.sign(f'{head}.{body}'.encode(), ec.ECDSA(hashes.SHA256())))}", "no key"
    yield "another body", f'{head}.{encoded(json.dumps(claims("uhdb", url)).encode())}.{signature}', "no key"
    yield "another header", f'{encoded(json.dumps({"alg": "ES256", "kid": "ES256", "x": 1}).encode())}.{body}.{signature}', "no key"
    yield "no kid", signed(header={"alg": "ES256"}), "JWT"
    yield "an empty kid", signed(header={"alg": "ES256", "kid": ""}), "JWT"
    yield "a number for kid", signed(header={"alg": "ES256", "kid": 7}), "JWT"
    yield "kid that climbs", signed(header={"alg": "ES256", "kid": "../../../../dev/null"}), "no key"
    yield "kid of SQL", signed(header={"alg": "ES256", "kid": "x' OR '1'='1"}), "no key"
    yield "kid with a zero byte", signed(header='{"alg":"ES256","kid":"ES256\\u0000"}'), "JWT"
    yield "a long kid", signed(header={"alg": "ES256", "kid": "k" * 201}), "JWT"
    yield "an unknown kid", signed(kid="unknown"), "no key"
    yield "its own key in jwk", signed(key=stranger, header={"alg": "ES256", "kid": "ES256", "jwk": {"kty": "EC"}}), "no key"
    yield "its own key at jku", signed(key=stranger, header={"alg": "ES256", "kid": "ES256", "jku": "https://evil.example"}), "no key"
    yield "its own key in x5c", signed(key=stranger, header={"alg": "ES256", "kid": "ES256", "x5c": ["MIIB"]}), "no key"
    yield "what must be understood", signed(header={"alg": "ES256", "kid": "ES256", "crit": ["exp"]}), "JWT"
    yield "a body that is not encoded", signed(header={"alg": "ES256", "kid": "ES256", "b64": False}), "JWT"
    yield "alg twice", signed(header='{"alg":"none","alg":"ES256","kid":"ES256"}'), "JWT"
    yield "a header that is a list", signed(header="[]"), "JWT"
    yield "a header that is no JSON", signed(header="{"), "JWT"
    yield "a body that is no JSON", signed(body="{"), "JWT"
    yield "iss twice", signed(body=json.dumps(claims("uhdb", url)).replace('"iss"', '"iss": "dchs", "iss"')), "JWT"
    yield "another partner's name", signed(iss="dchs", sub="dchs"), "no key"
    yield "no partner's name", signed(iss="nobody", sub="nobody"), "no key"
    yield "iss that is not sub", signed(sub="dchs"), "iss and sub"
    yield "iss with a zero byte", signed(iss="uhdb\0", sub="uhdb\0"), "JWT"
    yield "no iss", signed(iss=None), "JWT"
    yield "no sub", signed(sub=None), "JWT"
    yield "another server", signed(aud="https://other.example/oauth2/token"), url
    yield "the server, but not its token endpoint", signed(aud=hub.url), url
    yield "a longer address", signed(aud=url + "/"), url
    yield "no audience", signed(aud=None), "JWT"
    yield "an empty audience", signed(aud=[]), url
    yield "a number in the audience", signed(aud=[url, 1]), "JWT"
    yield "ended", signed(exp=now - 60), "exp has passed"
    yield "too far ahead", signed(exp=now + 3600), "five minutes"
    yield "no end", signed(exp=None), "JWT"
    yield "an end in words", signed(exp="tomorrow"), "JWT"
    yield "an end beyond time", signed(exp=1e300), "JWT"
    yield "not begun", signed(nbf=now + 120), "ahead"
    yield "of the future", signed(iat=now + 120), "ahead"
    yield "no jti", signed(jti=None), "JWT"
    yield "a number for jti", signed(jti=5), "JWT"
    yield "a long jti", signed(jti="j" * 201), "JWT"
    yield "white space", good + " ", "JWT"
    yield "padding", f"{head}.{body}.{signature}==", "JWT"
    yield "four parts", good + ".AAAA", "JWT"
    yield "five parts", "a.b.c.d.e", "JWT"
    yield "nothing", "", "JWT"
    yield "too long", "A" * 9000, "JWT"


def test_sixty_bad_assertions_are_refused_each_for_its_reason(hub, keys):
    tried = 0
    for name, text, reason in bad_assertions(hub, keys):
        # So many in a second, and as many again, are let try.
        answer = ask(hub, text)
        assert answer.status_code in (400, 401), (name, answer.text)
        assert answer.json()["error"] == ("invalid_client"), (name, answer.text)
        assert reason in answer.json()["error_description"], (name, answer.text)
        assert "evil" not in answer.text and "nobody" not in answer.text
        tried += 1
    assert tried >= 60
    # The hub is none the worse.
    assert sender(hub, post(hub, token=token(hub, keys))) == "uhdb"
    log = (hub.home / "hub.log").read_text()
    assert "fault" not in log.lower() and "request failed" not in log


def test_an_assertion_is_taken_once(hub, keys):
    text = assertion(claims("uhdb", hub.token_url), "ES256", keys["ES256"], "ES256")
    assert ask(hub, text).status_code == 200
    again = ask(hub, text)
    assert again.status_code == 401 and "jti was used before" in again.json()["error_description"]
    # The same id is another partner's business.
    id = str(uuid.uuid4())
    key = KEYS["ES256"]()
    register(hub, "dhcft", "own", key)
    assert ask(hub, assertion(claims("uhdb", hub.token_url, jti=id), "ES256", keys["ES256"], "ES256")).status_code == 200
    assert ask(hub, assertion(claims("dhcft", hub.token_url, jti=id), "ES256", key, "own")).status_code == 200


def test_a_request_that_is_no_request_for_a_token_is_refused(hub, keys):
    def text():
        return assertion(claims("uhdb", hub.token_url), "ES256", keys["ES256"], "ES256")

    def error(answer):
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, answer.json()["error"]

    assert error(ask(hub, text(), grant_type="password")) == (400, "unsupported_grant_type")
    assert error(ask(hub, text(), grant_type="authorization_code")) == (400, "unsupported_grant_type")
    assert error(ask(hub, text(), client_assertion_type="x")) == (401, "invalid_client")
    assert error(ask(hub, text(), client_id="dchs")) == (401, "invalid_client")
    assert ask(hub, text(), client_id="uhdb", scope="anything").status_code == 200
    form = f"grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={text()}"

    def send(body, type="application/x-www-form-urlencoded"):
        return requests.post(hub.token_url, body, headers={"Content-Type": type}, timeout=10)

    assert error(send(form + "&grant_type=client_credentials")) == (400, "invalid_request")
    assert error(send(form, "application/json")) == (400, "invalid_request")
    assert send(form + "&x=" + "y" * 20_000).status_code == 413
    assert error(send(b"\xff\xfe=%zz")) in ((400, "invalid_request"), (400, "unsupported_grant_type"))
    assert error(send("")) == (400, "unsupported_grant_type")
    assert requests.get(hub.token_url, timeout=10).status_code == 404


def test_who_asks_too_often_waits(hub):
    codes = [requests.post(hub.token_url, {"grant_type": "x"}, timeout=10).status_code for _ in range(260)]
    assert codes[0] == 400 and 429 in codes
    waiting = requests.post(hub.token_url, {"grant_type": "x"}, timeout=10)
    while waiting.status_code != 429:
        waiting = requests.post(hub.token_url, {"grant_type": "x"}, timeout=10)
    assert int(waiting.headers["Retry-After"]) >= 1


def test_the_ends_of_certificates_and_keys_are_told_weeks_before(hub, known):
    found = hub.hub("doctor", check=False).stdout
    assert "certificate uhdb: ends" in found
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text
    assert 'hub_ends_seconds{kind="certificate",about="uhdb"}' in figures
    assert 'hub_tokens_total{answer="given"}' in figures and 'hub_tokens_total{answer="invalid_client"}' in figures


@pytest.mark.parametrize(("change", "problem"), [
    ("client_certificates: true", "listen.client_certificates needs TLS"),
    ("client_ca: x.pem", "listen.client_ca has no meaning without client_certificates"),
    ("client_certificates: perhaps", "listen.client_certificates must be true or false"),
    ("url: 'https://hub.example/path'", "listen.url must be https://HOST"),
    ("url: 'http://hub.example'", "listen.url must be https://HOST"),
])
def test_a_listener_that_cannot_be_keeps_the_hub_from_starting(change, problem, tmp_path):
    file = tmp_path / "hub.yaml"
    file.write_text("environment: test\norganisation: { id: derby_lac, name: Derby }\n"
                    f"listen: {{ host: 127.0.0.1, port: 1, {change} }}\n")
    run = subprocess.run([HUB, "partner", "list", "--config", file], capture_output=True, text=True, timeout=60)
    assert run.returncode == 78 and problem in run.stderr, run.stderr
