"""HTTPS servers of partners that misbehave, each on a port of its own, and certificates that nobody should rely on."""

import contextlib
import datetime
import gzip
import json
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def faulty_certificate(folder, fault):
    """A server's certificate by the authority of `folder`: for `another_name`, `expired`, or with a `weak_key`. Its stem."""
    key = rsa.generate_private_key(65537, 1024) if fault == "weak_key" else ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "faulty")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 90 * day)
        .not_valid_after(now - day if fault == "expired" else now + day)
        .add_extension(x509.SubjectAlternativeName(
            [x509.DNSName("other.example.org" if fault == "another_name" else "localhost")]), False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{fault}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{fault}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / fault


class Partner:
    """Takes each request over mutual TLS and answers as `behave(partner, connection, id, body)` does; then hangs up.

    `requests` are the id and the body of each that came whole; `taken` is what the partner keeps, by id.
    """

    def __init__(self, folder, behave, stem=None):
        self.behave, self.requests, self.taken, self.sent, self.silent = behave, [], {}, 0, []
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        # OpenSSL would not show a weak key.
        self.context.set_ciphers("DEFAULT@SECLEVEL=0")
        stem = stem or folder / "server"
        self.context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError, ValueError), client:
            if self.behave is mute:
                self.silent.append(client.recv(1 << 16))
                return wait_for_end(client)
            with self.context.wrap_socket(client, server_side=True) as connection:
                id, body = read_request(connection)
                self.requests.append((id, body))
                self.behave(self, connection, id, body)

    def stop(self):
        self.listener.close()


def read_request(connection):
    read = b""
    while b"\r\n\r\n" not in read:
        read += more(connection)
    head, _, body = read.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(fields["content-length"]):
        body += more(connection)
    return fields["idempotency-key"], body


def more(connection):
    part = connection.recv(1 << 16)
    if not part:
        raise OSError("the hub hung up")
    return part


def wait_for_end(connection):
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


def answer(connection, status, body=b"{}", *fields):
    lines = [f"HTTP/1.1 {status} X", "Connection: close", f"Content-Length: {len(body)}", *fields, "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)


def takes(partner, connection, id, body):
    partner.taken.setdefault(id, body)
    answer(connection, 201, json.dumps({"reference": "R-1"}).encode())


def hides_an_error(partner, connection, id, body):
    answer(connection, 200, json.dumps({"status": "rejected"}).encode())


def breaks_after_applying(partner, connection, id, body):
    if id in partner.taken:
        answer(connection, 409, b'{"type":"urn:example:duplicate"}', "Content-Type: application/problem+json")
    else:
        partner.taken[id] = body
        answer(connection, 500)


def leads_away(partner, connection, id, body):
    answer(connection, 302, b"", "Location: http://169.254.169.254/latest/meta-data/")


def floods(partner, connection, id, body):
    """An answer of 10 GB."""
    partner.taken[id] = body
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {10 << 30}\r\n\r\n".encode())
    chunk = bytes([32]) * (1 << 16)
    while True:
        connection.sendall(chunk)
        partner.sent += len(chunk)


def bombs(partner, connection, id, body):
    """A gibibyte of zeros in a mebibyte."""
    partner.taken[id] = body
    answer(connection, 200, BOMB, "Content-Type: application/json", "Content-Encoding: gzip")


def drips(partner, connection, id, body):
    """A byte a second, twice; then an answer."""
    if len(partner.requests) > 2:
        return takes(partner, connection, id, body)
    connection.sendall(b"HTTP/1.1 201 Created\r\nX-Drip: ")
    while True:
        connection.sendall(b"a")
        time.sleep(1)


def falls_silent(partner, connection, id, body):
    wait_for_end(connection)


def mute(partner, connection, id, body):
    """Accepts, and does not even greet."""
    raise AssertionError("is not spoken to")


BOMB = gzip.compress(bytes(1 << 24)) * 64
