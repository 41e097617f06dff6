"""A running hub collects its MESH mailbox; partners send with NHS England's own client, through its sandbox."""

import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import uuid

import pytest
import requests
from mesh_client import MeshClient

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from gateway import Gateway
from installation import PROJECT, Installation, eventually, free_port, hl7

ACKNOWLEDGED = "LAC_REFERRAL"
SILENT = "LAC_SILENT"
REPLIES = "GPFED_CONSULT_REPORT_ACK"
OPEN = "LAC_OPEN"
PRACTICE = "GPPROVIDER_9990000042_04051960_PATIENT"


@pytest.fixture(scope="module")
def hub():
    """A running hub that sends from and collects one mailbox, with a gateway between it and the sandbox."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    with open(home / "hub.yaml", "a") as configuration:
        configuration.write(
            f"""mesh:
  DERBYLAC01:
    url: https://localhost:{installation.mesh_port}
    password: file:secrets/mesh-password
    shared_key: file:secrets/mesh-shared-key
    ca: certificates/ca.pem
    certificate: certificates/hub.pem
    key: certificates/hub.key
    interval: 1
    senders:
      - {{ mailbox: RTGLOCAL1, workflow: {ACKNOWLEDGED}, partner: uhdb, acknowledgement: {ACKNOWLEDGED}_ACK }}
      - {{ mailbox: RTGLOCAL1, workflow: {SILENT}, partner: uhdb }}
      - {{ mailbox: "*", workflow: {REPLIES}, partner: gp }}
      - {{ mailbox: "*", workflow: {OPEN}, partner: uhdb }}
"""
        )
    settings = (home / "hub.yaml").read_text()
    # Practices by the patient's address, as MESH would find the way; the sandbox has one for the one patient.
    practice = (
        f"  gp: {{ mesh: {{ url: 'https://localhost:{installation.mesh_port}', mailbox: DERBYLAC01, to: GPPROVIDER, "
        "workflow: GPFED_CONSULT_REPORT, password: 'file:secrets/mesh-password', shared_key: 'file:secrets/mesh-shared-key', "
        "ca: certificates/ca.pem, certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 5 } }\n")
    settings = settings.replace("outbound:\n", "outbound:\n" + practice).replace("id: derby_lac,", "id: derby_lac, ods: X99OT,")
    (home / "hub.yaml").write_text(settings)
    (home / "mesh/mailboxes" / PRACTICE).mkdir(parents=True)
    known, installation.mesh_port = installation.mesh_port, free_port()
    installation.start_mesh()
    installation.gateway = Gateway(("127.0.0.1", known), home / "certificates", installation.mesh_port)
    try:
        installation.partner("workers", kind="staff")
        installation.partner("uhdb")
        installation.partner("gp")
        installation.start()
        yield installation
    finally:
        installation.gateway.stop()
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def mailbox(hub, name, **options):
    """NHS England's own client, straight to the sandbox."""
    own = hub.home / "certificates"
    return MeshClient(
        f"https://localhost:{hub.mesh_port}", name, "password", shared_key=b"TestKey",
        cert=(str(own / "trust.pem"), str(own / "trust.key")), verify=str(own / "ca.pem"), **options,
    )


def send(hub, content, workflow=ACKNOWLEDGED, sender="RTGLOCAL1", options=(), **headers):
    """Puts a message into the hub's mailbox; its MESH id."""
    with mailbox(hub, sender, **dict(options)) as client:
        return client.send_message("DERBYLAC01", content, workflow_id=workflow, **headers)


def taken(hub, message, sender="RTGLOCAL1"):
    """Waits until the hub has acknowledged a message to MESH."""
    with mailbox(hub, sender) as client:
        eventually(lambda: client.track_message(message)["status"] == "acknowledged", 60, why="the acknowledgement")


def answer(hub, message):
    """The business acknowledgement of one message, as the trust reads it."""
    with mailbox(hub, "RTGLOCAL1") as trust:
        for id in trust.list_messages():
            found = trust.retrieve_message(id)
            if found.local_id and found.local_id.endswith(message):
                assert found.workflow_id == f"{ACKNOWLEDGED}_ACK"
                return found.read().decode()
    return None


def submissions(hub, where="true"):
    rows = hub.sql(f"SELECT receipt, state, sender FROM record.submission WHERE channel = 'mesh' AND {where}")
    return [line.split("|") for line in rows.splitlines()]


