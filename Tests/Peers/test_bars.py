"""The Booking and Referral Standard: what `$process-message` answers, in the eyes of fhir.resources."""

import base64
import copy
import json
import shutil
import sys
import tempfile
import uuid

import pytest
import requests
from fhir.resources.R4B import get_fhir_model_class

from conftest import PROJECT

sys.path.insert(0, str(PROJECT / "Tests/Scenarios"))
from installation import Installation  # noqa: E402

CODES = "https://fhir.nhs.uk/Codesystem/http-error-codes"
SAMPLE = json.loads((PROJECT / "adapters/dchs/samples/in/referral.json").read_text())
SECRETS = ["Example", "Anne", "9990000018", "999 000 0018", "01632", "Lonely"]


@pytest.fixture(scope="module")
def running():
    home = tempfile.mkdtemp(prefix="hub-")
    hub = Installation(home, outbound=False)
    hub.partner("dchs")
    hub.partner("uhdb")
    hub.start()
    yield hub
    hub.close()
    shutil.rmtree(home, ignore_errors=True)


def bundle(**changes):
    """The sample, a message of its own."""
    message = copy.deepcopy(SAMPLE)
    message["id"] = str(uuid.uuid4())
    header, request = message["entry"][0]["resource"], message["entry"][1]["resource"]
    for key, value in changes.items():
        target = request if key in ("category", "status", "subject") else header
        if value is None:
            target.pop(key)
        else:
            target[key] = value
    return message


def headers(hub, partner="dchs", **changes):
    software = base64.b64encode(b'{"resourceType":"Device"}').decode()
    wanted = {
        "Content-Type": "application/fhir+json", "Accept": "application/fhir+json; version=1.4.0",
        "X-Request-Id": str(uuid.uuid4()), "X-Correlation-Id": str(uuid.uuid4()), "NHSD-Requesting-Software": software,
        **changes,
    }
    return {k: v for k, v in {**hub.authorised(partner), **wanted}.items() if v is not None}


def post(hub, body, path="/fhir/R4/$process-message", **changes):
    data = json.dumps(body) if isinstance(body, dict) else body
    return requests.post(hub.url + path, data=data, headers=headers(hub, **changes), timeout=30)


def resource(answer):
    assert answer.headers["content-type"] == "application/fhir+json"
    value = answer.json()
    get_fhir_model_class(value["resourceType"]).model_validate_json(answer.content)
    return value


def outcome(answer):
    """An OperationOutcome's BaRS codes and issue types."""
    value = resource(answer)
    assert value["resourceType"] == "OperationOutcome"
    assert not any(secret in answer.text for secret in SECRETS)
    codings = [issue["details"]["coding"][0] for issue in value["issue"]]
    assert all(coding["system"] == CODES for coding in codings)
    return answer.status_code, codings[0]["code"], value["issue"][0]["code"]


def test_a_referral_is_answered_by_a_message_that_binds_to_it(running):
    sent, ids = bundle(), {"X-Request-Id": str(uuid.uuid4()), "X-Correlation-Id": str(uuid.uuid4())}
    answer = post(running, sent, **ids)
    assert answer.status_code == 200, answer.text
    assert {name: answer.headers[name] for name in ids} == ids
    reply = resource(answer)
    assert reply["type"] == "message" and reply["id"] == sent["id"]
    header, request = [entry["resource"] for entry in reply["entry"][:2]]
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert header["response"]["identifier"] == sent["id"] and header["response"]["code"] == "ok"
    assert header["destination"][0]["endpoint"] == "https://fhir.nhs.uk/Id/dos-service-id|999001"
    assert request["resourceType"] == "ServiceRequest" and request["status"] == "active"
    assert all(entry["fullUrl"].startswith("urn:uuid:") for entry in reply["entry"])
    assert not any(secret in answer.text for secret in SECRETS)
    assert running.receipt(request["id"])["status"] == "accepted"


def test_in_xml_too(running):
    body = (PROJECT / "adapters/bars/samples/in/request.xml").read_bytes()
    answer = post(running, body, **{"Content-Type": "application/fhir+xml"})
    # Read, and found to be another organisation's.
    assert outcome(answer)[:2] == (403, "SEND_FORBIDDEN"), answer.text


def test_a_request_that_was_processed_is_a_duplicate_and_has_no_second_effect(running):
    sent, id = bundle(), str(uuid.uuid4())
    assert post(running, sent, **{"X-Request-Id": id}).status_code == 200
    before = running.sql("SELECT count(*) FROM record.submission")
    again = post(running, sent, **{"X-Request-Id": id.upper()})
    assert outcome(again) == (409, "REC_CONFLICT", "duplicate")
    other = post(running, bundle(), **{"X-Request-Id": id})
    assert outcome(other) == (409, "REC_CONFLICT", "conflict")
    assert running.sql("SELECT count(*) FROM record.submission") == before
    # A retry with an id of its own is another message, even with the same bytes.
    assert post(running, sent).status_code == 200


