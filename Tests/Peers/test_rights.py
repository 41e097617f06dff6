"""The table of rights, cell by cell, at the running hub's doors: each role on each path of the API, and at each page of staff."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import Certificate
from installation import HUB, Installation, hl7

PROJECT = pathlib.Path(__file__).resolve().parents[2]
STAFF = ["operator", "coordinator", "duty_officer", "privacy_officer", "auditor", "administrator"]
# Where nobody is asked who they are; each says so itself.
OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/fhir/R4/metadata", "/oauth2/token",
        "/.well-known/oauth-authorization-server"}
# Which operation a path is, where its operationId says it in other words.
OPERATIONS = {
    "submitReferral": "submit_referral", "processMessage": "submit_referral", "listReferrals": "read_referral",
    "readReferral": "read_referral", "readReceipt": "read_receipt", "setReferralOutcome": "record_outcome",
    "readDocument": "read_document", "createConsent": "record_agreement", "readConsent": "read_agreement",
    "addAgreement": "record_agreement", "readAgreement": "read_agreement", "listAgreements": "read_agreement",
    "withdrawAgreement": "withdraw_agreement", "readCircumstances": "read_circumstances",
    "changeCircumstances": "change_circumstances", "requestShare": "request_share", "readShare": "read_share",
    "cancelShare": "cancel_share", "readAnswers": "read_approval", "answerShare": "approve_share",
    "acknowledgeShare": "acknowledge_share", "previewShare": "preview_share", "listMatches": "read_match",
    "readMatch": "read_match", "decideMatch": "decide_match", "saveAccessCard": "keep_access_card",
    "readAccessCard": "read_access_card", "removeAccessCard": "keep_access_card", "listLooks": "read_look",
    "draftAccessCard": "keep_access_card", "listPersonLooks": "read_person_looks",
    "reviewLook": "review_look", "answerCall": "answer_call", "lookUp": "look_up", "revealKeySafe": "look_up",
}
# Pages of staff, which no path of the API opens.
PAGES = {
    "enter_referral": "/staff/referral", "fetch_document": "/staff/documents", "watch_flow": "/console",
    "read_trace": "/console/messages", "mend_queues": "/console/queues/intake/pause",
    "read_referral": "/console/persons", "read_ledger": "/console/ledger",
    "read_settings": "/console/settings", "manage_partners": "/console/settings/partners/uhdb/key",
    "read_staff": "/console/settings/users", "manage_staff": "/console/settings/add-user",
}

# A kind of work item, and what one must be allowed to do to deal with it at its page.
ITEMS = {
    "incomplete_referral": "finish_work", "dead_letter": "finish_queue_work", "under_13": "permit_child",
    "emergency_alarm": "review_look", "given_access": "review_access",
}
WORK = "/console/work"


def table():
    rows = subprocess.run([HUB, "rights", "--json"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {row.pop("operation"): row for row in map(json.loads, rows)}


RIGHTS = table()
ROLES = list(next(iter(RIGHTS.values())))
PATHS = [
    (method, path, OPERATIONS.get(said["operationId"]))
    for path, methods in json.loads((PROJECT / "Sources/Hub/Resources/openapi.json").read_text())["paths"].items()
    if path not in OPEN
    for method, said in methods.items() if isinstance(said, dict) and "operationId" in said
]


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, settings=[
        "staff_form: true", "console: true", "emergency: { journal: secrets/looks.journal, snapshot: secrets/cards.snapshot }"])
    folder = home / "clients"
    folder.mkdir()
    installation.url = f"https://localhost:{installation.port}"
    installation.configure(
        f"listen: {{ host: 127.0.0.1, port: {installation.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {installation.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{installation.url}' }}")
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    installation.certificates = {}
    try:
        for partner in "uhdb", "dchs":
            installation.partner(partner)
        installation.hub("partner", "add", "emas", "--adapter", "derbys_police", "--name", "Ambulance")
        for name in "uhdb", "emas":
            certificate = Certificate(folder, name)
            installation.hub("partner", "certificate", name, "--file", certificate.path)
            installation.certificates[name] = certificate.pair
        for role in STAFF:
            installation.hub("partner", "add", f"s_{role}", "--kind", "staff", "--name", role, "--role", role)
            file = home / f"secrets/{role}.key"
            installation.hub("partner", "key", f"s_{role}", "--to-file", file)
            installation.keys[f"s_{role}"] = file.read_text()
        installation.start()
        for role in STAFF:
            installation.member(f"m.{role}", role)
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


@pytest.fixture(scope="module")
def sessions(hub):
    """A browser for each role, signed in."""
    return {role: hub.signed_in(f"m.{role}")[0] for role in STAFF}


def knock(hub, role, method, path):
    """Tries a door with nothing but who one is: no body, and an id that nothing has."""
    path = path.replace("{id}", "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12")
    if role == "partner" and not path.startswith("/v1/emergency/"):
        who = {"headers": hub.authorised("uhdb")}
    elif role in ("partner", "control_room"):
        who = {"cert": hub.certificates["uhdb" if role == "partner" else "emas"]}
    else:
        who = {"headers": hub.authorised(f"s_{role}")}
    return requests.request(method, hub.url + path, timeout=10, **who)


def test_every_path_is_an_operation_of_the_table_and_every_operation_has_a_door():
    assert all(operation in RIGHTS for _, _, operation in PATHS), [path for path in PATHS if path[2] not in RIGHTS]
    # One more is told by what a body says, and some by what a work item is about, below.
    told = {"approve_as_privacy_officer", *ITEMS.values()}
    assert {operation for _, _, operation in PATHS} | set(PAGES) | told == set(RIGHTS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method, path, operation", PATHS, ids=lambda value: str(value))
def test_each_role_at_each_path(hub, role, method, path, operation):
    answer = knock(hub, role, method, path)
    # A control room is a partner besides, and refers as one.
    may = RIGHTS[operation][role] or role == "control_room" and RIGHTS[operation]["partner"]
    if may:
        assert answer.status_code not in (401, 403) and answer.status_code < 500, answer.text
    elif operation == "look_up":
        # Told out of memory, before it is known what a caller of another kind is.
        assert answer.status_code == 401
    else:
        assert answer.status_code == 403 and answer.headers["Content-Type"].startswith("application/"), answer.text


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("operation, path", PAGES.items())
def test_each_role_at_each_page(hub, sessions, role, operation, path):
    answer = sessions[role].get(hub.url + path, allow_redirects=False)
    assert answer.status_code == (200 if RIGHTS[operation][role] else 403)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("kind, operation", ITEMS.items())
def test_each_role_at_a_work_item(hub, sessions, role, kind, operation):
    id = uuid.uuid4()
    # The hold of a child's form that holds no document is over.
    receipt = hub.post("uhdb", hl7("W1"), "application/hl7-v2").json()["receipt_id"]
    hub.sql(f"""INSERT INTO record.work_item (id, created_at, kind, code, submission)
                VALUES ('{id}', now(), '{kind}', '{id}', '{receipt}')""")
    page = f"{hub.url}{WORK}/items/{id}"
    may = RIGHTS[operation][role] == "any"
    assert sessions[role].get(page, allow_redirects=False).status_code == (200 if may else 403)
    token = re.search(r'name="token" value="([^"]+)"', sessions[role].get(hub.url + WORK).text).group(1)
    fields = {"token": token, "do": "permit" if kind == "under_13" else "done", "permission": "p-1"}
    # Whoever may is asked once more.
    assert sessions[role].post(page, fields, allow_redirects=False).status_code == (200 if may else 403)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("page, operation", [("matches", "read_match"), ("approvals", "read_approval"), ("looks", "read_look")])
def test_each_role_at_a_page_on_which_work_is_decided(hub, sessions, role, page, operation):
    answer = sessions[role].get(f"{hub.url}{WORK}/{page}/{uuid.uuid4()}", allow_redirects=False)
    assert answer.status_code == (404 if RIGHTS[operation][role] else 403)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("page, operation", [("documents", "read_referral"), ("sent", "preview_share")])
def test_each_role_at_a_page_of_documents(hub, sessions, role, page, operation):
    answer = sessions[role].get(f"{hub.url}/console/messages/{uuid.uuid4()}/{page}", allow_redirects=False)
    assert answer.status_code == (404 if RIGHTS[operation][role] else 403)


@pytest.mark.parametrize("method, path, operation", PATHS, ids=lambda value: str(value))
def test_nobody_at_each_path(hub, sessions, method, path, operation):
    path = path.replace("{id}", str(uuid.uuid4()))
    assert requests.request(method, hub.url + path, timeout=10).status_code == 401
    assert requests.request(method, hub.url + path, headers={"Authorization": "Bearer hub_no_such"}, timeout=10).status_code == 401
    # A session of the pages opens nothing of the API.
    assert sessions["coordinator"].request(method, hub.url + path, timeout=10).status_code == 401


def test_a_receipt_is_read_by_its_sender_and_by_staff_and_for_another_partner_is_as_if_it_were_not(hub):
    receipt = hub.post("uhdb", hl7(f"R{uuid.uuid4().hex[:10]}"), "application/hl7-v2").json()["receipt_id"]
    unknown = str(uuid.uuid4())

    def read(name, id):
        return requests.get(f"{hub.url}/v1/receipts/{id}", headers=hub.authorised(name), timeout=10)

    assert read("uhdb", receipt).status_code == 200
    hidden, nothing = read("dchs", receipt), read("dchs", unknown)
    assert hidden.status_code == nothing.status_code == 404 and hidden.content == nothing.content
    for role in STAFF:
        assert read(f"s_{role}", receipt).status_code == (200 if RIGHTS["read_receipt"][role] == "any" else 403)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("capacity", ["officer", "second", "dpo", "ig"])
def test_in_which_capacity_each_role_may_answer_to_a_share(hub, role, capacity):
    operation = "approve_share" if capacity in ("officer", "second") else "approve_as_privacy_officer"
    answer = requests.post(
        f"{hub.url}/v1/shares/{uuid.uuid4()}/approvals", headers=hub.authorised(f"s_{role}"), timeout=10,
        json={"role": capacity, "verdict": "approve", "approved_by": "p-1", "name": "A Person", "reason": "Because."})
    assert answer.status_code == (404 if RIGHTS[operation][role] else 403), answer.text


def test_other_roles_hold_within_a_second(hub):
    hub.hub("partner", "add", "s_changing", "--kind", "staff", "--name", "x", "--role", "auditor")
    file = hub.home / "secrets/changing.key"
    hub.hub("partner", "key", "s_changing", "--to-file", file)
    hub.keys["s_changing"] = file.read_text()

    def status():
        return requests.get(hub.url + "/v1/matches", headers=hub.authorised("s_changing"), timeout=10).status_code

    assert status() == 403
    hub.hub("partner", "roles", "s_changing", "coordinator")
    time.sleep(1.1)
    assert status() == 200
    hub.hub("partner", "roles", "s_changing", "auditor", "operator")
    time.sleep(1.1)
    assert status() == 403
    for arguments in (("roles", "uhdb", "auditor"), ("roles", "s_changing"), ("roles", "s_changing", "partner"),
                      ("add", "x", "--name", "x", "--role", "auditor")):
        assert hub.hub("partner", *arguments, check=False).returncode == 64