def newest(hub):
    return submissions(hub, "true ORDER BY receipt DESC LIMIT 1")[0]


def work_items(hub, receipt):
    return [(item["kind"], item["code"]) for item in hub.work_items() if receipt in item["about"]]


@pytest.mark.parametrize(
    "options",
    [{}, {"transparent_compress": True}, {"max_chunk_size": 100}, {"transparent_compress": True, "max_chunk_size": 100}],
    ids=["whole", "compressed", "in chunks", "in compressed chunks"],
)
def test_a_message_is_stored_answered_and_acknowledged(hub, options, request):
    control = "".join(filter(str.isalnum, request.node.name))[-20:].upper()
    message = send(hub, hl7(control), options=options)
    taken(hub, message)
    reply = answer(hub, message)
    assert f"MSA|AA|{control}" in reply and "MSH|^~\\&|LACHUB|DERBYLAC|PAS|RTG" in reply
    # No personal data in it.
    assert "TESTER" not in reply and "9990000018" not in reply
    receipt, _, sender = newest(hub)
    assert sender == "uhdb" and hub.worked_on(receipt)["status"] == "accepted"
    assert "channel=mesh" in hub.hub("trace", receipt)


def test_the_same_document_in_a_second_message_is_answered_again_and_stored_once(hub):
    first = send(hub, hl7("TWICE"))
    taken(hub, first)
    before = len(submissions(hub))
    second = send(hub, hl7("TWICE"))
    taken(hub, second)
    assert "MSA|AA|TWICE" in answer(hub, second)
    assert len(submissions(hub)) == before


def test_other_bytes_under_the_same_id_are_kept_for_staff_and_answered_as_a_conflict(hub):
    taken(hub, send(hub, hl7("CONFLICT")))
    message = send(hub, hl7("CONFLICT", family="OTHER"))
    taken(hub, message)
    assert "MSA|AE|CONFLICT" in answer(hub, message)
    receipt, state, sender = newest(hub)
    assert (state, sender) == ("quarantined", "uhdb")
    assert work_items(hub, receipt) == [("quarantined", "conflict")]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02", b"MSH|", b"{", b"<a", hl7("BROKEN")[:30], b"\xff\xfe" + "MSH|".encode("utf-16-le")],
    ids=["bytes", "header", "object", "element", "cut", "utf-16"],
)
def test_what_cannot_be_read_is_quarantined_and_said_so(hub, content):
    before = len(submissions(hub))
    message = send(hub, content)
    taken(hub, message)
    reply = answer(hub, message)
    assert '"quarantined"' in reply or "MSA|AE" in reply
    assert len(submissions(hub)) == before + 1
    receipt, state, _ = newest(hub)
    assert state == "quarantined" and work_items(hub, receipt)


@pytest.mark.parametrize(
    ("sender", "workflow"), [("GPLOCAL01", ACKNOWLEDGED), ("RTGLOCAL1", "SOMETHING_ELSE")], ids=["mailbox", "workflow"]
)
def test_whoever_is_not_configured_is_quarantined_and_the_mailbox_emptied(hub, sender, workflow):
    message = send(hub, hl7(f"STRANGE{sender}"), workflow=workflow, sender=sender)
    taken(hub, message, sender)
    receipt, state, named = newest(hub)
    assert (state, named) == ("quarantined", f"mesh:{sender}")
    assert work_items(hub, receipt) == [("quarantined", "sender_mismatch")]
    # Nobody who is unknown is told anything.
    with mailbox(hub, sender) as client:
        assert not any(client.retrieve_message(id).local_id.endswith(message) for id in client.list_messages())


def test_a_hub_that_dies_between_storing_and_acknowledging_does_nothing_twice(hub):
    acknowledgements, before = [], len(submissions(hub))

    def die(method, path):
        if method == "PUT" and not acknowledgements:
            acknowledgements.append(path)
            hub.server.process.send_signal(signal.SIGKILL)
            return True

    hub.gateway.before = die
    message = send(hub, hl7("KILLED"))
    eventually(lambda: hub.server.process.poll() is not None, 60, why="the hub's death")
    assert acknowledgements and acknowledgements[0].endswith(f"{message}/status/acknowledged")
    with mailbox(hub, "RTGLOCAL1") as trust:
        assert trust.track_message(message)["status"] == "accepted"
    hub.server.stop()
    hub.start()
    hub.gateway.before = None
    taken(hub, message)
    assert len(submissions(hub)) == before + 1
    worked = hub.worked_on(newest(hub)[0])
    assert worked["status"] == "accepted" and len(worked["referrals"]) == 1
    with mailbox(hub, "RTGLOCAL1") as trust:
        answers = [trust.retrieve_message(id) for id in trust.list_messages()]
        assert len([one for one in answers if one.local_id.endswith(message)]) == 1


