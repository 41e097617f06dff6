"""Certificates for S/MIME, made by the openssl command."""

import subprocess


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def mail_authority(folder):
    """The authority `mail-ca` of a folder."""
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 3650, "-subj", "/CN=Mail authority",
        "-keyout", folder / "mail-ca.key", "-out", folder / "mail-ca.pem",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )


def issue(folder, name, mailbox, key=("rsa:2048",), usage="keyEncipherment", days=365):
    """A certificate for a mailbox, by the authority `mail-ca` of the folder."""
    openssl(
        "req", "-x509", "-newkey", *key, "-nodes", "-days", days, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
        "-out", folder / f"{name}.pem", "-CA", folder / "mail-ca.pem", "-CAkey", folder / "mail-ca.key",
        "-addext", "basicConstraints=CA:FALSE", "-addext", f"subjectAltName=email:{mailbox}",
        "-addext", f"keyUsage=critical,digitalSignature,{usage}", "-addext", "extendedKeyUsage=emailProtection",
    )
