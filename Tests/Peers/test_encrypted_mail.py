"""A running hub delivers by e-mail to a real relay (aiosmtpd), over TLS; what is encrypted is read by the openssl command."""

import email
import email.policy
import json
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, free_port
from mail_certificates import issue, mail_authority, openssl
from mail_relay import Relay

HOUSING = ("derby_homes", "housing_support")
OURS = "lac@derby.example"


class Mailing:
    """An installation whose way to Derby Homes is a mailbox."""

    def __init__(self, home):
        self.hub = Installation(home)
        self.folder, self.port = home / "certificates", free_port()
        mail_authority(self.folder)
        issue(self.folder, "own", OURS)
        self.relay = None

    def start(self, channel, to, tls="starttls", extra="", what=""):
        self.hub.adapt("derby_homes", ("channel: https_mtls", f"channel: {channel}"), ("first: 10 s", "first: 1 s"))
        scheme = "smtps" if tls == "implicit" else "smtp"
        self.hub.route(
            "derby_homes", f"{{ {channel}: {{ smtp: '{scheme}://localhost:{self.port}', ca: certificates/ca.pem, "
            f"from: {OURS}, to: {to}, timeout: 10{extra} }} }}")
        self.relay = Relay(self.folder / "server", self.port, tls=tls)
        self.relay.what = what
        self.relay.start()
        self.hub.partner("workers", kind="staff")
        self.hub.start()
        self.subject = self.hub.person()
        self.hub.agree(self.subject, HOUSING)
        return self

    def share(self):
        return self.hub.share(self.subject, *HOUSING)["share_id"]

    def delivered(self):
        share = self.share()
        eventually(lambda: self.hub.share_state(share) == "delivered", 60, why="delivery")
        return share

    def close(self):
        self.hub.close()
        if self.relay:
            self.relay.stop()


ENCRYPTED = ", certificate: certificates/homes.pem, authorities: certificates/mail-ca.pem, " \
    "sign: { certificate: certificates/own.pem, key: certificates/own.key }"


@pytest.fixture
def mailing():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    made = Mailing(home)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(home, ignore_errors=True)


def opened(mailing, content):
    """What the recipient reads: the mail inside, once decrypted and its signature verified."""
    home = mailing.hub.home
    (home / "mail.eml").write_bytes(content)
    openssl(
        "cms", "-decrypt", "-in", home / "mail.eml", "-recip", mailing.folder / "homes.pem",
        "-inkey", mailing.folder / "homes.key", "-out", home / "signed.eml",
    )
    return openssl("cms", "-verify", "-binary", "-in", home / "signed.eml", "-CAfile", mailing.folder / "mail-ca.pem")


def attachment(content):
    mail = email.message_from_bytes(content, policy=email.policy.default)
    [document] = mail.iter_attachments()
    return document.get_content_type(), document.get_payload(decode=True)


@pytest.mark.parametrize(
    ("key", "usage", "cipher", "smime"),
    [
        (("rsa:2048",), "keyEncipherment", "aes-256-cbc", "enveloped-data"),
        (("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "keyAgreement", "aes-256-gcm", "authEnveloped-data"),
    ],
    ids=["RSA, CBC", "EC, GCM"],
)
def test_a_share_is_read_by_the_mailbox_it_is_encrypted_to(mailing, key, usage, cipher, smime):
    issue(mailing.folder, "homes", "Referrals@homes.example", key, usage)
    mailing.start("smime_email", "referrals@homes.example", extra=ENCRYPTED + f", cipher: {cipher}")
    share = mailing.delivered()
    [(sender, recipients, content)] = mailing.relay.mails
    assert (sender, recipients) == (OURS, ["referrals@homes.example"])
    outside = email.message_from_bytes(content, policy=email.policy.default)
    assert set(outside.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "Content-Disposition",
    }
    assert outside["Subject"] == f"OFFICIAL-SENSITIVE LAC {share}"
    assert outside["Message-ID"] == f"<{share}@derby.example>"
    assert outside.get_content_type() == "application/pkcs7-mime" and outside.get_param("smime-type") == smime
    kind, document = attachment(opened(mailing, content))
    assert kind == "application/vnd.lac.housing+json"
    assert json.loads(document)["reference"] and "TESTER" in document.decode().upper()
    assert b"TESTER" not in content.upper()
    assert "TESTER" not in (mailing.hub.home / "hub.log").read_text()


@pytest.mark.parametrize(
    ("code", "mailbox", "key", "usage"),
    [
        ("certificate_weak", "referrals@homes.example", ("rsa:1024",), "keyEncipherment"),
        ("certificate_usage", "referrals@homes.example", ("rsa:2048",), "keyAgreement"),
    ],
)
def test_with_a_certificate_that_fails_nothing_reaches_the_relay_and_staff_are_told(mailing, code, mailbox, key, usage):
    issue(mailing.folder, "homes", mailbox, key, usage)
    mailing.start("smime_email", "referrals@homes.example", extra=ENCRYPTED)
    share = mailing.share()
    eventually(lambda: mailing.hub.share_state(share) == "failed", 60, why="the end of the share")
    assert code in json.dumps(mailing.hub.work_items())
    assert not mailing.relay.mails


@pytest.mark.parametrize(
    ("channel", "to", "extra"),
    [("tls_email", "referrals@homes.example", ", assured: [homes.example]"), ("cjsm_email", "homes@derby.cjsm.net", "")],
)
def test_over_enforced_tls_the_document_is_the_attachment(mailing, channel, to, extra):
    mailing.start(channel, to, extra=extra)
    share = mailing.delivered()
    [(sender, recipients, content)] = mailing.relay.mails
    assert (sender, recipients) == (OURS, [to])
    assert email.message_from_bytes(content)["Message-ID"] == f"<{share}@derby.example>"
    kind, document = attachment(content)
    assert kind == "application/vnd.lac.housing+json" and "TESTER" in document.decode().upper()


def test_a_relay_without_tls_gets_nothing_until_it_offers_it(mailing):
    mailing.start("cjsm_email", "homes@derby.cjsm.net", tls="none")
    share = mailing.share()
    eventually(lambda: mailing.hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] >= 2, 60, why="a second attempt")
    assert not mailing.relay.mails
    mailing.relay.stop()
    mailing.relay = Relay(mailing.folder / "server", mailing.port, tls="starttls")
    mailing.relay.start()
    eventually(lambda: mailing.hub.share_state(share) == "delivered", 60, why="delivery")
    assert len(mailing.relay.mails) == 1


def test_a_mailbox_that_is_refused_for_good_ends_the_share(mailing):
    mailing.start("cjsm_email", "homes@derby.cjsm.net", what="rcpt 550")
    share = mailing.share()
    eventually(lambda: mailing.hub.share_state(share) == "failed", 60, why="the end of the share")
    assert "mail_refused" in json.dumps(mailing.hub.work_items())
    assert not mailing.relay.mails


def test_a_relay_that_says_later_is_tried_again(mailing):
    mailing.start("cjsm_email", "homes@derby.cjsm.net", what="data 451")
    share = mailing.share()
    eventually(lambda: mailing.hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] >= 2, 60, why="a second attempt")
    mailing.relay.what = ""
    eventually(lambda: mailing.hub.share_state(share) == "delivered", 60, why="delivery")
    assert len(mailing.relay.mails) == 1