def test_a_message_that_is_too_large_is_refused_visibly(hub):
    body = hl7("LARGE") + b"\rNTE|2||" + b"x" * (16 << 20)
    message = send(hub, body, options={"max_chunk_size": 5 << 20})
    taken(hub, message)
    said = json.loads(answer(hub, message))
    assert said["status"] == "quarantined" and said["errors"][0]["code"] == "too_large"
    receipt, state, _ = newest(hub)
    assert state == "quarantined" and work_items(hub, receipt) == [("quarantined", "too_large")]


def test_where_no_answer_is_agreed_a_message_that_is_too_large_stays_for_mesh_to_return(hub):
    before = len(submissions(hub))
    message = send(hub, b"x" * ((16 << 20) + 1), workflow=SILENT, options={"transparent_compress": True})
    eventually(lambda: len(submissions(hub)) == before + 1, 60, why="the refusal")
    # Others are taken meanwhile, and it is looked at no more.
    taken(hub, send(hub, hl7("BEHIND"), workflow=SILENT))
    with mailbox(hub, "RTGLOCAL1") as trust:
        assert trust.track_message(message)["status"] == "accepted"
    assert len(submissions(hub)) == before + 2


def report(hub, local_id, linked):
    """Makes MESH put an error report into the hub's mailbox, as when a message was not fetched for five days."""
    own = hub.home / "certificates"
    made = requests.post(
        f"https://localhost:{hub.mesh_port}/messageexchange/admin/report", verify=str(own / "ca.pem"), timeout=30,
        cert=(str(own / "hub.pem"), str(own / "hub.key")),
        json={"mailbox_id": "DERBYLAC01", "status": "undeliverable", "code": "14", "description": "not collected",
              "workflow_id": ACKNOWLEDGED, "subject": "NDR", "local_id": local_id, "file_name": "report.dat",
              "linked_message_id": linked},
    )
    assert made.status_code == 200, made.text


