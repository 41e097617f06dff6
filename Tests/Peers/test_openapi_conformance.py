"""The hub's OpenAPI document is true: what schemathesis makes of it, good and bad, is answered as the document says."""

import itertools
import re

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from listening_hub import CARD, LOOK, hl7, listening_hub, look

CHECKS = [
    status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
    negative_data_rejection, missing_required_header,
]
# Text in these is sent as it is.
schemathesis.serializer.alias(["application/hl7-v2", "x-application/hl7-v2+er7", "text/csv"], "text/plain")
schemathesis.serializer.alias("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")
SUBMISSIONS = "/v1/referrals"
MESSAGE = "EXAMPLE2"
KEY = "[!-~]{1,200}"
keys = itertools.count()
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def hub():
    with listening_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def description(hub):
    """The running hub's document. Its ids are those of things that are there and of one that is not, so that not all is 404."""
    document = requests.get(hub.url + "/openapi.json", timeout=10).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = [hub.known[path.split("/{")[0]], UNKNOWN]
    for name in "NewAgreement", "NewShare":
        document["components"]["schemas"][name]["properties"]["person_id"]["enum"] = [hub.known["/v1/persons"], UNKNOWN]
    for (method, path, media_type), body in examples(hub).items():
        document["paths"][path][method]["requestBody"]["content"][media_type]["example"] = body
    schema = schemathesis.openapi.from_dict(document)
    # 413 is a refusal, too.
    schema.config.checks.negative_data_rejection.expected_statuses += ["413"]
    # Who calls is told by the test, and the same cases are made in each run.
    schema.config.generation.update(deterministic=True, with_security_parameters=False)
    return schema


def examples(hub):
    """Bodies that are taken: few that are made up are."""
    person = hub.known["/v1/persons"]
    agreement = {"person_id": person, "signed_on": "2026-01-05", "signed_by": "subject",
                 "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"]}]}
    consent = hub.staff("GET", f"/fhir/R4/Consent/{hub.known['/fhir/R4/Consent']}").json()
    consent.pop("id")
    reveal = look(hub)["card"]["key_safe"]["reveal"]
    return {
        ("post", SUBMISSIONS, "application/hl7-v2"): hl7("EXAMPLE1").decode(),
        ("post", SUBMISSIONS, "application/json"): {
            "message_id": MESSAGE, "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00",
            "type": "referral", "person": {"family": "Tester", "given": "Anne"}, "reason": "Lonely"},
        ("post", "/v1/agreements", "application/json"): agreement,
        ("post", "/fhir/R4/Consent", "application/fhir+json"): consent,
        ("post", "/v1/shares", "application/json"): {
            "person_id": person, "recipient": "derby_homes", "purpose": "housing_support"},
        ("post", "/v1/emergency/lookup", "application/json"): LOOK,
        ("post", "/v1/emergency/key-safe", "application/json"): {"reveal": reveal, "caller_id": "desk 4"},
        ("post", "/v1/emergency/calls", "application/json"): {
            **LOOK, "agency": "emas", "call_back": "01632 960100", "answered_by": "officer-2"},
        ("put", "/v1/persons/{id}/access-card", "application/json"): CARD,
    }


class Caller:
    """Whoever calls, and by which of the document's `security` schemes the hub knows it."""

    def __init__(self, scheme, key=None, room=None):
        self.scheme, self.key, self.room = scheme, key, room

    def session(self, hub):
        session = requests.Session()
        # To look for certificates to trust in the environment at each call takes longer than the call.
        session.trust_env = False
        if self.key:
            session.headers.update(hub.authorised(self.key))
        if self.room:
            session.cert = hub.rooms[self.room].pair
        return session

    def may(self, operation):
        """Whether the document lets it make the call."""
        schemes = {name for way in operation.get("security", []) for name in way}
        if not schemes:
            return True
        # A certificate or a token stands for a partner or for a staff system; control rooms are partners.
        kinds = schemes & {"partnerKey", "staffKey"}
        if self.scheme == "clientCertificate":
            return "clientCertificate" in schemes and kinds != {"staffKey"}
        return self.scheme in kinds


CALLERS = {
    "nobody": Caller(None), "hospital": Caller("partnerKey", key="uhdb"),
    "school": Caller("partnerKey", key="derby_riverside_school"), "control room": Caller("clientCertificate", room="emas"),
    "staff": Caller("staffKey", key="workers"),
}


@pytest.fixture(scope="module", params=CALLERS)
def caller(hub, request):
    caller = CALLERS[request.param]
    with caller.session(hub) as session:
        yield caller, session


def send(case, hub, caller):
    """What a case is answered, held against the document."""
    caller, session = caller
    # The figures are on the other listener.
    base = f"http://127.0.0.1:{hub.admin_port}" if case.path == "/metrics" else hub.url
    # The same good id is made up for different bodies: all but the first would be conflicts, whatever else is wrong.
    if re.fullmatch(KEY, case.headers.get("Idempotency-Key", "")):
        if case.path == SUBMISSIONS:
            del case.headers["Idempotency-Key"]
        else:
            case.headers["Idempotency-Key"] = f"key-{next(keys)}"
    if isinstance(case.body, dict) and case.body.get("message_id") == MESSAGE:
        case.body["message_id"] = f"EXAMPLE2-{next(keys)}"
    answer = case.call(base_url=base, session=session, verify=hub.authority, timeout=20)
    if answer.status_code >= 500:
        documented = case.operation.definition.raw["responses"]
        assert answer.status_code == 503 and "503" in documented and "retry-after" in answer.headers, answer.text
        assert case.path != SUBMISSIONS, "nothing is so busy here"
    if case.method.upper() != case.operation.method.upper() or not fits(answer.request.url, base + case.path):
        assert answer.status_code in (400, 401, 404, 405, 501), f"{answer.status_code} to no call of the document"
        return answer
    operation = case.operation.definition.raw
    if operation.get("security") and caller.scheme is None:
        assert answer.status_code == 401 and answer.headers["www-authenticate"][0].startswith("Bearer"), answer.status_code
    elif not caller.may(operation):
        assert answer.status_code in (401, 403), f"{answer.status_code} to whom the document does not let call"
    # A referral is stored and answered before it is read; what is wrong with it stands at its receipt.
    unread = [negative_data_rejection] if case.path == SUBMISSIONS else []
    case.validate_response(answer, checks=CHECKS, excluded_checks=unread)
    return answer


def fits(url, template):
    """Whether an address is one of a template's, and not of another path: made-up ids may be empty or hold a slash."""
    pattern = re.sub(r"\\\{\w+\\\}", "[^/?#]+", re.escape(template))
    return re.fullmatch(pattern, url.split("?")[0]) is not None


def test_every_call_is_answered_as_the_document_says(hub, description, caller, subtests):
    def answered(case):
        send(case, hub, caller)

    bounds = settings(
        max_examples=5, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck))
    # The library's own fixture for this sets a node's id, which pytest 9.2 has no place for.
    for made in get_all_tests(schema=description, test_func=answered, settings=bounds, given_kwargs=None):
        operation, run = made.ok()
        with subtests.test(operation.label):
            run()


def test_nothing_of_it_was_an_error_of_the_hub(hub):
    log = (hub.home / "hub.log").read_text()
    assert "request failed" not in log and "Fatal" not in log
    assert hub.server.process.poll() is None
    hub.hub("ledger", "verify")
