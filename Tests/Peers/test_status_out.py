"""A running hub tells referrers' own systems what became of their referrals: over HTTPS to a Python server that wants a
client certificate and a signature, and by MESH through NHS England's sandbox."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import pathlib
import shutil
import sys
import tempfile

import pytest
import requests
from mesh_client import MeshClient

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, Installation, eventually, hl7
from secure_server import SecureServer

SECRET = bytes(range(32))
AGREED = {"outcome": "taken_on", "agreed_on": "2026-01-05"}


class Referrer(SecureServer):
    """A referrer's interface for status messages: what it was told, in order, and what it answers next."""

    def __init__(self, certificates):
        super().__init__(certificates, Told)
        self.told, self.attempts, self.answers, self.differing = {}, [], [], []
        self.start()


class Told(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        id, at = self.headers["Idempotency-Key"], self.headers["webhook-timestamp"]
        code = hmac.new(SECRET, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        self.server.attempts.append(id)
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if self.headers["webhook-signature"] != f"v1,{base64.b64encode(code).decode()}":
            answer = 403
        if answer == "lost":
            # Taken, and the answer never comes.
            self.server.told.setdefault(id, body)
            self.close_connection = True
            return
        if answer == 204 and self.server.told.setdefault(id, body) != body:
            self.server.differing.append(id)
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    (home / "secrets/signing").write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    referrer = Referrer(home / "certificates")
    mesh = (
        f"url: https://localhost:{installation.mesh_port}, password: file:secrets/mesh-password, "
        "shared_key: file:secrets/mesh-shared-key, ca: certificates/ca.pem, certificate: certificates/hub.pem, "
        "key: certificates/hub.key"
    )
    with open(home / "hub.yaml", "a") as configuration:
        configuration.write(f"""status:
  uhdb:
    https:
      url: https://localhost:{referrer.port}/referral-status
      ca: certificates/ca.pem
      certificate: certificates/hub.pem
      key: certificates/hub.key
      timeout: 3
      signing_secret: file:secrets/signing
  derby_homes:
    mesh: {{ mailbox: DERBYLAC01, to: GPLOCAL01, workflow: LAC_REFERRAL_STATUS, timeout: 5, {mesh} }}
mesh:
  DERBYLAC01: {{ interval: 1, {mesh}, senders: [{{ mailbox: RTGLOCAL1, workflow: LAC_REFERRAL, partner: uhdb }}] }}
""")
    try:
        installation.start_mesh()
        for partner in "uhdb", "derby_homes":
            installation.partner(partner)
        installation.partner("workers", kind="staff")
        installation.start()
        installation.referrer = referrer
        yield installation
    finally:
        referrer.stop()
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def referred(hub, id):
    """A referral of the trust: its receipt and its id."""
    receipt = hub.post("uhdb", hl7(id), "application/hl7-v2").json()["receipt_id"]
    return receipt, hub.worked_on(receipt)["referrals"][0]["referral_id"]


def say(hub, referral, body):
    answer = hub.staff("POST", f"/v1/referrals/{referral}/outcome", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(hub, receipt):
    """What the referrer was told about one submission, in order."""
    return [json.loads(body) for body in hub.referrer.told.values() if receipt in body.decode()]


def states(hub, receipt):
    """What the ledger has of telling, in order."""
    lines = [line for line in hub.hub("trace", receipt).splitlines() if "referral_outcome" in line]
    return [word.removeprefix("state=") for line in lines for word in line.split() if word.startswith("state=")]


def test_a_referrer_is_told_what_became_of_its_referral_once(hub):
    receipt, referral = referred(hub, "STATUS1")
    assert say(hub, referral, AGREED)["told"] == "may_be_told"
    [message] = eventually(lambda: told(hub, receipt), why="the status message")
    assert message.pop("at")
    assert message == {"message_id": "STATUS1", "receipt_id": receipt, "index": 0, "status": "taken_on"}
    eventually(lambda: states(hub, receipt) == ["may_be_told", "told", "delivered"], why="the ledger")
    assert hub.receipt(receipt)["outcomes"][0]["told"] == "told"
    # The same once more is nothing new; another is.
    say(hub, referral, AGREED)
    say(hub, referral, {"outcome": "closed", "code": "CMP", "agreed_on": "2026-01-05"})
    eventually(lambda: len(told(hub, receipt)) == 2, why="the second status message")
    assert (told(hub, receipt)[1]["status"], told(hub, receipt)[1]["code"]) == ("closed", "CMP")
    eventually(lambda: states(hub, receipt)[3:] == ["may_be_told", "told", "delivered"], why="the ledger")
    assert len([id for id in hub.referrer.attempts if receipt in id]) == 2
    hub.hub("ledger", "verify")
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text
    assert 'hub_status_messages_total{outcome="delivered"}' in figures
    assert "TESTER" not in hub.referrer.told[hub.referrer.attempts[-1]].decode().upper()


def test_without_the_persons_agreement_nothing_is_sent(hub):
    receipt, referral = referred(hub, "STATUS2")
    assert say(hub, referral, {"outcome": "taken_on"})["told"] == "withheld"
    # Whatever would have been sent goes before this.
    other, last = referred(hub, "STATUS3")
    say(hub, last, AGREED)
    eventually(lambda: told(hub, other), why="the other's message")
    assert told(hub, receipt) == [] and "told" not in states(hub, receipt)
    # Once the person agrees, it goes.
    say(hub, referral, AGREED)
    eventually(lambda: told(hub, receipt), why="the status message")


def paused(hub):
    """While it runs, nothing is sent to the trust."""
    @contextlib.contextmanager
    def pausing():
        hub.hub("queue", "pause", "status.uhdb", "--reason", "a test")
        try:
            yield
        finally:
            hub.hub("queue", "resume", "status.uhdb")

    return pausing()


def emptied(hub):
    def is_empty():
        rows = map(json.loads, hub.hub("queue", "list", "--json").splitlines())
        row = next(row for row in rows if row["queue"] == "status.uhdb")
        return row["ready"] == row["leased"] == row["delayed"] == 0

    eventually(is_empty, why="the queue")


def test_one_message_waits_for_each_outcome_and_what_has_changed_meanwhile_is_not_told(hub):
    receipt, referral = referred(hub, "STATUS4")
    with paused(hub):
        for _ in range(2):
            assert say(hub, referral, AGREED)["told"] == "may_be_told"
        for _ in range(2):
            say(hub, referral, {"outcome": "not_taken_on", "code": "DUP", "agreed_on": "2026-01-05"})
    emptied(hub)
    eventually(lambda: told(hub, receipt), why="the status message")
    assert [message["status"] for message in told(hub, receipt)] == ["not_taken_on"]
    assert len([id for id in hub.referrer.attempts if receipt in id]) == 1


def test_what_is_forbidden_while_it_waits_is_withheld_on_the_ledger_until_staff_set_it_again(hub):
    receipt, referral = referred(hub, "STATUS5")
    person = hub.receipt(receipt)["referrals"][0]["person_id"]

    def object_to(*what):
        changed = hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"objections": list(what)})
        assert changed.status_code == 200, changed.text

    try:
        with paused(hub):
            assert say(hub, referral, AGREED)["told"] == "may_be_told"
            # Read at the receipt meanwhile, it is sent all the same.
            requests.get(f"{hub.url}/v1/receipts/{receipt}", headers=hub.authorised("uhdb"), timeout=10)
            object_to("all")
        emptied(hub)
        assert told(hub, receipt) == [] and states(hub, receipt) == ["may_be_told", "told", "withheld"]
    finally:
        object_to()
    say(hub, referral, AGREED)
    eventually(lambda: told(hub, receipt), why="the status message")
    eventually(lambda: states(hub, receipt)[3:] == ["told", "delivered"], why="the ledger")


def test_a_message_whose_answer_is_lost_goes_again_under_its_id_and_a_refusal_is_shown_to_staff(hub):
    hub.referrer.answers = [429, "lost"]
    receipt, referral = referred(hub, "STATUS6")
    say(hub, referral, AGREED)
    eventually(lambda: states(hub, receipt)[-1] == "delivered", 60, why="delivery")
    assert states(hub, receipt) == ["may_be_told", "told", "retry", "told", "unknown", "told", "delivered"]
    ids = [id for id in hub.referrer.attempts if receipt in id]
    assert len(ids) == 3 and len(set(ids)) == 1 and len(told(hub, receipt)) == 1 and hub.referrer.differing == []

    hub.referrer.answers = [422]
    receipt, referral = referred(hub, "STATUS7")
    say(hub, referral, AGREED)

    def items():
        return [item for item in hub.work_items() if item["kind"] == "dead_letter" and receipt in item["about"]]

    [item] = eventually(items, 60, why="the work item")
    assert item["code"] == "http_422"
    hub.hub("queue", "replay", "status.uhdb", "--cause", "http_422")
    eventually(lambda: states(hub, receipt)[-1] == "delivered", 60, why="delivery")
    hub.hub("ledger", "verify")


def test_a_referrer_is_told_by_mesh(hub):
    body = json.loads((PROJECT / "adapters/derby_homes/samples/in/tenant.json").read_text())
    body["message_id"] = "homes-1"
    receipt = hub.post("derby_homes", json.dumps(body), "application/json").json()["receipt_id"]
    referral = hub.worked_on(receipt)["referrals"][0]["referral_id"]
    say(hub, referral, AGREED)
    eventually(lambda: states(hub, receipt)[-1] == "delivered", 60, why="delivery")
    own = hub.home / "certificates"
    with MeshClient(
        f"https://localhost:{hub.mesh_port}", "GPLOCAL01", "password", shared_key=b"TestKey",
        cert=(str(own / "trust.pem"), str(own / "trust.key")), verify=str(own / "ca.pem"),
    ) as client:
        [id] = client.list_messages()
        found = client.retrieve_message(id)
        assert found.workflow_id == "LAC_REFERRAL_STATUS" and found.local_id.startswith(f"status-{receipt}-0-")
        message = json.loads(found.read())
        found.acknowledge()
    assert (message["message_id"], message["receipt_id"], message["status"]) == ("homes-1", receipt, "taken_on")
    # MESH reports that it was never fetched: staff see that.
    made = requests.post(
        f"https://localhost:{hub.mesh_port}/messageexchange/admin/report", verify=str(own / "ca.pem"), timeout=30,
        cert=(str(own / "hub.pem"), str(own / "hub.key")),
        json={"mailbox_id": "DERBYLAC01", "status": "undeliverable", "code": "14", "description": "not collected",
              "workflow_id": "LAC_REFERRAL_STATUS", "subject": "NDR", "local_id": found.local_id,
              "file_name": "report.dat", "linked_message_id": id})
    assert made.status_code == 200, made.text

    def items():
        return [(item["kind"], item["code"]) for item in hub.work_items() if receipt in item["about"]]

    eventually(lambda: ("undelivered_answer", "mesh_14") in items(), 60, why="the work item")
    assert states(hub, receipt)[-1] == "returned"
    # Set once more, it goes once more.
    say(hub, referral, AGREED)
    eventually(lambda: states(hub, receipt)[-2:] == ["told", "delivered"], 60, why="delivery")


def test_the_way_is_tried_without_personal_data_and_the_doctor_knows_it(hub):
    run = hub.hub("partner", "test", "derby_homes", "--json", check=False)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["outcome"] for row in rows if row["channel"] == "status" and "handshake" in row["step"]] == ["passed"]
    before = len(hub.referrer.attempts)
    run = hub.hub("partner", "test", "uhdb", "--json", check=False)
    rows = {row["step"]: row for row in map(json.loads, run.stdout.splitlines()) if row["channel"] == "status"}
    assert rows["certificate"]["outcome"] == "passed" and len(hub.referrer.attempts) == before
    hub.hub("partner", "disable", "derby_homes")
    try:
        assert "derby_homes has a way in `status`, but is no enabled partner" in hub.hub("doctor", check=False).stdout
    finally:
        hub.hub("partner", "enable", "derby_homes")


@pytest.mark.parametrize(("way", "problem"), [
    ("{}", "needs https or mesh, and not both"),
    ("{ https: { url: https://localhost:1/ }, mesh: {} }", "needs https or mesh, and not both"),
    ("{ sftp: {} }", "is not known here"),
    ("{ https: { url: http://localhost:1/ } }", "status.uhdb"),
    ("{ mesh: { url: https://localhost:1, mailbox: A, to: B, workflows: { x: Y }, password: env:A, shared_key: env:B } }",
     "status.uhdb.mesh.workflows has no meaning here"),
])
def test_a_way_that_cannot_be_used_keeps_the_hub_from_starting(hub, way, problem, tmp_path):
    file = tmp_path / "hub.yaml"
    text = (hub.home / "hub.yaml").read_text()
    head, rest = text.split("status:\n")
    file.write_text(head.replace("data: data", f"data: {hub.home}/data").replace("certificates/", f"{hub.home}/certificates/")
                    .replace("file:secrets", f"file:{hub.home}/secrets") + f"status: {{ uhdb: {way} }}\n")
    run = hub.hub("partner", "list", "--config", file, check=False)
    assert run.returncode == 78 and problem in run.stderr, run.stderr