def test_a_report_makes_its_share_failed_before_staff_and_on_the_ledger_once(hub):
    person = hub.person(id="REPORTED")
    hub.agree(person, ("uhdb", "care_support"))
    share = hub.share(person, "uhdb", "care_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    reference = hub.staff("GET", f"/v1/shares/{share}").json()["reference"]

    def failures():
        return [item["code"] for item in hub.work_items() if item["kind"] == "failed_share" and share in item["about"]]

    report(hub, share, reference)
    eventually(lambda: hub.share_state(share) == "failed", 60, why="the failure")
    assert failures() == ["mesh_14"]
    # Told again, nothing changes: when a later message has been taken, the second report has been, too.
    report(hub, share, reference)
    taken(hub, send(hub, hl7("AFTERREPORT")))
    assert failures() == ["mesh_14"]
    trace = hub.hub("trace", share)
    assert trace.count("reason=mesh_14") == 1 and "outcome=rejected" in trace
    hub.hub("ledger", "verify")


def test_a_report_of_a_message_that_was_doubled_leaves_the_share_alone(hub):
    person = hub.person(id="DOUBLED", number="9990000026", born="1951-01-01".replace("-", ""))
    hub.agree(person, ("uhdb", "care_support"))
    share = hub.share(person, "uhdb", "care_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    report(hub, share, "ANOTHER")
    eventually(lambda: newest(hub)[1:] == ["quarantined", "mesh:unknown"], 60, why="the report before staff")
    assert hub.share_state(share) == "delivered"


def test_an_answer_that_cannot_be_delivered_is_shown_to_staff(hub):
    message = send(hub, hl7("UNHEARD"))
    taken(hub, message)
    receipt = newest(hub)[0]
    report(hub, f"ack-{receipt}-{message}", "WHATEVER")
    eventually(
        lambda: ("undelivered_answer", "mesh_14") in work_items(hub, receipt), 60, why="the work item"
    )


def test_the_doctor_knows_the_mailbox(hub):
    assert "mesh." not in hub.hub("doctor", check=False).stdout
    hub.hub("partner", "disable", "uhdb")
    try:
        message = send(hub, hl7("DISABLED"))
        taken(hub, message)
        receipt, state, _ = newest(hub)
        assert state == "quarantined" and work_items(hub, receipt) == [("quarantined", "not_for_us")]
        assert "uhdb may send by MESH" in hub.hub("doctor", check=False).stdout
    finally:
        hub.hub("partner", "enable", "uhdb")


@pytest.fixture(scope="module")
def patient(hub):
    person = hub.person(id="PATIENT", family="PATIENT", number="9990000042", born="19600504")
    hub.agree(person, ("gp:C81001", "care_support"))
    return person


def letter(hub, patient):
    """A letter to the patient's practice, which has it in its mailbox; its share."""
    share = hub.share(patient, "gp:C81001", "care_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    return share


def practice_says(hub, share, sample, sender="GPLOCAL01"):
    """One of the practice's replies, about a share; its receipt."""
    text = (PROJECT / f"adapters/gp/samples/in/{sample}.xml").read_text()
    text = text.replace("01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f", share).replace("01997F2E-6D7A-7C3B-8E4F-1A2B3C4D5E6F", share)
    unique = str(uuid.uuid4())
    text = re.sub(r'<id value="5d2f0c7e[^"]*"', f'<id value="{unique}"', text)
    taken(hub, send(hub, text.encode(), workflow=REPLIES, sender=sender), sender)
    receipt = newest(hub)[0]
    hub.worked_on(receipt)
    return receipt


def acknowledgement(hub, share):
    told = hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"]
    return told["state"], told.get("code")


def test_a_practice_answers_twice_and_the_second_reply_decides(hub, patient):
    share = letter(hub, patient)
    assert hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"]["awaited"] == "reply"
    # What is sent asks for both replies, and names the share wherever a reply may take it from.
    with mailbox(hub, PRACTICE) as practice:
        sent = practice.retrieve_message(practice.list_messages()[-1])
        assert sent.workflow_id == "GPFED_CONSULT_REPORT"
        text = sent.read().decode()
    assert text.count(f'value="{share}"') == 4
    practice_says(hub, share, "reply-infrastructure")
    assert acknowledgement(hub, share) == ("waiting", None)
    practice_says(hub, share, "reply-business")
    assert acknowledgement(hub, share) == ("taken", "itk3_30001")
    # Told again, nothing changes.
    practice_says(hub, share, "reply-business")
    assert hub.hub("trace", share).count("itk3_30001") == 1
    assert not [item for item in hub.work_items() if share in item["about"]]


def test_a_practice_that_does_not_know_the_patient_is_shown_to_staff(hub, patient):
    share = letter(hub, patient)
    practice_says(hub, share, "reply-refused")
    assert acknowledgement(hub, share) == ("refused", "itk3_30002")
    assert [(item["kind"], item["code"]) for item in hub.work_items() if share in item["about"]] == [
        ("refused_share", "itk3_30002")]


def test_bad_replies_change_nothing_and_are_shown(hub, patient):
    share = letter(hub, patient)
    unclear = practice_says(hub, share, "reply-unknown-code")
    assert work_items(hub, unclear) == [("unbound_message", "reply_unclear")]
    # About a share of somebody else's, and about none.
    person = hub.person(id="OTHERS", number="9990000050", born="19510101")
    hub.agree(person, ("uhdb", "care_support"))
    others = hub.share(person, "uhdb", "care_support")["share_id"]
    eventually(lambda: hub.share_state(others) == "delivered", 60, why="delivery")
    for stranger in (others, str(uuid.uuid4())):
        assert work_items(hub, practice_says(hub, stranger, "reply-refused")) == [("unbound_message", "share_unknown")]
    assert acknowledgement(hub, others)[0] == "waiting"
    taken(hub, send(hub, b"<Bundle xmlns='http://hl7.org/fhir'><id", workflow=REPLIES, sender="GPLOCAL01"), "GPLOCAL01")
    assert newest(hub)[1:] == ["quarantined", "gp"]
    assert acknowledgement(hub, share) == ("waiting", None)


def test_any_mailbox_may_send_replies_only(hub):
    taken(hub, send(hub, hl7("OPENED"), workflow=OPEN))
    receipt, state, named = newest(hub)
    assert (state, named) == ("quarantined", "mesh:RTGLOCAL1")
    assert work_items(hub, receipt) == [("quarantined", "sender_mismatch")]
