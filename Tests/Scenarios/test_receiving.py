"""What a sender is told, and what is then true."""

import json
import subprocess
import uuid

import pytest
import requests

from conftest import HUB, PROJECT, eventually, hl7

ENVELOPE = {
    "message_id": "S-1",
    "sender": "derby_riverside_school",
    "sent_at": "2026-11-01T09:00:00+00:00",
    "type": "referral",
    "person": {"given": "Anne", "family": "Tester", "dob": "1980-05-04", "phone": ["01632960111"]},
    "reason": "Would like help to meet people",
    "referrer": {"name": "A Teacher", "role": "Safeguarding lead", "organisation": "A school"},
}


def test_a_referral_is_received_once_and_traced(hub):
    first = hub.post("uhdb", hl7("M1"), "application/hl7-v2")
    assert first.status_code == 202
    receipt = first.json()
    assert receipt["status"] == "received" and receipt["message_id"] == "M1"
    assert first.headers["Location"] == f"/v1/receipts/{receipt['receipt_id']}"

    again = hub.post("uhdb", hl7("M1"), "application/hl7-v2")
    assert again.status_code == 200
    assert again.json()["receipt_id"] == receipt["receipt_id"] and again.json()["status"] == "duplicate"

    other = hub.post("uhdb", hl7("M1", family="OTHER"), "application/hl7-v2")
    assert other.status_code == 409
    assert other.json()["errors"][0]["code"] == "conflict"
    assert "OTHER" not in other.text
    [item] = [json.loads(line) for line in hub.hub("work", "list", "--json").splitlines()]
    assert (item["kind"], item["code"], item["partner"]) == ("refused_submission", "conflict", "uhdb")
    assert hub.hub("work", "done", item["id"], "--by", "worker-7") == "done\n"
    assert hub.hub("work", "list", "--json") == ""

    assert hub.worked_on(receipt["receipt_id"])["status"] == "accepted"
    trace = hub.hub("trace", receipt["receipt_id"])
    assert "received" in trace and "accepted" in trace and "TESTER" not in trace


@pytest.mark.parametrize(
    "partner, sample, media_type",
    [
        ("uhdb", "uhdb/samples/in/*.hl7", "application/hl7-v2"),
        ("derbys_police", "derbys_police/samples/in/*.xml", "application/xml"),
        ("derby_riverside_school", "derby_riverside_school/samples/in/*.json", "application/json"),
        ("derby_community_action", "derby_community_action/samples/in/*.csv", "text/csv"),
        ("dchs", "dchs/samples/in/*.json", "application/fhir+json"),
    ],
)
def test_every_format_is_taken_by_http(hub, partner, sample, media_type):
    hub.partner(partner)
    paths = [p for p in sorted((PROJECT / "adapters").glob(sample)) if not p.name.endswith(".expected.json")]
    assert paths
    taken = []
    for path in paths:
        answer = hub.post(partner, path.read_bytes(), media_type)
        if answer.status_code == 202:
            taken.append(answer.json()["receipt_id"])
    # One that answers a message which is not among the samples waits for it.
    statuses = lambda: {hub.receipt(id)["status"] for id in taken}
    eventually(lambda: "accepted" in statuses() and "received" not in statuses(), 60, why="intake")


def test_only_the_sender_and_staff_read_a_receipt(hub):
    id = hub.post("uhdb", hl7("M2"), "application/hl7-v2").json()["receipt_id"]
    hub.partner("derbys_police")
    own = requests.get(f"{hub.url}/v1/receipts/{id}", headers=hub.authorised("uhdb"))
    other = requests.get(f"{hub.url}/v1/receipts/{id}", headers=hub.authorised("derbys_police"))
    nobody = requests.get(f"{hub.url}/v1/receipts/{id}")
    assert (own.status_code, other.status_code, nobody.status_code) == (200, 404, 401)
    assert "referrals" not in own.json()


def deep(depth):
    return b'{"message_id":"D","a":' + b"[" * depth + b"]" * depth + b"}"


DTD = b'<?xml version="1.0"?><!DOCTYPE ppn [<!ENTITY x SYSTEM "file:///etc/passwd">]><ppn><header><ppn_ref>&x;</ppn_ref></header></ppn>'

BAD = [
    ("uhdb", b"", "application/hl7-v2", 400, "not_parseable"),
    ("uhdb", hl7("B1"), "application/pdf", 415, "media_type"),
    ("uhdb", hl7("B2")[:40], "application/hl7-v2", (400, 422), None),
    ("uhdb", b"PID|1||x", "application/hl7-v2", 400, "not_parseable"),
    ("derbys_police", b"<ppn><header>", "application/xml", 400, "not_parseable"),
    ("derbys_police", DTD, "application/xml", 400, "not_parseable"),
    ("derby_riverside_school", json.dumps(ENVELOPE).encode()[:-20], "application/json", 400, "not_parseable"),
    ("derby_riverside_school", b'{"message_id":"a","message_id":"b"}', "application/json", 400, "not_parseable"),
    ("derby_riverside_school", b'{"message_id":"\xff"}', "application/json", 400, None),
    ("derby_riverside_school", deep(100_000), "application/json", 400, "not_parseable"),
    ("derby_riverside_school", json.dumps({**ENVELOPE, "sender": "uhdb"}).encode(), "application/json", 403, "sender_mismatch"),
    ("derby_riverside_school", json.dumps({"sender": "derby_riverside_school"}).encode(), "application/json", 422, None),
    ("derby_community_action", b'"first name","surname\n"a', "text/csv", (202, 400, 422), None),
    ("uhdb", json.dumps(ENVELOPE).encode(), "application/json", 415, "media_type"),
]


