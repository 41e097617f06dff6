"""A Shared Agreement as FHIR Consent: what comes in goes out again the same, and what is not understood is refused."""

import copy
import shutil
import tempfile

import pytest
from fhir.resources.R4B.consent import Consent
from installation import Installation

HOUSING = ("derby_homes", "housing_support")
FHIR = {"Content-Type": "application/fhir+json"}


def permit(recipient, purpose, groups=(), **more):
    line = {
        "type": "permit", "period": {"start": "2026-01-05T00:00:00Z"},
        "actor": [{
            "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
            "reference": {"identifier": {"system": "urn:lac:recipient", "value": recipient}},
        }],
        "purpose": [{"system": "urn:lac:purpose", "code": purpose}],
        **more,
    }
    if groups:
        line["code"] = [{"coding": [{"system": "urn:lac:field-group", "code": group}]} for group in groups]
    return line


def consent(person, *lines):
    return {
        "resourceType": "Consent", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{person}"}, "performer": [{"reference": f"Patient/{person}"}],
        "dateTime": "2026-01-05T00:00:00Z",
        "policyRule": {"coding": [{"system": "urn:lac:policy", "code": "shared-agreement"}]},
        "provision": {"type": "deny", "provision": list(lines)},
    }


def test_an_agreement_comes_and_goes_as_consent(hub):
    person = hub.person()
    sent = consent(person, permit(*HOUSING, groups=["ADDRESS", "NAME"]), permit("uhdb", "care_support"))
    Consent.model_validate(copy.deepcopy(sent))
    made = hub.staff("POST", "/fhir/R4/Consent", sent, **FHIR)
    assert made.status_code == 201, made.text
    resource = made.json()
    assert made.headers["Location"] == f"/fhir/R4/Consent/{resource['id']}"
    Consent.model_validate(copy.deepcopy(resource))
    assert resource["provision"] == sent["provision"] and resource["status"] == "active"
    assert resource["patient"] == sent["patient"] and resource["performer"] == sent["performer"]

    # It permits what it says, and no more.
    share = hub.share(person, *HOUSING)
    assert share["decision"]["agreement_id"] == resource["id"]
    assert share["decision"]["released"] == ["ADDRESS", "NAME"]

    # What is about dependants says so to whoever reads it, in a way that none may pass over.
    other = hub.person(family="OTHER", number="9990000026", born="19610203")
    about = [{"url": "urn:lac:about", "valueCode": "dependants"}]
    line = permit("council_insight", "research_evaluation", modifierExtension=about)
    children = hub.staff("POST", "/fhir/R4/Consent", consent(other, line), **FHIR).json()
    Consent.model_validate(copy.deepcopy(children))
    assert children["provision"]["provision"][0]["modifierExtension"] == about
    unsigned = consent(other, permit(*HOUSING))
    unsigned["performer"] = [{"identifier": {"system": "urn:lac:signatory", "value": "other"}}]
    assert hub.staff("POST", "/fhir/R4/Consent", unsigned, **FHIR).json()["status"] == "inactive"

    # What goes out can come in again.
    again = hub.staff("POST", "/fhir/R4/Consent", resource, **FHIR)
    assert again.status_code == 201 and again.json()["provision"] == resource["provision"]
    assert hub.staff("GET", f"/fhir/R4/Consent/{resource['id']}").json()["status"] == "inactive"
    hub.staff("POST", f"/v1/agreements/{again.json()['id']}/withdrawals", {"recipient": "uhdb"})
    withdrawn = hub.staff("GET", f"/fhir/R4/Consent/{again.json()['id']}").json()
    Consent.model_validate(copy.deepcopy(withdrawn))
    ends = ["end" in line["period"] for line in withdrawn["provision"]["provision"]]
    assert ends == [False, True]
    # Lines that end at different times are not one agreement, and this is not guessed at.
    assert hub.staff("POST", "/fhir/R4/Consent", withdrawn, **FHIR).status_code == 422


