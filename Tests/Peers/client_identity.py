"""Certificates and keys of clients, made for a test; and signed assertions (RFC 7523), made by hand so that bad ones can be."""

import base64
import datetime
import json
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem_of(public_key):
    return public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Certificate:
    """A certificate and its key, written where `requests` finds them."""

    def __init__(self, folder, name, issuer=None, dns=(), days=(-1, 30), key=None, usage=ExtendedKeyUsageOID.CLIENT_AUTH,
                 is_authority=False, critical=False):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = (now + datetime.timedelta(days=each) for each in days)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if dns:
            names = x509.SubjectAlternativeName([x509.DNSName(each) for each in dns])
            builder = builder.add_extension(names, critical=critical)
        if usage and not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=critical)
        signer = issuer.key if issuer else self.key
        self.certificate = builder.sign(signer, hashes.SHA256())
        self.path, self.key_path = folder / f"{uuid.uuid4()}.pem", folder / f"{uuid.uuid4()}.key"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.key_path.write_bytes(self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    @property
    def pair(self):
        return str(self.path), str(self.key_path)


KEYS = {
    "RS512": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": lambda: ed25519.Ed25519PrivateKey.generate(),
}


def signature(algorithm, key, signed):
    if algorithm == "RS512":
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA512())
    if algorithm == "RS256":
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "PS256":
        return key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if algorithm == "EdDSA":
        return key.sign(signed)
    if algorithm == "HS256":
        code = hmac.HMAC(key, hashes.SHA256())
        code.update(signed)
        return code.finalize()
    r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def claims(client, audience, **changes):
    """Claims as they should be, with some changed, and those of None left out."""
    now = int(time.time())
    whole = {"iss": client, "sub": client, "aud": audience, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 240, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def assertion(claims, algorithm, key, kid, header=None, signing=None):
    """A JWT. `claims` and `header` may be text, as a bad one may be; `signing` is the algorithm that it is signed by."""
    head = {"alg": algorithm, "kid": kid, "typ": "JWT"} if header is None else header
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (head, claims)]
    signed = ".".join(encoded(part.encode()) for part in parts)
    return f"{signed}.{encoded(signature(signing or algorithm, key, signed.encode()))}"