@pytest.mark.parametrize("header", ["X-Request-Id", "X-Correlation-Id"])
def test_both_ids_are_required_and_uuids(running, header):
    assert outcome(post(running, bundle(), **{header: None})) == (400, "REC_BAD_REQUEST", "required")
    assert outcome(post(running, bundle(), **{header: "17"})) == (400, "REC_BAD_REQUEST", "invalid")


CODING = "https://fhir.nhs.uk/CodeSystem/message-"
BAD = {
    "not for us": ({"destination": [{"endpoint": "https://fhir.nhs.uk/Id/dos-service-id|1"}]}, (422, "not-found")),
    "no destination": ({"destination": None}, (422, "not-found")),
    "unknown event": ({"eventCoding": {"system": CODING + "events-bars", "code": "booking-request"}},
                      (400, "not-supported")),
    "unknown reason": ({"reason": {"coding": [{"code": "gossip"}]}}, (400, "not-supported")),
    "no reason": ({"reason": None}, (400, "not-supported")),
    "unknown category": ({"category": [{"coding": [{"code": "gossip"}]}]}, (400, "not-supported")),
    "no focus": ({"focus": None}, (422, "required")),
    "focus elsewhere": ({"focus": [{"reference": "urn:uuid:" + str(uuid.uuid4())}]}, (422, "required")),
    "no source endpoint": ({"source": {"name": "x"}}, (422, "required")),
    "no status": ({"status": None}, (422, "required")),
    "no patient": ({"subject": {"reference": "urn:uuid:" + str(uuid.uuid4())}}, (422, "required")),
}


@pytest.mark.parametrize("changes, expected", BAD.values(), ids=BAD.keys())
def test_what_the_standard_refuses_is_refused_and_kept_for_staff(running, changes, expected):
    answer = post(running, bundle(**changes))
    status, code, issue = outcome(answer)
    assert (status, issue) == expected
    assert code == {400: "REC_BAD_REQUEST", 422: "REC_UNPROCESSABLE_ENTITY"}[status]
    receipt = answer.text.split("(receipt ")[1][:36]
    assert running.receipt(receipt)["status"] == "quarantined"


@pytest.mark.parametrize("body, status", [
    ("", 400), ("{", 400), ("[]", 422), ("{}", 422), ('{"resourceType":"Patient"}', 422), ("\xff", 400),
    ('{"resourceType":"Bundle","type":"message"}', 422),
    ('{"resourceType":"Bundle","type":"message","entry":[1]}', 422), ("<", 400), ("<Bundle/>", 422),
    ('{"resourceType":"Bundle","resourceType":"Bundle"}', 400),
])
def test_what_is_no_message_is_refused_without_a_crash(running, body, status):
    answer = post(running, body.encode("latin-1"))
    assert outcome(answer)[0] == status, answer.text


def test_every_cut_of_a_message_is_refused(running):
    text = json.dumps(bundle()).encode()
    for cut in range(0, len(text), 97):
        assert post(running, text[:cut]).status_code in (400, 422)


def test_errors_of_the_transport_have_the_same_form(running):
    unknown = requests.post(running.url + "/fhir/R4/$process-message", data=b"{}", timeout=30,
                            headers={"Content-Type": "application/fhir+json", "X-Request-Id": str(uuid.uuid4())})
    assert outcome(unknown) == (401, "SEND_UNAUTHORIZED", "login") and unknown.headers["X-Request-Id"]
    assert outcome(post(running, b"x", **{"Content-Type": "text/plain"}))[::2] == (415, "not-supported")
    too_long = post(running, b" " * ((16 << 20) + 1))
    assert outcome(too_long)[::2] == (413, "too-long")
    assert outcome(post(running, bundle(), path="/fhir/R4/Patient"))[::2] == (404, "not-found")
    mismatch = post(running, bundle(), partner="uhdb")
    assert mismatch.status_code in (400, 403, 415) and outcome(mismatch)


def test_what_intake_cannot_finish_in_time_times_out_and_is_a_duplicate_then(running):
    running.hub("queue", "pause", "intake", "--reason", "a test")
    try:
        id, sent = str(uuid.uuid4()), bundle()
        assert outcome(post(running, sent, **{"X-Request-Id": id})) == (408, "REC_TIMEOUT", "timeout")
        assert outcome(post(running, sent, **{"X-Request-Id": id})) == (409, "REC_CONFLICT", "duplicate")
    finally:
        running.hub("queue", "resume", "intake")


def test_what_intake_rejects_is_told_with_its_reasons(running):
    message = bundle()
    patient = next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "Patient")
    for key in list(patient):
        if key not in ("resourceType", "meta"):
            del patient[key]
    answer = post(running, message)
    assert outcome(answer)[:2] == (422, "REC_UNPROCESSABLE_ENTITY"), answer.text


def test_capabilities_are_told_to_anybody(running):
    answer = requests.get(running.url + "/fhir/R4/metadata", timeout=30)
    statement = resource(answer)
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["rest"][0]["operation"][0]["name"] == "process-message"