@pytest.mark.parametrize(
    "path, value",
    [
        (("status",), "inactive"),
        (("dateTime",), None),
        (("performer",), []),
        (("performer", 0), {"reference": "Patient/another"}),
        (("patient", "reference"), "urn:uuid:1"),
        (("modifierExtension",), [{"url": "urn:x", "valueBoolean": True}]),
        (("extension",), [{"url": "urn:x", "valueBoolean": True}]),
        (("provision", "type"), "permit"),
        (("provision", "data"), []),
        (("provision", "provision"), []),
        (("provision", "provision", 0, "type"), "deny"),
        (("provision", "provision", 0, "provision"), [{"type": "deny"}]),
        (("provision", "provision", 0, "securityLabel"), [{"code": "R"}]),
        (("provision", "provision", 0, "actor"), []),
        (("provision", "provision", 0, "purpose", 0, "system"), "urn:other"),
        (("provision", "provision", 0, "purpose", 0, "code"), "anything"),
        (("provision", "provision", 0, "code"), [{"text": "everything"}]),
        (("provision", "provision", 0, "extension"), [{"url": "urn:lac:about", "valueCode": "dependants"}]),
        (("provision", "provision", 0, "modifierExtension"), [{"url": "urn:x"}]),
        (("provision", "provision", 0, "modifierExtension"), {"url": "urn:lac:about", "valueCode": "dependants"}),
        (("provision", "provision", 0, "modifierExtension"), [{"url": "urn:lac:about", "valueString": "dependants"}]),
        (("provision", "provision", 0, "code"), {"coding": [{"system": "urn:lac:field-group", "code": "NAME"}]}),
        (("provision", "provision", 0, "code"), []),
        (("provision", "provision", 0, "period"), "2026-01/2026-06"),
        (("provision", "provision", 0, "period"), {"start": "2026-01-05T00:00:00Z", "end": "2026-06-30"}),
        (("provision", "provision", 0, "actor", 0, "modifierExtension"), [{"url": "urn:x"}]),
        (("provision", "provision", 0, "actor", 0, "role", "coding", 0, "code"), "CST"),
        (("policyRule", "coding", 0, "code"), "OPTOUT"),
        (("extension",), {"url": "urn:lac:supplements", "valueReference": {"reference": "Consent/1"}}),
        (("extension",), [{"url": "urn:lac:guardian-permission", "valueString": "yes"}]),
    ],
)
def test_what_is_not_understood_is_refused_as_an_operation_outcome(shared_hub, path, value):
    hub, person = shared_hub
    sent = consent(person, permit(*HOUSING))
    place = sent
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    answer = hub.staff("POST", "/fhir/R4/Consent", sent, **FHIR)
    assert answer.status_code == 422, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome" and person not in answer.text


def test_other_bodies_and_ids(shared_hub):
    hub, person = shared_hub
    for body in ([], "x", {"resourceType": "Patient"}):
        assert hub.staff("POST", "/fhir/R4/Consent", body, **FHIR).status_code == 422
    json_type = {"Content-Type": "application/json"}
    assert hub.staff("POST", "/fhir/R4/Consent", consent(person, permit(*HOUSING)), **json_type).status_code == 415
    nobody = "019aaaaa-0000-7000-8000-000000000000"
    assert hub.staff("POST", "/fhir/R4/Consent", consent(nobody, permit(*HOUSING)), **FHIR).status_code == 404
    assert hub.staff("GET", f"/fhir/R4/Consent/{nobody}").status_code == 404
    assert hub.post("uhdb", "{}", "application/fhir+json").status_code in (400, 415, 422)


@pytest.fixture(scope="module")
def shared_hub():
    """One hub for all of them, since none changes anything."""
    folder = tempfile.mkdtemp(prefix="hub-")
    hub = Installation(folder, partners=[("uhdb", "partner"), ("workers", "staff")])
    hub.start()
    yield hub, hub.person()
    hub.close()
    shutil.rmtree(folder, ignore_errors=True)
