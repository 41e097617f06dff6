"""Every error code that a partner may be told can be provoked by a document, and is told in the partner's own answer.

`checksum`, `incomplete_set` and `internal` belong to dropped files and stand in test_files.py; `virus` needs a scanner and
stands with the attachments.
"""

import datetime
import json

import pytest
import requests

from conftest import PROJECT, hl7

SCHOOL = "derby_riverside_school"
NOW = datetime.datetime.now(datetime.timezone.utc)


def envelope(id, **changes):
    person = {"given": "Anne", "family": "Tester", "dob": "1980-05-04", "phone": ["01632960111"]}
    body = {
        "message_id": id, "sender": SCHOOL, "sent_at": NOW.isoformat(), "type": "referral", "person": person,
        "reason": "Would like help to meet people", "referrer": {"name": "A Teacher", "organisation": "A school"}, "subject_role": "pupil",
    }
    body.update(changes)
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


def person(**changes):
    return {"family": "Tester", "dob": "1980-05-04", **changes}


AHEAD = (NOW + datetime.timedelta(hours=2)).isoformat()
TWO_PERSONS = hl7("E3").rstrip(b"\r") + b"\rPID|2||9990000026^^^NHS^NH||OTHER^SAM||19711231|1\r"
NUMBER = [{"type": "nhs_number", "value": "9434765918"}]

# The code, the sender, the document, its media type; then what HTTP answers, and what becomes of it after a 202.
CODES = [
    ("not_parseable", SCHOOL, b'{"message_id":"E1",', "application/json", 400, None),
    ("encoding", SCHOOL, b"\xef\xbb\xbf" + envelope("E2"), "application/json", 400, None),
    ("schema", "uhdb", TWO_PERSONS, "application/hl7-v2", 202, "rejected"),
    ("missing", SCHOOL, envelope("E4", reason=None), "application/json", 202, "incomplete"),
    ("invalid_identifier", SCHOOL, envelope("E5", person=person(identifiers=NUMBER)), "application/json", 202, "accepted"),
    ("invalid_date", SCHOOL, envelope("E6", person=person(dob="31/02/1980", phone=["01632960111"])), "application/json", 202, "accepted"),
    ("unknown_code", SCHOOL, envelope("E7", needs=["moonlight"]), "application/json", 202, "accepted"),
    ("too_large", "uhdb", b"MSH|" + b"x" * (17 << 20), "application/hl7-v2", 413, None),
    ("media_type", SCHOOL, envelope("E9"), "application/pdf", 415, None),
    ("sender_mismatch", SCHOOL, envelope("E10", sender="uhdb"), "application/json", 403, None),
    ("conflict", SCHOOL, envelope("E11", reason="Something else"), "application/json", 409, None),
    ("stale", SCHOOL, envelope("E12", sent_at=AHEAD), "application/json", 202, "rejected"),
    ("not_for_us", "derbys_police", (PROJECT / "adapters/derbys_police/samples/in/encompass.xml").read_bytes(), "application/xml", 202, "rejected"),
]


@pytest.mark.parametrize("code, partner, body, media_type, answered, became", CODES, ids=[case[0] for case in CODES])
def test_a_code_is_told_by_path_and_never_with_a_value(hub, code, partner, body, media_type, answered, became):
    hub.partner(partner)
    if code == "conflict":
        assert hub.post(partner, envelope("E11"), "application/json").status_code == 202
    answer = hub.post(partner, body, media_type)
    assert answer.status_code == answered, answer.text
    if answered == 202:
        told = hub.worked_on(answer.json()["receipt_id"])
        assert told["status"] == became
        own = requests.get(f"{hub.url}/v1/receipts/{told['receipt_id']}", headers=hub.authorised(partner))
        findings, text = own.json()["findings"], own.text
    else:
        findings, text = answer.json()["errors"], answer.text
    assert code in [finding["code"] for finding in findings], findings
    for finding in findings:
        assert set(finding) == {"code", "path", "text"}
    assert not any(value in text for value in ("Tester", "9434765918", "moonlight", "OTHER", "31/02", "Something else"))