def test_bad_input_gets_its_answer_is_seen_by_staff_and_disturbs_nothing(hub):
    for partner in ("uhdb", "derbys_police", "derby_riverside_school", "derby_community_action"):
        hub.partner(partner)
    for partner, body, media_type, status, code in BAD:
        answer = hub.post(partner, body, media_type)
        allowed = status if isinstance(status, tuple) else (status,)
        case = (partner, media_type, body[:40], answer.status_code, answer.text[:300])
        assert answer.status_code in allowed, case
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", case
            problem = answer.json()
            assert problem["errors"][0]["code"] == code or code is None, case
            # What was sent is kept in quarantine, and the sender is told under which receipt.
            state = hub.receipt(problem["receipt_id"])
            assert state["status"] == "quarantined", case
    large = hub.post("uhdb", b"MSH|" + b"x" * (50 << 20), "application/hl7-v2")
    assert large.status_code == 413
    assert hub.post("uhdb", hl7("B9"), "application/hl7-v2").status_code == 202
    assert requests.post(hub.url + "/v1/referrals", data=hl7("B10")).status_code == 401
    metrics = hub.hub("queue", "list", "--json")
    assert json.loads(metrics.splitlines()[0])


def test_a_csv_with_a_bad_row_takes_the_good_ones(hub):
    hub.partner("derby_community_action")
    body = (
        "First name,Surname,Date of birth,Phone,Reason,Referrer name\n"
        "Anne,Good,01/02/1950,01632960001,Lonely,A Volunteer\n"
        "Bob,Bad,01/02/1950\n"
        "Cleo,Alsogood,03/04/1961,01632960002,Needs advice,A Volunteer\n"
    )
    answer = hub.post("derby_community_action", body, "text/csv", **{"Idempotency-Key": "CSV-1"})
    assert answer.status_code == 202
    worked = hub.worked_on(answer.json()["receipt_id"])
    assert len(worked["referrals"]) == 2 and worked["findings"]


def test_an_idempotency_key_that_differs_from_the_documents_id_is_refused(hub):
    answer = hub.post("uhdb", hl7("M3"), "application/hl7-v2", **{"Idempotency-Key": "other"})
    assert answer.status_code == 400


def test_a_disabled_partner_is_shut_out(hub):
    assert hub.post("uhdb", hl7("M4"), "application/hl7-v2").status_code == 202
    hub.hub("partner", "disable", "uhdb")
    eventually(lambda: hub.post("uhdb", hl7("M5"), "application/hl7-v2").status_code == 401, 5)


def test_a_sender_reads_what_became_of_its_referral_as_far_as_the_person_agreed(hub):
    receipt = hub.post("uhdb", hl7("OUTCOME"), "application/hl7-v2").json()["receipt_id"]
    referral = hub.worked_on(receipt)["referrals"][0]["referral_id"]

    def told(partner="uhdb"):
        return requests.get(f"{hub.url}/v1/receipts/{receipt}", headers=hub.authorised(partner), timeout=10)

    def say(body, id=referral):
        return hub.staff("POST", f"/v1/referrals/{id}/outcome", body)

    withheld = say({"outcome": "taken_on"}).json()
    assert (withheld["told"], withheld["reason"]) == ("withheld", "no_agreement")
    assert "outcomes" not in told().json()
    may = say({"outcome": "taken_on", "agreed_on": "2026-01-05"}).json()
    assert may["told"] == "may_be_told" and "reason" not in may
    [outcome] = told().json()["outcomes"]
    assert (outcome["index"], outcome["status"]) == (0, "taken_on") and set(outcome) == {"index", "status", "at"}
    assert hub.receipt(receipt)["outcomes"][0]["told"] == "told"
    # Nobody else's, and nobody else sets it.
    hub.partner("dchs")
    assert told("dchs").status_code == 404
    asked = requests.post(f"{hub.url}/v1/referrals/{referral}/outcome", headers=hub.authorised("uhdb"), json={"outcome": "closed"})
    assert asked.status_code == 403
    for wrong in (
        {}, {"outcome": "lost"}, {"outcome": "closed"}, {"outcome": "closed", "code": None}, {"outcome": "closed", "code": "XXX"},
        {"outcome": "taken_on", "code": "CMP"}, {"outcome": "taken_on", "agreed_on": "2999-01-01"},
        {"outcome": "taken_on", "agreed_on": "yesterday"}, {"outcome": "taken_on", "why": "x"},
    ):
        assert say(wrong).status_code == 422, wrong
    assert say({"outcome": "taken_on"}, id=str(uuid.uuid4())).status_code == 404
    closed = json.loads(hub.hub("referral", "outcome", referral, "closed", "--code", "CMP", "--agreed-on", "2026-01-05"))
    assert (closed["status"], closed["code"]) == ("closed", "CMP")
    assert [(one["status"], one["code"]) for one in told().json()["outcomes"]] == [("closed", "CMP")]
    # An objection stops it at once.
    person = hub.receipt(receipt)["referrals"][0]["person_id"]
    changed = hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"objections": ["all"]})
    assert changed.status_code == 200, changed.text
    assert "outcomes" not in told().json()
    assert hub.receipt(receipt)["outcomes"][0]["reason"] == "objection_all"
    trace = hub.hub("trace", receipt)
    assert trace.count("referral_outcome") == 5 and trace.count("state=told") == 2


