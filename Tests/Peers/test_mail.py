"""Plain e-mail is taken from a real IMAP server (dovecot) and answered by a real SMTP server (aiosmtpd), over TLS."""

import contextlib
import email
import email.policy
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import ssl
import sys
import tempfile

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, Installation, Process, eventually, free_port, wait_for_port

OURS, PORTAL = "lac@derby.example", "https://lac.derby.example/refer"


class Outbox:
    """Keeps what the hub sends."""

    def __init__(self):
        self.messages, self.refusal = [], None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def to(self, address):
        """What was sent to an address: (envelope sender, message)."""
        return [
            (sender, email.message_from_bytes(content, policy=email.policy.default))
            for sender, recipients, content in self.messages if recipients == [address]
        ]


def start_dovecot(home, port):
    folder, certificates = home / "dovecot", home / "certificates"
    folder.mkdir(mode=0o755)
    is_root = os.geteuid() == 0
    user = pwd.getpwnam("daemon") if is_root else pwd.getpwuid(os.geteuid())
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", user.pw_uid, user.pw_gid)
    (folder / "dovecot.conf").write_text(
        f"""protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{certificates}/server.pem
ssl_key = <{certificates}/server.key
passdb {{
  driver = static
  args = password=mailbox-secret
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""
        + ("" if is_root else rootless(user))
    )
    dovecot = Process(["dovecot", "-F", "-c", str(folder / "dovecot.conf")], folder / "out").start()
    wait_for_port(port)
    return dovecot


def rootless(user):
    """Settings of a dovecot of which all processes are one ordinary user's (its guide, "Rootless installation")."""
    group = grp.getgrgid(user.pw_gid).gr_name
    names = f"default_internal_user = {user.pw_name}\ndefault_internal_group = {group}\ndefault_login_user = {user.pw_name}\n"
    return names + "".join(f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login"))


def start_smtp(hub):
    certificates = hub.home / "certificates"
    # For either side of a connection: aiosmtpd tries with it whether its server is up.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"hub", b"relay-secret"))

    # TLS begins with the connection, of which the server's own check for STARTTLS does not know.
    controller = Controller(
        hub.outbox, hostname="127.0.0.1", port=hub.smtp_port, ssl_context=context, authenticator=authenticate,
        auth_required=True, auth_require_tls=False,
    )
    controller.start()
    return controller


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    imap, smtp = free_port(), free_port()
    installation = Installation(home)
    # Derby Homes is sent mails by the same relay, from the mailbox to which notices about them come.
    shutil.copytree(PROJECT / "adapters", home / "adapters")
    definition = home / "adapters/derby_homes/adapter.yaml"
    assert "channel: https_mtls" in definition.read_text()
    definition.write_text(definition.read_text().replace("channel: https_mtls", "channel: tls_email"))
    way = (
        f"  derby_homes: {{ tls_email: {{ smtp: 'smtps://localhost:{smtp}', user: hub, password: 'file:secrets/relay', "
        f"ca: certificates/ca.pem, from: {OURS}, to: refer@homes.example, assured: [homes.example] }} }}")
    lines = (home / "hub.yaml").read_text().replace(f"adapters: {PROJECT}/adapters", "adapters: adapters").splitlines()
    lines = [way if line.startswith("  derby_homes:") else line for line in lines]
    (home / "hub.yaml").write_text("\n".join(lines) + "\n")
    (home / "secrets/mail").write_text("mailbox-secret\n")
    (home / "secrets/relay").write_text("relay-secret\n")
    with open(home / "hub.yaml", "a") as configuration:
        configuration.write(
            f"""mail:
  imap: imaps://localhost:{imap}
  user: lac
  password: file:secrets/mail
  done: Handled by hub
  ca: certificates/ca.pem
  interval: 1
  timeout: 20
  reply:
    smtp: smtps://localhost:{smtp}
    user: hub
    password: file:secrets/relay
    from: {OURS}
    portal: {PORTAL}
"""
        )
    installation.imap_port, installation.smtp_port, installation.outbox = imap, smtp, Outbox()
    dovecot = relay = None
    try:
        dovecot = start_dovecot(home, imap)
        relay = start_smtp(installation)
        with mailbox(installation) as server:
            server.create('"Handled by hub"')
        installation.partner("workers", kind="staff")
        installation.start()
        yield installation
    finally:
        installation.close()
        if relay:
            relay.stop()
        if dovecot:
            dovecot.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def mailbox(hub):
    context = ssl.create_default_context(cafile=hub.home / "certificates/ca.pem")
    server = imaplib.IMAP4_SSL("localhost", hub.imap_port, ssl_context=context, timeout=30)
    server.login("lac", "mailbox-secret")
    try:
        yield server
    finally:
        server.logout()


def mail(hub, body="She lives at 1 Secret Street", sender="A Writer <writer@example.org>", **fields):
    """Puts a mail into the mailbox."""
    headers = {"Return-Path": None, "From": sender, "To": OURS, "Subject": "Somebody I worry about",
               "Message-ID": "<1@example.org>", **{name.replace("_", "-"): value for name, value in fields.items()}}
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    with mailbox(hub) as server:
        kind, said = server.append("INBOX", None, None, (text + "\r\n" + body + "\r\n").encode())
        assert kind == "OK", said


def count(hub, folder):
    with mailbox(hub) as server:
        return int(server.select(f'"{folder}"', readonly=True)[1][0])


def emptied(hub):
    eventually(lambda: count(hub, "INBOX") == 0, 60, every=0.5, why="an empty INBOX")


def submissions(hub):
    rows = hub.sql("SELECT receipt, state, size FROM record.submission WHERE channel = 'email' ORDER BY receipt")
    return [line.split("|") for line in rows.splitlines()]


def test_a_mail_is_kept_for_staff_moved_away_and_answered_with_nothing_of_it(hub):
    before = count(hub, "Handled by hub")
    mail(hub)
    emptied(hub)
    assert count(hub, "Handled by hub") == before + 1
    receipt, state, _ = submissions(hub)[-1]
    assert state == "quarantined"
    [item] = [item for item in hub.work_items() if receipt in item["about"]]
    assert (item["kind"], item["code"], item["partner"]) == ("quarantined", "media_type", "email")
    # Sealed, and nowhere in clear.
    assert "Secret Street" not in hub.dump() and "writer@example.org" not in hub.dump()
    log = (hub.home / "hub.log").read_text()
    assert "Secret Street" not in log and "writer@" not in log and "-secret" not in log
    [(sender, answer)] = hub.outbox.to("writer@example.org")
    text = answer.get_content()
    assert PORTAL in text and "999" in text and "Derby Local Area Co-ordination" in text
    # RFC 3834: from nobody, marked as automatic, bound to what it answers, and nothing quoted.
    assert sender == "<>"
    assert answer["Auto-Submitted"] == "auto-replied" and answer["In-Reply-To"] == "<1@example.org>"
    assert answer["From"].addresses[0].addr_spec == OURS and answer["Date"].datetime
    for quoted in "Secret Street", "Somebody I worry about", "A Writer":
        assert quoted not in answer.as_string() and quoted not in text


def notice(hub, share, action="failed", status="5.1.1", domain="derby.example"):
    """A mail server's word about a share's mail, as Postfix writes it."""
    body = f"""--b
Content-Type: text/plain

I could not deliver your mail.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Sat, 28 Nov 2026 10:00:05 +0000

Final-Recipient: rfc822; refer@homes.example
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

Subject: OFFICIAL-SENSITIVE LAC {share}
Message-ID: <{share}@{domain}>

--b--""".replace("\n", "\r\n")
    mail(hub, body=body, sender="MAILER-DAEMON@relay.example", Return_Path="<>", Message_ID=f"<{action}{status}@relay.example>",
         Content_Type="multipart/report; report-type=delivery-status; boundary=b")
    emptied(hub)


def test_a_notice_about_a_mail_of_ours_is_told_at_its_share(hub):
    hub.subject = hub.person()
    hub.agree(hub.subject, ("derby_homes", "housing_support"))
    shares = [hub.share(hub.subject, "derby_homes", "housing_support")["share_id"] for _ in range(2)]
    for share in shares:
        eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    # The notice goes by the id that the relay was handed.
    handed = [message["Message-ID"] for _, message in hub.outbox.to("refer@homes.example")]
    assert sorted(handed) == sorted(f"<{share}@derby.example>" for share in shares)
    kept, done = len(submissions(hub)), count(hub, "Handled by hub")
    notice(hub, shares[0], "delayed", "4.4.1")
    notice(hub, shares[0], "relayed", "2.0.0")
    assert hub.share_state(shares[0]) == "delivered"
    notice(hub, shares[0])
    trace = hub.hub("trace", shares[0])
    assert trace.count("mail_delayed") == 1 and trace.count("mail_relayed") == 1
    assert hub.staff("GET", f"/v1/shares/{shares[0]}").json()["failure"] == "mail_5_1_1"
    assert [(item["kind"], item["code"]) for item in hub.work_items() if shares[0] in item["about"]] == [
        ("failed_share", "mail_5_1_1")]
    # The other share is none of its business, and nothing was kept for staff to read; the mails were moved away.
    assert hub.share_state(shares[1]) == "delivered" and len(submissions(hub)) == kept
    assert count(hub, "Handled by hub") == done + 3
    # About a mail that was not sent: kept as any other.
    notice(hub, "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f")
    notice(hub, shares[1], domain="elsewhere.example")
    assert len(submissions(hub)) == kept + 2 and hub.share_state(shares[1]) == "delivered"
    assert not hub.outbox.to("MAILER-DAEMON@relay.example")
    hub.hub("ledger", "verify")


def test_a_second_mail_of_a_day_is_kept_and_not_answered(hub):
    mail(hub, sender="Twice <twice@example.org>", body="one")
    emptied(hub)
    before = len(submissions(hub))
    mail(hub, sender="twice@Example.org", body="two")
    emptied(hub)
    assert len(submissions(hub)) == before + 1
    assert len([to for _, to, _ in hub.outbox.messages if to[0].lower() == "twice@example.org"]) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"},
        {"Return_Path": "<>"}, {"List_Id": "<neighbours.example.org>"}, {"List_Unsubscribe": "<mailto:x@example.org>"},
        {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"},
        {"X_Auto_Response_Suppress": "All"}, {"sender": "MAILER-DAEMON@example.org"}, {"sender": "no-reply@example.org"},
        {"sender": OURS}, {"sender": "nobody"}, {"sender": None}, {"sender": "a@b@example.org"},
        {"sender": "<x@example.org\r\n Bcc: <y@example.org>>"}, {"sender": "\"a b\"@example.org"},
        {"sender": "x@example.org>\r\n RCPT TO:<y@example.org"},
    ],
    ids=str,
)
def test_what_a_machine_wrote_or_nobody_is_kept_and_not_answered(hub, fields, request):
    before, sent = len(submissions(hub)), len(hub.outbox.messages)
    fields = {"sender": f"loop{abs(hash(str(fields)))}@example.org", **fields}
    mail(hub, body=request.node.name, **fields)
    emptied(hub)
    assert len(submissions(hub)) == before + 1
    assert len(hub.outbox.messages) == sent


def test_the_answer_goes_to_the_return_path(hub):
    mail(hub, sender="author@example.org", Return_Path="<path@example.org>", body="return path")
    emptied(hub)
    assert len(hub.outbox.to("path@example.org")) == 1 and not hub.outbox.to("author@example.org")


def test_of_a_mail_that_is_too_large_only_the_header_is_kept(hub):
    mail(hub, sender="large@example.org", body="x" * 998 + ("\r\n" + "x" * 998) * 17_000)
    emptied(hub)
    receipt, state, size = submissions(hub)[-1]
    assert state == "quarantined" and int(size) < 10_000
    assert [item["code"] for item in hub.work_items() if receipt in item["about"]] == ["too_large"]
    assert len(hub.outbox.to("large@example.org")) == 1


@pytest.mark.parametrize("body", [b"", b"\x01\xff\x7f", b"From: \xff\xfe\r\nFrom: twice", b"\r\n" * 10], ids=str)
def test_what_is_no_mail_is_taken_all_the_same(hub, body):
    before = len(submissions(hub))
    with mailbox(hub) as server:
        kind, said = server.append("INBOX", None, None, b"X-Test: 1\r\n" + body)
        assert kind == "OK", said
    emptied(hub)
    assert len(submissions(hub)) == before + 1


def test_while_no_answer_can_be_sent_a_mail_stays_and_is_answered_once_in_the_end(hub):
    hub.outbox.refusal = "451 later"
    before = len(submissions(hub))
    mail(hub, sender="patient@example.org", body="later")
    eventually(lambda: len(submissions(hub)) == before + 1, 60, why="the mail")
    eventually(lambda: "an e-mail cannot be answered now" in (hub.home / "hub.log").read_text(), 60, why="the refusal")
    assert count(hub, "INBOX") == 1
    # Others are not held up.
    hub.outbox.refusal = None
    emptied(hub)
    assert len(submissions(hub)) == before + 1 and len(hub.outbox.to("patient@example.org")) == 1


def test_who_is_refused_for_good_is_not_tried_again(hub):
    hub.outbox.refusal = "550 unknown"
    mail(hub, sender="gone@example.org", body="gone")
    emptied(hub)
    hub.outbox.refusal = None
    assert not hub.outbox.to("gone@example.org")


def test_a_mail_that_cannot_be_moved_is_kept_once_and_answered_once(hub):
    with mailbox(hub) as server:
        server.rename('"Handled by hub"', '"Elsewhere"')
    before = len(submissions(hub))
    mail(hub, sender="stuck@example.org", body="stuck")
    eventually(lambda: len(submissions(hub)) == before + 1, 60, why="the mail")
    eventually(lambda: "the mailbox cannot be read" in (hub.home / "hub.log").read_text(), 60, why="the trouble")
    assert "mail.imap: command_refused" in hub.hub("doctor", check=False).stdout
    assert count(hub, "INBOX") == 1
    with mailbox(hub) as server:
        server.rename('"Elsewhere"', '"Handled by hub"')
    emptied(hub)
    assert len(submissions(hub)) == before + 1 and len(hub.outbox.to("stuck@example.org")) == 1


@pytest.mark.parametrize(
    ("was", "wrong", "says"),
    [("ca: certificates/ca.pem\n  interval", "interval", "tls_failed"), ("user: lac", "user: lac\n  folder: Nowhere", "mail."),
     ("imaps://localhost", "imaps://127.0.0.2", "mail.imap")],
    ids=["unknown authority", "no such folder", "nobody there"],
)
def test_the_doctor_says_what_is_wrong_with_a_mailbox(hub, was, wrong, says):
    assert "mail." not in hub.hub("doctor", check=False).stdout
    configuration = hub.home / "hub.yaml"
    before = configuration.read_text()
    assert was in before
    configuration.write_text(before.replace(was, wrong))
    try:
        assert says in hub.hub("doctor", check=False).stdout
    finally:
        configuration.write_text(before)
