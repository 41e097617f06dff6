"""One running hub and every partner it sends to: asked through the API, delivered to the partner's own kind of server,
acknowledged in the partner's own way, on the ledger, and told by `hub trace`.
"""

import concurrent.futures
import hashlib
import http.server
import json
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import HUB, PROJECT, UVICORN, Installation, Process, eventually, free_port, wait_for_port
from mail_certificates import issue, mail_authority, openssl
from mail_relay import Relay
from openssh import Server, endpoint
from secure_server import SecureServer

HTTPS, MESH, SFTP, SMIME = "https_mtls", "mesh", "sftp", "smime_email"
# Recipient, purpose, channel, how the partner says that it has it.
BY_AGREEMENT = [
    ("uhdb", "care_support", MESH, "reply"),
    ("dhcft", "care_support", MESH, "reply"),
    ("dchs", "care_support", MESH, "reply"),
    ("emas", "care_support", MESH, "mesh_tracking"),
    ("emas", "support_referral", MESH, "mesh_tracking"),
    ("gp:C81001", "care_support", MESH, "reply"),
    ("derbys_police", "support_referral", SFTP, "fetched"),
    ("derbys_fire", "support_referral", HTTPS, None),
    ("derby_yos", "support_referral", HTTPS, None),
    ("derby_homes", "housing_support", HTTPS, None),
    ("dwp_jcp", "support_referral", SMIME, "manual"),
    ("dwp_jcp", "benefits_support", SMIME, "manual"),
    ("council_derby_advice", "benefits_support", HTTPS, None),
    ("council_hctb", "benefits_support", HTTPS, None),
    ("council_hctb", "housing_support", HTTPS, None),
    ("council_asc", "care_support", HTTPS, None),
    ("care_provider:example_care", "care_support", HTTPS, None),
    ("equipment_provider:example_aids", "care_support", HTTPS, None),
    ("health_professional:C1234567", "care_support", SMIME, "manual"),
]
# What rests on a law: a second named person approves.
BY_LAW = [
    ("council_asc", "safeguarding", HTTPS, None),
    ("council_childrens", "safeguarding", HTTPS, None),
    ("uhdb", "safeguarding", MESH, "mesh_tracking"),
    ("dhcft", "safeguarding", MESH, "mesh_tracking"),
    ("dchs", "safeguarding", MESH, "mesh_tracking"),
    ("derbys_police", "safeguarding", SFTP, "fetched"),
    ("council_audit", "fraud_prevention", HTTPS, None),
    ("cabinet_office", "fraud_prevention", SMIME, "manual"),
    ("cabinet_office", "legal_statutory", SMIME, "manual"),
    ("court_of_protection", "legal_statutory", SMIME, "manual"),
]
MAILBOXES = {
    "uhdb": "RTGLOCAL1", "dhcft": "RXMLOCAL1", "dchs": "RY8LOCAL1", "emas": "RX9LOCAL1",
    "gp": "GPPROVIDER_9990000018_02011950_TESTER",
}
ENTERED = """entered:
- { id: care_provider:example_care, as: member, name: Example Care, from: 2026-01-01, until: open, entered_by: tests, entered_on: 2026-01-01 }
- { id: equipment_provider:example_aids, as: member, name: Example Aids, from: 2026-01-01, until: open, entered_by: tests, entered_on: 2026-01-01 }
"""