def test_the_openapi_document_tells_the_truth(hub):
    document = requests.get(hub.url + "/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            url = hub.url + path.replace("{id}", str(uuid.uuid4()))
            # On another listener, or where something is configured (Tests/Peers: test_identity.py, test_emergency.py).
            if path in ("/metrics", "/oauth2/token", "/.well-known/oauth-authorization-server", "/v1/emergency/lookup",
                        "/v1/emergency/key-safe", "/v1/emergency/calls"):
                continue
            answer = requests.request(method, url, timeout=10)
            public = operation["security"] == []
            assert answer.status_code == (200 if public else 401), (method, path, answer.status_code)


def test_doctor_finds_nothing_and_names_the_remedy(hub):
    hub.post("uhdb", hl7("M6"), "application/hl7-v2")
    assert "nothing wrong" in hub.hub("doctor")
    hub.close()
    stopped = hub.hub("doctor", check=False)
    assert stopped.returncode == 69
    assert "hub serve" in stopped.stdout + stopped.stderr


def test_staff_see_what_was_understood_where_it_stood_and_the_bytes_as_they_came(hub):
    hub.partner("workers", kind="staff")
    document = hl7("P1")
    receipt = hub.post("uhdb", document, "application/hl7-v2").json()["receipt_id"]
    [referral] = hub.worked_on(receipt)["referrals"]
    address = f"{hub.url}/v1/referrals/{referral['referral_id']}"
    seen = requests.get(address, headers=hub.authorised("workers"))
    assert seen.status_code == 200 and seen.headers["Cache-Control"] == "no-store"
    seen = seen.json()
    assert seen["referral"]["person"]["family"] == "TESTER" == seen["current"]["person"]["family"]
    assert seen["provenance"]["person.family"] == {"from": ["PID-5.1"]}
    assert seen["provenance"]["person.dob"]["steps"] == ["date"]
    assert [message["referral_id"] for message in seen["thread"]] == [referral["referral_id"]]
    raw = requests.get(f"{hub.url}/v1/submissions/{receipt}/document", headers=hub.authorised("workers"))
    assert raw.content == document
    assert raw.headers["Content-Type"] == "application/octet-stream" and "attachment" in raw.headers["Content-Disposition"]
    for path in (address, raw.url):
        assert requests.get(path, headers=hub.authorised("uhdb")).status_code == 403
        assert requests.get(path).status_code == 401
    for path in ("/v1/referrals/", "/v1/submissions/"):
        unknown = hub.url + path + str(uuid.uuid4()) + ("/document" if "sub" in path else "")
        assert requests.get(unknown, headers=hub.authorised("workers")).status_code == 404
    assert hub.hub("trace", receipt).count("view ") >= 1
    hub.hub("ledger", "verify")


def test_warnings_are_told_by_code_and_path_without_a_value(hub):
    hub.partner("derby_riverside_school")
    body = {
        **ENVELOPE, "message_id": "W-1", "needs": ["isolation", "moonlight"],
        "person": {
            "family": "Tester", "dob": "2999-01-02", "phone": ["01632960111"],
            "identifiers": [{"type": "nhs_number", "value": "9434765918"}],
        },
    }
    receipt = hub.post("derby_riverside_school", json.dumps(body).encode(), "application/json").json()["receipt_id"]
    hub.worked_on(receipt)
    told = requests.get(f"{hub.url}/v1/receipts/{receipt}", headers=hub.authorised("derby_riverside_school"))
    found = {(finding["code"], finding["path"]) for finding in told.json()["findings"]}
    assert found >= {
        ("invalid_identifier", "person.identifiers[0].value"), ("unknown_code", "needs[1]"), ("invalid_date", "person.dob"),
    }
    assert not any(value in told.text for value in ("9434765918", "moonlight", "2999", "Tester"))
    hub.partner("workers", kind="staff")
    staff = requests.get(f"{hub.url}/v1/receipts/{receipt}", headers=hub.authorised("workers")).json()
    assert staff["findings"] == told.json()["findings"]
