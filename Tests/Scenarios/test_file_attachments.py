"""Attachments that are dropped as files of their own, beside the referral that names them."""

import hashlib
import json

import pytest

from conftest import eventually
from installation import Installation

PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
PARTNERS = [("workers", "staff")]


def charity(home, *settings):
    installation = Installation(home, outbound=False, settings=settings, partners=PARTNERS)
    installation.partner("charity", adapter="envelope")
    return installation.start()


@pytest.fixture
def hub(home):
    installation = charity(home)
    yield installation
    installation.close()


@pytest.fixture
def impatient(home):
    """A hub that waits for nothing."""
    installation = charity(home, "intake: { wait_minutes: 0 }")
    yield installation
    installation.close()


def referral(id, *attachments):
    return json.dumps({
        "message_id": id, "sender": "charity", "sent_at": "2026-11-20T15:05:00Z", "type": "referral",
        "person": {"family": "Example", "dob": "1950-01-02"}, "reason": "Would like company",
        "referrer": {"name": "A Helper"}, "attachments": list(attachments),
    }).encode()


def named(name, content=PDF, media_type="application/pdf", **more):
    return {"name": "A letter", "media_type": media_type, "sha256": hashlib.sha256(content).hexdigest(),
            "file": name, **more}


def refer(hub, name, *attachments):
    """Drops a referral; its receipt once it was worked on."""
    hub.drop("charity", name, referral(name.split(".")[0], *attachments))
    kind, answer = hub.file_answer("charity", name)
    assert kind == "ack", answer
    return hub.worked_on(answer["receipt_id"])


def drop(hub, name, content=PDF):
    """Drops a file that is no document; its receipt's id."""
    hub.drop("charity", name, content)
    kind, answer = hub.file_answer("charity", name)
    assert kind == "ack" and answer["status"] == "received", answer
    return answer["receipt_id"]


def files(hub, receipt):
    """What staff see of the files of a receipt's referral."""
    [summary] = receipt["referrals"]
    return hub.staff("GET", f"/v1/referrals/{summary['referral_id']}").json().get("files", [])


def attached(hub, receipt):
    return eventually(lambda: (found := files(hub, receipt)) and all(f["status"] == "attached" for f in found) and found,
                      why="the attachment")


def items(hub):
    return sorted((item["kind"], item["code"], item["partner"]) for item in hub.work_items())


def test_a_file_dropped_before_its_referral_becomes_its_attachment(hub):
    file = drop(hub, "LETTER_1.pdf")
    assert hub.receipt(file)["status"] == "waiting"
    worked = refer(hub, "REF_1.json", named("LETTER_1.pdf", size=len(PDF)))
    assert worked["status"] == "accepted"
    assert attached(hub, worked) == [{"number": 0, "status": "attached", "receipt_id": file}]
    assert hub.receipt(file)["status"] == "accepted"
    content = hub.staff("GET", f"/v1/submissions/{file}/document")
    assert content.status_code == 200 and content.content == PDF
    assert "attachment" in hub.hub("trace", file) and items(hub) == []
    # The same again is the same, and nobody waits for anything.
    (hub.home / "drop/charity/ack/LETTER_1.pdf.ack.json").unlink()
    hub.drop("charity", "LETTER_1.pdf", PDF)
    kind, again = hub.file_answer("charity", "LETTER_1.pdf")
    assert (kind, again["status"], again["receipt_id"]) == ("ack", "duplicate", file)


def test_a_referral_does_not_wait_for_its_files(hub):
    table = b"name,visits\nA,3\n"
    worked = refer(hub, "REF_2.json", named("LETTER_2.pdf"), named("VISITS_2.csv", table, "text/csv"))
    assert worked["status"] == "accepted"
    assert [file["status"] for file in files(hub, worked)] == ["waiting", "waiting"]
    receipts = [drop(hub, "LETTER_2.pdf"), drop(hub, "VISITS_2.csv", table)]
    assert [file["receipt_id"] for file in attached(hub, worked)] == receipts
    assert items(hub) == []


def test_a_wrong_digest_is_shown_to_staff_and_nothing_is_attached(hub):
    file = drop(hub, "LETTER_3.pdf")
    worked = refer(hub, "REF_3.json", named("LETTER_3.pdf", b"another letter"))
    eventually(lambda: items(hub) == [("incomplete_referral", "checksum", "charity")], why="the work item")
    assert files(hub, worked) == [] and hub.receipt(file)["status"] == "waiting"


def test_a_file_that_nobody_names_is_quarantined(impatient):
    file = drop(impatient, "LETTER_4.pdf")
    eventually(lambda: impatient.receipt(file)["status"] == "quarantined", why="quarantine")
    assert items(impatient) == [("quarantined", "incomplete_set", "charity")]
    assert impatient.staff("GET", f"/v1/submissions/{file}/document").content == PDF


def test_a_file_that_comes_too_late_is_not_attached(impatient):
    worked = refer(impatient, "REF_5.json", named("LETTER_5.pdf"))
    late = ("incomplete_referral", "incomplete_set", "charity")
    eventually(lambda: items(impatient) == [late], why="the work item of the referral")
    file = drop(impatient, "LETTER_5.pdf")
    eventually(lambda: impatient.receipt(file)["status"] == "quarantined", why="quarantine")
    assert items(impatient) == [late, ("quarantined", "incomplete_set", "charity")]
    assert files(impatient, worked) == []


@pytest.mark.parametrize("name, content", [("TOOL_6.exe", b"MZ\x90\x00"), ("LETTER_6.pdf", b"\x00\x01")])
def test_what_is_of_no_kind_that_is_taken_is_refused_at_once(hub, name, content):
    hub.drop("charity", name, content)
    kind, answer = hub.file_answer("charity", name)
    assert kind == "nack" and answer["errors"][0]["code"] == "media_type"
    assert items(hub) == [("quarantined", "media_type", "charity")]