class Receiver(SecureServer):
    """Partners' interfaces behind client certificates, one path each; takes JSON under an idempotency key."""

    def __init__(self, certificates):
        super().__init__(certificates, Request)
        self.taken = {}
        self.start()


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        json.loads(body)
        self.server.taken.setdefault((self.path.strip("/"), key), []).append(body)
        answer = json.dumps({"reference": f"REF-{key[-6:]}", "status": "received"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Everybody:
    """A hub that is set up for all of its partners, with a server for each channel."""

    def __init__(self, home):
        self.hub = hub = Installation(home, outbound=False, partners=[("uhdb", "partner"), ("gp", "partner"), ("workers", "staff")])
        self.home, self.folder = pathlib.Path(home), pathlib.Path(home) / "certificates"
        hub.hub("simulate", "certificates", "--folder", self.folder)
        self.receiver = Receiver(self.folder)
        self.relay_port = free_port()
        self.relay = Relay(self.folder / "server", self.relay_port, tls="starttls")
        self.relay.start()
        (self.home / "police").mkdir()
        self.police = Server(self.home / "police").start()
        mail_authority(self.folder)
        issue(self.folder, "own", "lac@derby.example")
        self.mesh = Process(
            [HUB, "simulate", "mesh", "--port", str(hub.mesh_port), "--folder", str(self.home / "mesh"), "--uvicorn", UVICORN,
             "--certificates", str(self.folder), "--shared-key-file", str(self.home / "secrets/mesh-shared-key"),
             "--mailboxes", ",".join(["DERBYLAC01", *MAILBOXES.values()])],
            self.home / "mesh.log",
        ).start()
        hub.others.append(self.mesh)
        wait_for_port(hub.mesh_port)
        self.configure()
        hub.start()
        self.person = hub.person()
        hub.agree(self.person, *((recipient, purpose) for recipient, purpose, *_ in BY_AGREEMENT))

    def configure(self):
        policy = (PROJECT / "Sources/Disclosure/Policies/notice-1.yaml").read_text()
        assert "entered: []\n" in policy and "version: notice-1.rules-1\n" in policy
        (self.home / "policy").mkdir()
        (self.home / "policy/rules.yaml").write_text(
            policy.replace("entered: []\n", ENTERED).replace("notice-1.rules-1", "notice-1.rules-2"))
        ways = {}
        for recipient, _, channel, _ in BY_AGREEMENT + BY_LAW:
            ways[recipient] = channel
        lines = ["policy: policy/rules.yaml", "outbound:"]
        for recipient, channel in ways.items():
            name = "gp" if recipient.startswith("gp:") else recipient
            lines.append(f"  '{name}': {{ {self.way(name, channel)} }}")
        configuration = self.home / "hub.yaml"
        text = configuration.read_text().replace("{ id: derby_lac,", "{ id: derby_lac, ods: X99999,")
        own = f"ca: {self.folder}/ca.pem, certificate: {self.folder}/hub.pem, key: {self.folder}/hub.key"
        mesh = (
            f"mesh: {{ DERBYLAC01: {{ url: 'https://localhost:{self.hub.mesh_port}', "
            f"password: 'file:secrets/mesh-password', shared_key: 'file:secrets/mesh-shared-key', {own}, "
            "interval: 1, senders: [ { mailbox: '*', workflow: GPFED_CONSULT_REPORT_ACK, partner: gp } ] } }\n"
        )
        configuration.write_text(text + mesh + "\n".join(lines) + "\n")

    def way(self, name, channel):
        tls = f"ca: {self.folder}/ca.pem, certificate: {self.folder}/hub.pem, key: {self.folder}/hub.key, timeout: 20"
        if channel == HTTPS:
            return f"https: {{ url: 'https://localhost:{self.receiver.port}/{name.replace(':', '-')}', {tls} }}"
        if channel == MESH:
            to, workflows = MAILBOXES[name], f"{{ {name}_referral: LAC_REFERRAL, {name}_concern: LAC_CONCERN }}"
            if name == "gp":
                to, workflows = "GPPROVIDER", "{ gp_send_document: GPFED_CONSULT_REPORT }"
            if name == "emas":
                workflows = "{ emas_support: LAC_SUPPORT }"
            return (
                f"mesh: {{ url: 'https://localhost:{self.hub.mesh_port}', mailbox: DERBYLAC01, to: {to}, workflows: {workflows}, "
                f"password: 'file:secrets/mesh-password', shared_key: 'file:secrets/mesh-shared-key', {tls} }}"
            )
        if channel == SFTP:
            return endpoint(self.police).removeprefix("{ ").removesuffix(" }")
        stem = name.replace(":", "-")
        issue(self.folder, stem, f"{stem.lower()}@partner.example")
        return (
            f"smime_email: {{ smtp: 'smtp://localhost:{self.relay_port}', ca: {self.folder}/ca.pem, from: lac@derby.example, "
            f"to: {stem.lower()}@partner.example, timeout: 20, certificate: {self.folder}/{stem}.pem, "
            f"authorities: {self.folder}/mail-ca.pem, "
            f"sign: {{ certificate: {self.folder}/own.pem, key: {self.folder}/own.key }} }}"
        )

    # What the partners do.

    def mailbox(self, name):
        """NHS England's own client, in a partner's mailbox."""
        from mesh_client import MeshClient

        return MeshClient(
            f"https://localhost:{self.hub.mesh_port}", name, "password", shared_key=b"TestKey",
            cert=(str(self.folder / "trust.pem"), str(self.folder / "trust.key")), verify=str(self.folder / "ca.pem"))

    def sent(self, mailbox, workflow, body):
        with self.mailbox(mailbox) as client:
            client.send_message("DERBYLAC01", body, workflow_id=workflow)

    def collected(self, mailbox):
        """The messages of a partner's mailbox, which it fetches and acknowledges to MESH."""
        with self.mailbox(mailbox) as client:
            bodies = []
            for message in client.iterate_all_messages():
                bodies.append((message.local_id, message.read()))
                message.acknowledge()
            return bodies

    def mails(self):
        """Every mail that came, decrypted by its mailbox's own key: (mailbox, the share's id, what is inside)."""
        found = []
        for _, [to], content in self.relay.mails:
            stem = next(path.stem for path in self.folder.glob("*.pem") if path.stem.lower() == to.split("@")[0])
            (self.home / "mail.eml").write_bytes(content)
            openssl(
                "cms", "-decrypt", "-in", self.home / "mail.eml", "-recip", self.folder / f"{stem}.pem",
                "-inkey", self.folder / f"{stem}.key", "-out", self.home / "signed.eml",
            )
            inside = openssl(
                "cms", "-verify", "-binary", "-in", self.home / "signed.eml", "-CAfile", self.folder / "mail-ca.pem")
            found.append((to, content.decode(errors="replace"), inside))
        return found

    def close(self):
        self.hub.close()
        self.receiver.stop()
        self.relay.stop()
        self.police.stop()


@pytest.fixture(scope="module")
def everybody():
    home = tempfile.mkdtemp(prefix="hub-")
    made = Everybody(home)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(home, ignore_errors=True)


def asked(hub, person, recipient, purpose):
    """The share, approved where a second person must."""
    body = {"person_id": person, "recipient": recipient, "purpose": purpose}
    if (recipient, purpose) in {row[:2] for row in BY_LAW}:
        body |= {"requested_by": "coordinator-3", "authority_ref": "ORDER-2026-17"}
        if purpose == "legal_statutory":
            body["ordered_groups"] = ["NAME", "DOB", "ADDRESS", "SERVICE"]
    answer = hub.staff("POST", "/v1/shares", body)
    assert answer.status_code == 201, (recipient, purpose, answer.text)
    share = answer.json()
    if share["state"] == "parked":
        approval = hub.staff(
            "POST", f"/v1/shares/{share['share_id']}/approvals",
            {"role": "officer", "verdict": "approve", "approved_by": "officer-7", "name": "Pat Officer", "reason": "As ordered"})
        assert approval.status_code == 200, (recipient, purpose, approval.text)
        share = approval.json()
    assert share["state"] == "queued", (recipient, purpose, share)
    return share["share_id"]


def rri(reference, sender):
    return (
        f"MSH|^~\\&|PAS|{sender}|LACHUB|X99999|20261123101500+0000||RRI^I12^RRI_I12|R{reference}|P|2.4|||AL|NE|GBR\r"
        f"MSA|AA|X1\rRF1|A|||||{reference}^X99999\rPRD|RT^Referred to Provider^HL70286|||||||{sender}\r"
        "PID|1||9990000018^^^NHS^NH||TESTER^ANNE||19500102|2\r"
    )


def acknowledge(everybody, share, recipient, how):
    """Does what this partner does once it has the document; the hub has not looked yet when it returns."""
    hub = everybody.hub
    if recipient.startswith("gp:"):
        # The practice's own system, from whatever mailbox MESH gave it.
        reply = (PROJECT / "adapters/gp/samples/in/reply-business.xml").read_text()
        sample = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f"
        reply = reply.replace(sample, share).replace(sample.upper(), share.upper())
        everybody.sent(MAILBOXES["gp"], "GPFED_CONSULT_REPORT_ACK", reply.encode())
    elif how == "reply":
        hub.partner(recipient)
        short = share.replace("-", "").upper()[-20:]
        ods = {"uhdb": "RTG", "dhcft": "RXM", "dchs": "RY8"}[recipient]
        answer = hub.post(recipient, rri(short, ods), "application/hl7-v2")
        assert answer.status_code in (200, 202), answer.text
    elif how == "manual":
        told = hub.staff("POST", f"/v1/shares/{share}/acknowledgements", {"verdict": "taken", "requested_by": "lac-7"})
        assert told.status_code == 200, told.text


def test_each_partner_gets_its_document_in_its_own_form_and_all_of_it_is_told(everybody):
    hub, rows = everybody.hub, BY_AGREEMENT + BY_LAW
    shares = {(row[0], row[1]): asked(hub, everybody.person, *row[:2]) for row in rows}
    for (recipient, purpose), share in shares.items():
        eventually(
            lambda: hub.share_state(share) in ("delivered", "failed"), 120, why=f"the end of {recipient} {purpose}")
        detail = hub.staff("GET", f"/v1/shares/{share}").json()
        assert detail["state"] == "delivered", (recipient, purpose, detail)

    # What each of them holds in its hands.
    boxes = {name: everybody.collected(mailbox) for name, mailbox in MAILBOXES.items()}
    mails = everybody.mails()
    for recipient, purpose, channel, _ in rows:
        share = shares[recipient, purpose]
        if channel == HTTPS:
            [body] = everybody.receiver.taken[recipient.replace(":", "-"), share]
            assert b"TESTER" in body.upper(), recipient
        elif channel == MESH:
            [body] = [body for id, body in boxes[recipient.split(":")[0]] if id == share]
            assert b"TESTER" in body.upper(), recipient
        elif channel == SFTP:
            names = [name for name in everybody.police.names() if purpose.upper() in name]
            [name] = [name for name in names if not name.endswith((".sha256", ".done"))]
            body = (everybody.police.files / name).read_bytes()
            assert (everybody.police.files / f"{name}.sha256").read_text().split()[0] == hashlib.sha256(body).hexdigest()
            (everybody.police.receipts / f"{name}.rcv").touch()
        else:
            to = recipient.replace(":", "-").lower() + "@partner.example"
            [inside] = [inside for mailbox, outside, inside in mails if mailbox == to and share in outside]
            assert inside

    for recipient, purpose, _, how in rows:
        acknowledge(everybody, shares[recipient, purpose], recipient, how)
    for (recipient, purpose, _, how), share in zip(rows, shares.values()):
        if how:
            told = eventually(
                lambda: (a := hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"])["state"] != "waiting" and a,
                90, why=f"the acknowledgement of {recipient} {purpose}")
            assert told["state"] == "taken", (recipient, purpose, told)
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        traces = dict(zip(shares.values(), threads.map(lambda share: hub.hub("trace", share), shares.values())))
    for (recipient, purpose, channel, how), share in zip(rows, shares.values()):
        for step in ("share_requested", "release_outcome", *["share_acknowledged"] * bool(how)):
            assert step in traces[share], (recipient, purpose, step, traces[share])
        print(f"{recipient:32} {purpose:18} {channel:12} delivered  acknowledged: {how or 'by the transport'}")
    assert "holds" in hub.hub("ledger", "verify")
    # Nothing of the person stands where it must not.
    assert "TESTER" not in (hub.home / "hub.log").read_text().upper()
