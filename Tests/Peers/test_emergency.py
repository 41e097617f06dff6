"""Control rooms ask how to get to a person behind a door: answered out of memory, on record, also without the database."""

import email
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import KEYS, ASSERTION_TYPE, Certificate, assertion, claims, pem_of
from installation import HUB, Installation, eventually, free_port
from mail_relay import Relay
from secure_server import SecureServer

pytestmark = pytest.mark.alone

CARD = {
    "address": {
        "house": "1", "lines": ["1 Example Street", "Derby"], "postcode": "DE1 2FS", "uprn": "100030300001",
        "latitude": 52.92, "longitude": -1.47, "directions": "Round the back, blue gate",
    },
    "key_safe": {"present": True, "location": "Left of the door", "code": "K4711Q"},
    "entry": {"door": "front", "floor": "ground", "lift": False, "dog": "small, friendly"},
    "occupants": {"adults": 1, "children": 0},
    "hazards": [{"kind": "oxygen", "text": "Bedroom"}],
    "crit": [{"kind": "mobility", "text": "Uses a frame"}, {"kind": "respect_or_dnacpr_exists", "kept_at": "Kitchen drawer"}],
    "contacts": [{"name": "Robin Example", "relation": "daughter", "phone": "01632 960123", "key_holder": True}],
    "verified_on": "2026-11-01",
}


class Duty(http.server.BaseHTTPRequestHandler):
    """The duty officer's webhook: keeps what it is told, by its id, and refuses the first of all once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        if self.server.asked == 1:
            self.send_response(503)
        else:
            self.server.told[self.headers["Idempotency-Key"]] = json.loads(body)
            self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    folder = home / "clients"
    folder.mkdir()
    installation.folder = folder
    installation.url = f"https://localhost:{installation.port}"
    installation.token_url = installation.url + "/oauth2/token"
    duty = installation.duty = SecureServer(home / "certificates", Duty)
    duty.asked, duty.told = 0, {}
    installation.configure(
        f"listen: {{ host: 127.0.0.1, port: {installation.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {installation.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{installation.url}' }}\n"
        "emergency: { review_hours: 24, journal_mebibytes: 4, call_back: { emas: ['01632 960 100', '(01632) 960-101'], uhdb: ['01632 960111'] }, "
        f"duty: {{ https: {{ url: 'https://localhost:{duty.port}/looks', ca: certificates/ca.pem, "
        "certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 5 } } }")
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    duty.start()
    try:
        installation.rooms = {}
        for room in "emas", "derbys_police", "derbys_fire", "uhdb":
            installation.partner(room)
            installation.rooms[room] = Certificate(folder, room)
            installation.hub("partner", "certificate", room, "--file", installation.rooms[room].path)
        installation.partner("workers", kind="staff")
        installation.start()
        installation.anne = installation.person(id="ANNE")
        assert installation.staff("PUT", f"/v1/persons/{installation.anne}/access-card", CARD).status_code == 200
        known(installation)
        yield installation
    finally:
        installation.close()
        duty.stop()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


def known(hub, **query):
    """Waits until a card is found: within a second of its being saved, where the machine is not busy."""
    query = query or {"uprn": "100030300001"}
    return eventually(lambda: (a := ask(hub, **query).json()) and a.get("matches") == 1 and a, 10, why="the card")


def call(hub, path, body, room="emas", headers=None, url=None):
    certificate = hub.rooms[room].pair if room else None
    return requests.post((url or hub.url) + path, json=body, cert=certificate, headers=headers, timeout=10)


def ask(hub, room="emas", incident="INC-1", url=None, headers=None, **query):
    body = {"incident_ref": incident, "agency": room, "caller_id": "desk 4", "reason": "No answer at the door", "query": query}
    if room is None:
        del body["agency"]
    return call(hub, "/v1/emergency/lookup", body, room, headers, url)


def looks(hub, *options):
    return [json.loads(line) for line in hub.hub("emergency", "looks", "--all", "--by", "officer", *options).splitlines()]


def look(hub, answer):
    """The look as it is on record."""
    id = answer["lookup_id"]
    return eventually(lambda: next((each for each in looks(hub) if each["lookup_id"] == id), None), 30, why="the look")


def test_a_control_room_gets_what_helps_and_nothing_else(hub):
    answer = ask(hub, uprn="100030300001")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    answer = answer.json()
    card = answer["card"]
    assert answer["matches"] == 1 and answer["offline"] is False and answer["as_of"]
    assert card["person"] == {"given": "ANNE", "family": "TESTER", "dob": "1950-01-02", "nhs_number": "9990000018"}
    for section in "address", "entry", "occupants", "hazards", "crit":
        assert card[section] == CARD[section], section
    assert card["contacts"][0]["phone"] == "+441632960123"
    assert card["stale"] is False and card["valid_until"] == "2027-11-01"
    # The code is told when it is asked for, and each time is on record.
    reveal = card["key_safe"].pop("reveal")
    assert card["key_safe"] == {"present": True, "location": "Left of the door", "has_code": True}
    assert "K4711Q" not in json.dumps(answer)
    for number in range(2):
        told = call(hub, "/v1/emergency/key-safe", {"reveal": reveal, "caller_id": "desk 4"})
        assert told.status_code == 200 and told.json()["key_safe"]["code"] == "K4711Q"
        kept = look(hub, told.json())
        assert (kept["kind"], kept["repeated"]) == ("reveal", number == 1)
    kept = look(hub, answer)
    assert (kept["control_room"], kept["kind"], kept["outcome"], kept["persons"]) == ("emas", "look", "card", [hub.anne])
    [item] = [item for item in hub.work_items() if f"look {answer['lookup_id']}" in item["about"]]
    assert (item["kind"], item["code"], item["partner"], item["due"]) == ("emergency_look", "card", "emas", kept["review_by"])
    assert kept["asked"]["caller_id"] == "desk 4" and kept["asked"]["query"] == {"uprn": "100030300001"}
    trace = hub.hub("trace", hub.anne)
    line = next(line for line in trace.splitlines() if answer["lookup_id"] in line)
    assert "recipient=emas" in line and "released=ACCESS ADDRESS CRIT DOB FAMILY HAZARD NAME NHSNO" in line
    hub.hub("ledger", "verify")


def test_the_duty_officer_is_told_of_each_look_and_of_nobody(hub):
    answer = ask(hub, uprn="100030300001").json()
    told = eventually(lambda: hub.duty.told.get(f"look-{answer['lookup_id']}"), 30, why="the notice")
    assert told.pop("at") < told.pop("review_by")
    assert told == {
        "lookup_id": answer["lookup_id"], "control_room": "emas", "kind": "look", "outcome": "card", "offline": False, "unproved": False}
    # The first of all, which was refused once, came too.
    eventually(lambda: len(hub.duty.told) >= len(looks(hub)), 30, why="the first")
    assert "TESTER" not in json.dumps(hub.duty.told) and hub.anne not in json.dumps(hub.duty.told)


def test_each_service_gets_its_own_part(hub):
    for room in "derbys_fire", "derbys_police":
        card = ask(hub, room, uprn="100030300001").json()["card"]
        assert card["person"] == {"given": "ANNE", "family": "TESTER", "dob": "1950-01-02"}
        assert card["hazards"] and card["key_safe"]["has_code"]


@pytest.mark.parametrize("query", [
    {"uprn": "000100030300001"[-12:]}, {"postcode": "de12fs", "house": "1"}, {"postcode": "DE1 2FS", "house": "1 example street"},
    {"name": "tester", "dob": "1950-01-02"}, {"nhs_number": "999 000 0018"},
])
def test_a_person_is_found_by_what_a_control_room_knows(hub, query):
    assert ask(hub, **query).json()["matches"] == 1


@pytest.mark.parametrize("query", [
    {"uprn": "1"}, {"postcode": "DE1 2FS", "house": "2"}, {"postcode": "DE1 3FS", "house": "1"},
    {"name": "tester", "dob": "1950-01-03"}, {"name": "anne", "dob": "1950-01-02"}, {"nhs_number": "9990000026"},
    {"candidate": "AAAA"}, {"candidate": "x y"},
])
def test_whom_nobody_knows_is_none_and_the_look_is_on_record(hub, query):
    answer = ask(hub, **query).json()
    assert answer["matches"] == 0 and "card" not in answer and "candidates" not in answer
    kept = look(hub, answer)
    assert (kept["outcome"], kept["persons"]) == ("none", [])


def test_of_several_the_house_and_the_first_name_are_shown_and_one_can_be_chosen(hub):
    ben = hub.person(id="BEN", family="TESTER", number="9990000026", born="19480303")
    assert hub.staff("PUT", f"/v1/persons/{ben}/access-card", CARD).status_code == 200
    try:
        answer = eventually(
            lambda: (a := ask(hub, postcode="DE1 2FS", house="1").json()) and a["matches"] == 2 and a, 10, why="both")
        assert "card" not in answer
        for candidate in answer["candidates"]:
            assert set(candidate) == {"house", "given", "candidate"} and candidate["house"] == "1"
        text = json.dumps(answer)
        assert "TESTER" not in text and "9990000" not in text and hub.anne not in text
        kept = look(hub, answer)
        assert kept["outcome"] == "candidates" and sorted(kept["persons"]) == sorted([hub.anne, ben])
        chosen = answer["candidates"][0]["candidate"]
        assert ask(hub, candidate=chosen).json()["card"]["person"]["given"] == "ANNE"
        # For whom it was shown to, in the incident for which it was.
        assert ask(hub, "derbys_fire", candidate=chosen).json()["matches"] == 0
        assert ask(hub, incident="INC-2", candidate=chosen).json()["matches"] == 0
    finally:
        assert hub.staff("DELETE", f"/v1/persons/{ben}/access-card").status_code == 204
    # Taken away, it is told no more within a second.
    eventually(lambda: ask(hub, postcode="DE1 2FS", house="1").json()["matches"] == 1, 10, why="the removal")


def test_what_the_policy_forbids_is_not_told_and_why_is_on_record(hub):
    def deceased(on):
        changed = hub.staff("PATCH", f"/v1/persons/{hub.anne}/circumstances", {"deceased_on": on})
        assert changed.status_code == 200, changed.text

    deceased("2026-11-20")
    try:
        answer = eventually(lambda: (a := ask(hub, uprn="100030300001").json()) and a["matches"] == 0 and a, 10, why="it")
        assert "card" not in answer
        assert look(hub, answer)["persons"] == [hub.anne]
        line = next(line for line in hub.hub("trace", hub.anne).splitlines() if answer["lookup_id"] in line)
        assert "reason=deceased_review" in line and "released=" not in line
    finally:
        deceased(None)
    known(hub)
    # An objection or a restriction stops no ambulance.
    changed = hub.staff("PATCH", f"/v1/persons/{hub.anne}/circumstances", {"objections": ["all"], "restricted_on": "2026-11-20"})
    assert changed.status_code == 200
    # What was changed later is seen, so that was, too.
    assert hub.staff("PUT", f"/v1/persons/{hub.anne}/access-card", {**CARD, "occupants": {"adults": 2}}).status_code == 200
    eventually(lambda: ask(hub, uprn="100030300001").json()["card"]["occupants"] == {"adults": 2}, 10, why="the card")
    hub.staff("PATCH", f"/v1/persons/{hub.anne}/circumstances", {"objections": [], "restricted_on": None})
    assert hub.staff("PUT", f"/v1/persons/{hub.anne}/access-card", CARD).status_code == 200
    eventually(lambda: ask(hub, uprn="100030300001").json()["card"]["occupants"] == CARD["occupants"], 10, why="the card")


def test_only_control_rooms_are_let_in_and_never_by_an_api_key(hub):
    key = {"Authorization": f"Bearer {hub.keys['emas']}"}
    for room, headers in ((None, None), (None, key), ("emas", key), ("uhdb", None), ("emas", {"Authorization": "Basic x"})):
        for path in "/v1/emergency/lookup", "/v1/emergency/key-safe":
            refused = call(hub, path, {}, room, headers)
            assert refused.status_code == 401, (room, headers, path)
    assert ask(hub, None, uprn="1", headers={"Authorization": f"Bearer {hub.keys['workers']}"}).status_code == 401
    # A token, with or without a certificate.
    secret = KEYS["ES256"]()
    file = hub.folder / "emas.pub"
    file.write_bytes(pem_of(secret.public_key()))
    hub.hub("partner", "client-key", "emas", "--kid", "emas-1", "--file", file)
    signed = assertion(claims("emas", hub.token_url), "ES256", secret, "emas-1")
    given = requests.post(hub.token_url, {
        "grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}, timeout=10)
    bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
    eventually(lambda: ask(hub, None, uprn="100030300001", headers=bearer).status_code == 200, 10, why="the key")
    for room in "derbys_fire", "uhdb":
        assert call(hub, "/v1/emergency/lookup", {}, room, bearer).status_code == 401


def test_a_control_room_that_is_suspended_is_shut_out_within_a_second(hub):
    hub.hub("partner", "disable", "derbys_fire")
    try:
        eventually(lambda: ask(hub, "derbys_fire", uprn="1").status_code == 401, 1.5, why="the suspension")
    finally:
        hub.hub("partner", "enable", "derbys_fire")
    eventually(lambda: ask(hub, "derbys_fire", uprn="1").status_code == 200, 1.5, why="the return")


WHOLE = {"incident_ref": "INC-1", "agency": "emas", "caller_id": "desk 4", "reason": "x", "query": {"uprn": "1"}}


@pytest.mark.parametrize(("change", "path"), [
    ({"incident_ref": None}, "incident_ref"), ({"incident_ref": ""}, "incident_ref"), ({"incident_ref": "x" * 65}, "incident_ref"),
    ({"caller_id": None}, "caller_id"), ({"reason": ""}, "reason"), ({"reason": 7}, "reason"),
    ({"agency": "derbys_fire"}, "agency"), ({"query": None}, "query"), ({"query": {}}, "query"), ({"query": []}, "query"),
    ({"query": {"uprn": "1", "nhs_number": "9990000018"}}, "query"), ({"query": {"uprn": "x"}}, "query.uprn"),
    ({"query": {"uprn": "1" * 13}}, "query.uprn"), ({"query": {"postcode": "DE1 2FS"}}, "query"),
    ({"query": {"postcode": "nowhere", "house": "1"}}, "query.postcode"), ({"query": {"postcode": "DE1 2FS", "house": ""}}, "query.house"),
    ({"query": {"name": "x", "dob": "1950-13-01"}}, "query.dob"), ({"query": {"name": "", "dob": "1950-01-01"}}, "query.name"),
    ({"query": {"nhs_number": "1234567890"}}, "query.nhs_number"), ({"query": {"candidate": ""}}, "query.candidate"),
    ({"query": {"surname": "x"}}, "query"), ({"everything": True}, "everything"),
])
def test_a_question_that_is_none_is_refused_by_its_place_and_never_quoted(hub, change, path):
    body = {name: value for name, value in {**WHOLE, **change}.items() if value is not None}
    answer = call(hub, "/v1/emergency/lookup", body)
    assert answer.status_code == 422, answer.text
    assert path in [error["path"] for error in answer.json()["errors"]]
    assert "nowhere" not in answer.text and "1234567890" not in answer.text


def test_bodies_that_are_none(hub):
    own = hub.rooms["emas"].pair
    for body, status in ((b"", 400), (b"{", 400), (b"[]", 422), (b"\xff", 400), (b'{"a":1,"a":2}', 400), (b"x" * 20_000, 413)):
        for path in "/v1/emergency/lookup", "/v1/emergency/key-safe":
            assert requests.post(hub.url + path, body, cert=own, timeout=10).status_code == status, (body[:9], path)
    for body in ({"reveal": "AAAA", "caller_id": "x"}, {"reveal": "x y", "caller_id": "x"}):
        assert call(hub, "/v1/emergency/key-safe", body).status_code == 404
    for body in ({}, {"reveal": "AAAA"}, {"reveal": "AAAA", "caller_id": "x", "code": "1"}):
        assert call(hub, "/v1/emergency/key-safe", body).status_code == 422
    # Another's.
    reveal = ask(hub, uprn="100030300001").json()["card"]["key_safe"]["reveal"]
    assert call(hub, "/v1/emergency/key-safe", {"reveal": reveal, "caller_id": "x"}, "derbys_fire").status_code == 404


def test_cards_are_kept_by_staff_alone_and_what_is_wrong_is_named(hub):
    path = f"/v1/persons/{hub.anne}/access-card"
    read = hub.staff("GET", path).json()
    assert read["key_safe"]["code"] == "K4711Q" and read["saved_by"] == "workers" and read["version"] >= 1
    for method in "GET", "PUT", "DELETE":
        for room, headers, status in (("emas", {}, 403), (None, hub.authorised("uhdb"), 403), (None, {}, 401)):
            own = hub.rooms[room].pair if room else None
            answer = requests.request(method, hub.url + path, json=CARD, cert=own, headers=headers, timeout=10)
            assert answer.status_code == status, (method, room)
        assert hub.staff(method, f"/v1/persons/{uuid.uuid4()}/access-card", CARD).status_code == 404
    for change, place in (
        ({"address": None}, "address"), ({"verified_on": "2999-01-01"}, "verified_on"), ({"key": 1}, "key"),
        ({"hazards": [{"kind": "violence_marker"}]}, "hazards[0]"), ({"crit": [{"kind": "debts"}]}, "crit[0].kind"),
    ):
        answer = hub.staff("PUT", path, {**CARD, **change})
        assert answer.status_code == 422 and place in [error["path"] for error in answer.json()["errors"]], answer.text
    # A card past its day is shown with a remark.
    assert hub.staff("PUT", path, {**CARD, "valid_until": "2026-11-02"}).status_code == 200
    eventually(lambda: ask(hub, uprn="100030300001").json()["card"]["stale"], 10, why="the remark")
    # By the command too.
    file = hub.home / "card.json"
    file.write_text(json.dumps(CARD))
    assert json.loads(hub.hub("emergency", "card", hub.anne, "--file", file, "--by", "officer"))["valid_until"] == "2027-11-01"
    assert json.loads(hub.hub("emergency", "card", hub.anne, "--by", "officer"))["saved_by"] == "officer"
    eventually(lambda: not ask(hub, uprn="100030300001").json()["card"]["stale"], 10, why="the new card")


def test_a_card_is_drafted_out_of_referrals_and_saved_once_the_person_confirmed_it(hub):
    hub.partner("derby_riverside_school")
    person = hub.person(id="CARA", family="DRAFTED", number="9990000042", born="19410404")

    def refer(id, at, **more):
        said = hub.post("derby_riverside_school", json.dumps({
            "message_id": id, "sender": "derby_riverside_school", "sent_at": at, "type": "referral", "reason": "Alone with the dog",
            "person": {"family": "DRAFTED", "given": "CARA", "dob": "1941-04-04",
                       "identifiers": [{"type": "nhs_number", "value": "9990000042"}]},
            "referrer": {"name": "Robin Example"}, **more}), "application/json")
        assert said.status_code == 202, said.text
        [stored] = hub.worked_on(said.json()["receipt_id"])["referrals"]
        if stored["person_id"] != person:
            [match] = [each for each in hub.staff("GET", "/v1/matches").json()["matches"] if each["person_id"] == stored["person_id"]]
            decided = hub.staff("POST", f"/v1/matches/{match['match_id']}/decisions", {"decision": "same"})
            assert decided.status_code == 201, decided.text
        return {"referral_id": stored["referral_id"], "receipt_id": said.json()["receipt_id"]}

    first = refer("DRAFT-1", "2026-11-02T09:00:00+00:00", risks=[{"code": "dog", "detail": "Large, in the hall"}])
    second = refer(
        "DRAFT-2", "2026-11-03T09:00:00+00:00", risks=[{"code": "dog", "detail": "Small"}, {"code": "violence", "detail": "x"}],
        household=[{"relation": "son", "given": "Zebedee"}], needs=["mobility"],
        address={"lines": ["2 Draft Lane"], "town": "Derby", "postcode": "DE1 3FS"},
        extensions={"key_safe": {"location": "Porch", "code": "8264"}, "crit": {"communication": ["hearing_aid"]}})
    path = f"/v1/persons/{person}/access-card"
    drafted = hub.staff("GET", path + "/draft")
    assert drafted.status_code == 200 and drafted.headers["Cache-Control"] == "no-store", drafted.text
    draft = drafted.json()
    assert draft["person_id"] == person and draft["card"] == {
        "address": {"lines": ["2 Draft Lane", "Derby"], "postcode": "DE1 3FS"},
        "key_safe": {"location": "Porch", "code": "8264", "present": True},
        "hazards": [{"kind": "dog"}],
        "crit": [{"kind": "mobility"}, {"kind": "communication", "text": "hearing aid"}],
    }
    sources = {source["part"]: source for source in draft["sources"]}
    for part, where in (("address", "address"), ("key_safe", "extensions.key_safe"), ("hazards[0]", "risks[0]"), ("crit[0]", "needs[0]")):
        told = sources[part]
        assert (told["path"], told["sender"]) == (where, "derby_riverside_school")
        assert {key: told[key] for key in second} == second and told["sent_at"] == "2026-11-03T09:00:00Z"
    # What the hospital and the first referral say otherwise is named, not mixed in.
    assert [other["sender"] for other in sources["address"]["others"]] == ["uhdb"]
    left = [(each["path"], each["referral_id"]) for each in draft["left_out"]]
    # The first says no address, and the last that was said before it was that of the hospital.
    [old] = [each for each in draft["left_out"] if each["path"] == "risks[0]"]
    assert old["why"] == "Said of another address" and {key: old[key] for key in first} == first
    assert ("risks[0].detail", second["referral_id"]) in left
    assert ("risks[1]", second["referral_id"]) in left and ("household[0]", second["referral_id"]) in left
    assert "Zebedee" not in drafted.text and "Small" not in drafted.text and "in the hall" not in drafted.text
    # Nothing is kept until somebody has confirmed it.
    assert hub.staff("GET", path).status_code == 404
    assert hub.staff("PUT", path, draft["card"]).status_code == 422
    try:
        confirmed = {**draft["card"], "verified_on": "2026-11-04", "confirmed_by": "person"}
        assert hub.staff("PUT", path, confirmed).status_code == 200
        assert hub.staff("GET", path).json()["confirmed_by"] == "person"
        told = known(hub, postcode="DE1 3FS", house="2")
        assert told["card"]["hazards"] == draft["card"]["hazards"] and "confirmed_by" not in json.dumps(told)
    finally:
        hub.staff("DELETE", path)
    assert json.loads(hub.hub("emergency", "draft", person, "--by", "officer")) == draft
    views = [line for line in hub.hub("trace", person).splitlines() if "view" in line]
    assert any("actor=officer" in line for line in views) and any("actor=workers" in line for line in views)
    # Of those who are not there, and to those who may not.
    assert hub.staff("GET", f"/v1/persons/{uuid.uuid4()}/access-card/draft").status_code == 404
    assert hub.hub("emergency", "draft", str(uuid.uuid4()), "--by", "officer", check=False).returncode == 65
    for headers, status in ((hub.authorised("uhdb"), 403), ({}, 401)):
        assert requests.get(f"{hub.url}{path}/draft", headers=headers, timeout=10).status_code == status
    # Nor of the erased.
    gone = hub.person(id="FINN", family="ERASED", number="9990000077", born="19440707")
    hub.hub("person", "erase", gone, "--authority", "E-1", "--by", "officer", "--yes")
    answer = hub.staff("GET", f"/v1/persons/{gone}/access-card/draft")
    assert answer.status_code == 410 and answer.json()["title"] == "What was known of this person was erased", answer.text
    drafted = hub.hub("emergency", "draft", gone, "--by", "officer", check=False)
    assert drafted.returncode == 65 and "\nWhat was known of this person was erased.\n" in drafted.stderr, drafted.stderr


def test_a_person_can_be_told_who_looked(hub):
    dora = hub.person(id="DORA", family="WATCHED", number="9990000050", born="19420505")
    emil = hub.person(id="EMIL", family="BESIDE", number="9990000069", born="19430606")
    card = {**CARD, "address": {"house": "7", "postcode": "DE1 4FS", "lines": ["7 Watched Way"]}}
    path = f"/v1/persons/{dora}/looks"
    assert hub.staff("GET", path).json() == {"person_id": dora, "looks": []}
    for person in dora, emil:
        assert hub.staff("PUT", f"/v1/persons/{person}/access-card", card).status_code == 200
    number = {"nhs_number": "9990000050"}
    try:
        whole = known(hub, **number)
        both = eventually(
            lambda: (a := ask(hub, incident="INC-7", postcode="DE1 4FS", house="7").json()) and a["matches"] == 2 and a, 10, why="both")
        reveal = {"reveal": whole["card"]["key_safe"]["reveal"], "caller_id": "desk 4"}
        code = call(hub, "/v1/emergency/key-safe", reveal).json()
        phoned = hub.staff("POST", "/v1/emergency/calls", {
            "incident_ref": "INC-8", "agency": "emas", "call_back": "01632 960100", "answered_by": "officer-2", "caller_id": "Sam Desk",
            "reason": "No radio", "query": number}).json()
        hub.staff("PATCH", f"/v1/persons/{dora}/circumstances", {"deceased_on": "2026-11-20"})
        refused = eventually(
            lambda: (a := ask(hub, incident="INC-9", **number).json()) and a["matches"] == 0 and a, 10, why="the refusal")
        hub.staff("PATCH", f"/v1/persons/{dora}/circumstances", {"deceased_on": None})
        for each in both, code, phoned, refused:
            look(hub, each)
    finally:
        for person in dora, emil:
            hub.staff("DELETE", f"/v1/persons/{person}/access-card")
    hub.hub("emergency", "review", code["lookup_id"], "--note", "In order", "--by", "officer")
    text = hub.staff("GET", path).text
    told = {each["lookup_id"]: each for each in json.loads(text)["looks"]}
    assert json.loads(text)["looks"] == sorted(told.values(), key=lambda each: each["at"], reverse=True)
    groups = "ACCESS ADDRESS CRIT DOB FAMILY HAZARD NAME NHSNO".split()
    for answer, kind, what, of, incident, by_phone in (
        (whole, "look", "card", groups, "INC-1", False), (both, "look", "house_and_first_name", ["ADDRESS", "NAME"], "INC-7", False),
        (code, "reveal", "key_safe", ["ACCESS"], "INC-1", False), (phoned, "look", "card", groups, "INC-8", True),
        (refused, "look", "nothing", [], "INC-9", False),
    ):
        each = told[answer["lookup_id"]]
        assert (each["kind"], each["told"], each["groups"], each["incident_ref"], each["by_phone"]) == (kind, what, of, incident, by_phone)
        assert each["control_room"] == "East Midlands Ambulance Service" and each["unproved"] is False
        # In words once a duty officer has looked into it.
        assert each["reviewed"] == ("words" in each) == (answer is code)
    words = told[code["lookup_id"]]["words"]
    assert "East Midlands Ambulance Service" in words and "INC-1" in words and words.endswith("where your key safe is and its code.")
    # Nobody else: neither whom a look found besides, nor who asked or answered.
    for hidden in emil, "EMIL", "desk 4", "Sam Desk", "officer-2", "No answer at the door", "01632 960100", "K4711Q", "matches":
        assert hidden not in text, hidden
    assert [each["lookup_id"] for each in hub.staff("GET", f"/v1/persons/{emil}/looks").json()["looks"]] == [both["lookup_id"]]
    page = hub.staff("GET", f"{path}?before={phoned['lookup_id']}").json()["looks"]
    # Between them are those that came before the second card was known.
    before = [code["lookup_id"], both["lookup_id"], whole["lookup_id"]]
    assert [each["lookup_id"] for each in page if each["lookup_id"] in before] == before and page[0]["lookup_id"] == before[0]
    # Not so with what is no look, and with one at somebody else.
    other = f"/v1/persons/{emil}/looks"
    for wrong in f"{path}?before=x", f"{path}?before={uuid.uuid4()}", f"{other}?before={phoned['lookup_id']}":
        answer = hub.staff("GET", wrong)
        assert answer.status_code == 422 and [error["path"] for error in answer.json()["errors"]] == ["before"], answer.text
    refused = hub.hub("person", "looks", emil, "--before", phoned["lookup_id"], "--by", "officer", check=False)
    assert refused.returncode == 65 and "before" in refused.stderr, refused.stderr
    for command in ("person", "looks", dora), ("emergency", "looks"):
        refused = hub.hub(*command, "--limit", "0", "--by", "officer", check=False)
        assert refused.returncode == 64 and "at least 1" in refused.stderr, refused.stderr
    lines = hub.hub("person", "looks", dora, "--limit", "2", "--by", "officer").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(text)["looks"][:2]
    views = [line for line in hub.hub("trace", dora).splitlines() if "view" in line and code["lookup_id"] in line]
    assert any("actor=workers" in line for line in views)
    assert hub.staff("GET", f"/v1/persons/{uuid.uuid4()}/looks").status_code == 404
    assert hub.hub("person", "looks", str(uuid.uuid4()), "--by", "officer", check=False).returncode == 65
    for headers, status in ((hub.authorised("uhdb"), 403), ({}, 401)):
        assert requests.get(hub.url + path, headers=headers, timeout=10).status_code == status


def test_a_look_is_reviewed_once_and_so_many_raise_an_alarm(hub):
    kept = look(hub, ask(hub, "derbys_police", uprn="100030300001").json())
    assert "reviewed_at" not in kept and kept["review_by"] > kept["at"]
    hub.hub("emergency", "review", kept["lookup_id"], "--note", "Called the control room", "--by", "officer")
    assert not [item for item in hub.work_items() if f"look {kept['lookup_id']}" in item["about"]]
    kept = next(each for each in looks(hub) if each["lookup_id"] == kept["lookup_id"])
    assert (kept["reviewed_by"], kept["note"]) == ("officer", "Called the control room")
    again = hub.hub("emergency", "review", kept["lookup_id"], "--note", "x", "--by", "officer", check=False)
    assert again.returncode == 65
    unreviewed = hub.staff("GET", "/v1/emergency/looks").json()["looks"]
    assert unreviewed and kept["lookup_id"] not in [each["lookup_id"] for each in unreviewed]
    path = f"/v1/emergency/looks/{unreviewed[0]['lookup_id']}/review"
    assert hub.staff("POST", path, {}).status_code == 422
    assert hub.staff("POST", path, {"note": "In order"}).status_code == 204
    assert hub.staff("POST", path, {"note": "In order"}).status_code == 404

    def alarms():
        return [item["partner"] for item in hub.work_items() if item["kind"] == "emergency_alarm"]

    numbers = [number for number in range(999_000_203, 999_000_300) if (check := check_digit(number)) != 10][:30]
    for number in numbers:
        nhs = f"{number}{check_digit(number)}"
        person = hub.person(id=f"P{number}", family=f"NAME{number}", number=nhs, born="19300101")
        card = {**CARD, "address": {"uprn": str(number)}}
        assert hub.staff("PUT", f"/v1/persons/{person}/access-card", card).status_code == 200
    known(hub, uprn=str(numbers[-1]))
    assert "derbys_police" not in alarms()
    for number in numbers:
        assert ask(hub, "derbys_police", uprn=str(number)).json()["matches"] == 1
    eventually(lambda: alarms().count("derbys_police") == 1, why="the alarm")
    assert ask(hub, "derbys_police", uprn=str(numbers[0])).json()["matches"] == 1
    # Numbers that are tried out count, too.
    assert "derbys_fire" not in alarms()
    for number in range(30):
        assert ask(hub, "derbys_fire", uprn=str(7_000 + number)).json()["matches"] == 0
    eventually(lambda: alarms().count("derbys_fire") == 1, why="the alarm")


def check_digit(number):
    return (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(str(number))) % 11) % 11


def test_without_the_database_the_answer_is_the_same_and_says_as_of_when(hub):
    before = ask(hub, uprn="100030300001").json()
    with hub.without_database():
        time.sleep(6)
        started = time.monotonic()
        answer = ask(hub, uprn="100030300001").json()
        assert time.monotonic() - started < 1
        assert answer["card"]["address"] == before["card"]["address"] and answer["offline"] is True
        assert answer["as_of"] >= before["as_of"]
        told = call(hub, "/v1/emergency/key-safe", {"reveal": answer["card"]["key_safe"]["reveal"], "caller_id": "desk 4"})
        assert told.json()["key_safe"]["code"] == "K4711Q"
        # The process is killed: what was told is on this disk.
        hub.server.process.send_signal(signal.SIGKILL)
        hub.server.stop()
        # A node that answers control rooms alone starts without the database.
        hub.server = hub.serving("--only", "emergency")
        hub.server.start()
        eventually(hub.is_ready, 20, why="the node")
        again = ask(hub, uprn="100030300001").json()
        assert again["offline"] is True and again["card"]["address"] == before["card"]["address"]
        assert ask(hub, "derbys_fire", uprn="100030300001").status_code == 200
        assert ask(hub, "uhdb", uprn="100030300001").status_code == 401
    kept = look(hub, again)
    assert kept["offline"] is True
    for each in answer, told.json():
        assert look(hub, each)["persons"] == [hub.anne]
    eventually(lambda: ask(hub, uprn="100030300001").json()["offline"] is False, 30, why="the database's picture")
    hub.server.stop()
    hub.server = hub.serving()
    hub.start()
    entries = [line for line in hub.hub("trace", hub.anne).splitlines() if answer["lookup_id"] in line and "emergency_look" in line]
    assert len(entries) == 1
    hub.hub("ledger", "verify")


def test_a_full_journal_is_written_past_into_the_database(hub):
    # With neither there is no answer: a look that nobody is told of is not given.
    journal = hub.home / "data/emergency.journal"
    assert journal.stat().st_size == 4 << 20
    with hub.without_database():
        told = set()
        for _ in range(12_000):
            answer = ask_fast(hub)
            if answer.status_code != 200:
                break
            told.add(answer.json()["lookup_id"])
        assert answer.status_code == 503 and answer.json()["type"].endswith("not_on_record")
        assert len(told) > 1000
    eventually(lambda: ask_fast(hub).status_code == 200, 30, why="an answer")
    assert figure(hub, 'hub_emergency_looks_total{outcome="not_on_record"}') >= 1

    def missing():
        return told - set(hub.sql("SELECT id FROM access.look").split())

    # All are brought, and there is room again.
    eventually(lambda: not missing(), 60, every=1, why="the looks")
    eventually(lambda: figure(hub, "hub_emergency_journal_used_bytes") == 0, why="room")
    before = figure(hub, 'hub_emergency_looks_total{outcome="not_in_journal"}')
    for _ in range(20):
        assert ask_fast(hub).status_code == 200
    assert figure(hub, 'hub_emergency_looks_total{outcome="not_in_journal"}') == before
    hub.hub("ledger", "verify")


def figure(hub, name):
    lines = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0)


def test_of_somebody_who_was_found_to_be_another_the_last_card_is_told_once(hub):
    first = hub.person(id="TWIN1", family="TWIN", number="9990000034", born="19400404")
    second = hub.person(id="TWIN2", family="TWIN", number="", born="19400404")
    assert first != second
    [match] = [each for each in hub.staff("GET", "/v1/matches").json()["matches"] if second in json.dumps(each)]
    for person, uprn in ((first, "500"), (second, "501")):
        card = {**CARD, "address": {"uprn": uprn}}
        assert hub.staff("PUT", f"/v1/persons/{person}/access-card", card).status_code == 200
    known(hub, uprn="501")
    by_name = {"name": "twin", "dob": "1940-04-04"}
    eventually(lambda: ask(hub, **by_name).json()["matches"] == 2, 10, why="both")
    decided = hub.staff("POST", f"/v1/matches/{match['match_id']}/decisions", {"decision": "same", "reason": "x"})
    assert decided.status_code < 300, decided.text
    answer = eventually(lambda: (a := ask(hub, **by_name).json()) and a["matches"] == 1 and a, 10, why="the one")
    assert answer["card"]["address"]["uprn"] == "501" and answer["card"]["person"]["nhs_number"] == "9990000034"
    assert ask(hub, nhs_number="9990000034").json()["matches"] == 1 and ask(hub, uprn="500").json()["matches"] == 0
    undone = hub.staff("POST", f"/v1/matches/{match['match_id']}/decisions", {"decision": "undo", "reason": "x"})
    assert undone.status_code < 300, undone.text
    eventually(lambda: ask(hub, **by_name).json()["matches"] == 2, 10, why="both")


def test_a_card_that_cannot_be_read_keeps_nobody_from_the_others_and_no_suspension(hub):
    ned = hub.person(id="NED", family="NED", number="9990000050", born="19410404")
    assert hub.staff("PUT", f"/v1/persons/{ned}/access-card", {**CARD, "address": {"uprn": "600"}}).status_code == 200
    known(hub, uprn="600")
    hub.sql(f"UPDATE access.card SET sealed = 'damaged', changed_in = pg_current_xact_id() WHERE person = '{ned}'")
    eventually(lambda: ask(hub, uprn="600").json()["matches"] == 0, 10, why="it is told no more")
    assert ask(hub, uprn="100030300001").json()["offline"] is False
    hub.hub("partner", "disable", "derbys_fire")
    try:
        eventually(lambda: ask(hub, "derbys_fire", uprn="1").status_code == 401, 1.5, why="the suspension")
    finally:
        hub.hub("partner", "enable", "derbys_fire")
    assert f"person={ned}" in (hub.home / "hub.log").read_text()
    # Its key is destroyed: nobody is told, and nothing of it stays on this node's disk that could be opened.
    before = (hub.home / "data/emergency.snapshot").read_bytes()[:73]
    hub.sql(f"DELETE FROM record.person_key WHERE person = '{ned}'")
    assert hub.staff("PUT", f"/v1/persons/{ned}/access-card", CARD).status_code == 404
    assert ask(hub, uprn="100030300001").json()["matches"] == 1
    assert before


def ask_fast(hub):
    if not hasattr(hub, "session"):
        hub.session = requests.Session()
        hub.session.cert = hub.rooms["emas"].pair
    body = {**WHOLE, "reason": "x" * 500, "query": {"uprn": "100030300001"}}
    return hub.session.post(hub.url + "/v1/emergency/lookup", json=body, timeout=10)


def test_nothing_personal_stands_in_the_log_or_on_this_nodes_disk(hub):
    log = (hub.home / "hub.log").read_text()
    files = b"".join((hub.home / "data" / name).read_bytes() for name in ("emergency.snapshot", "emergency.journal"))
    for text in "TESTER", "K4711Q", "Example Street", "9990000018", "desk 4", "Robin":
        assert text not in log and text.encode() not in files


def test_the_duty_officer_is_told_by_mail(hub):
    waiting = [f'hub_queue_{state}{{queue="duty"}}' for state in ("ready", "delayed", "leased")]
    eventually(lambda: not any(figure(hub, name) for name in waiting), 180, every=1, why="the notices of before")
    port = free_port()
    relay = Relay(hub.home / "certificates/server", port)
    relay.start()
    text = (hub.home / "hub.yaml").read_text()
    mail = f"duty: {{ mail: {{ smtp: 'smtps://localhost:{port}', ca: certificates/ca.pem, from: hub@derby.example, to: duty@derby.example }} }}"
    (hub.home / "hub.yaml").write_text(re.sub(r"duty: \{ https: .*? \} \} \}", mail + " }", text))
    hub.server.stop()
    hub.start()
    try:
        answer = ask(hub, uprn="100030300001").json()
        mine = lambda: [mail for mail in relay.mails if answer["lookup_id"].encode() in mail[2].split(b"\r\n\r\n")[0]]
        [(sender, to, content)] = eventually(mine, 30, why="the mail")
        assert (sender, to) == ("hub@derby.example", ["duty@derby.example"])
        message = email.message_from_bytes(content)
        said = message.get_payload(decode=True).decode()
        assert message["Auto-Submitted"] == "auto-generated" and "emas has asked Derby Local Area Co-ordination" in said
        assert answer["lookup_id"] in said and "TESTER" not in said and hub.anne not in said
    finally:
        relay.stop()


@pytest.mark.parametrize(("change", "problem"), [
    ("emergency: { duty: {} }", "emergency.duty needs https or mail, and not both"),
    ("emergency: { duty: { mail: { smtp: 'http://x', from: a, to: 'b@c\\r\\n' } } }", "emergency.duty.mail.smtp must begin with smtps"),
    ("emergency: {}", "emergency lets no control room in"),
    ("emergency: { journal: 7x, review_hours: 0 }\nlisten: { url: 'https://hub.example' }", "review_hours must be a whole number"),
    ("emergency: { everything: 1 }", "emergency.everything is not known here"),
])
def test_settings_that_cannot_be_keep_the_hub_from_starting(change, problem, tmp_path):
    file = tmp_path / "hub.yaml"
    file.write_text(f"environment: test\norganisation: {{ id: derby_lac, name: Derby }}\n{change}\n")
    run = subprocess.run([HUB, "partner", "list", "--config", file], capture_output=True, text=True, timeout=60)
    assert run.returncode == 78 and problem in run.stderr, run.stderr


def phone(hub, by="workers", **changes):
    body = {"agency": "emas", "call_back": "+44 1632 960100", "answered_by": "officer-2", "caller_id": "desk 9", "incident_ref": "INC-77",
            "reason": "Radio is down", "query": {"uprn": "100030300001"}, **changes}
    body = {name: value for name, value in body.items() if value is not None}
    return requests.post(hub.url + "/v1/emergency/calls", json=body, headers=hub.authorised(by), timeout=10)


def test_who_phones_is_called_back_and_told_what_a_look_up_tells(hub):
    told = phone(hub)
    assert told.status_code == 200, told.text
    told = told.json()
    asked = ask(hub, incident="INC-77", uprn="100030300001").json()
    for answer in (told, asked):
        answer["card"]["key_safe"].pop("reveal", None) if answer is asked else None
        answer.pop("lookup_id"), answer.pop("as_of")
    reveal = told["card"]["key_safe"].pop("reveal")
    assert told == asked
    code = phone(hub, call_back="(01632) 960-101", incident_ref=None, reason=None, query=None, reveal=reveal)
    assert code.status_code == 200 and code.json()["key_safe"]["code"] == CARD["key_safe"]["code"]
    def phoned():
        return [each for each in looks(hub) if each["asked"].get("call") and each["asked"]["incident_ref"] == "INC-77"]

    on_record = eventually(lambda: (found := phoned())[1:] and found, why="the looks")
    assert {each["kind"] for each in on_record} == {"look", "reveal"}
    for each in on_record:
        assert each["control_room"] == "emas" and each["asked"]["caller_id"] == "desk 9"
        assert each["asked"]["call"]["answered_by"] == "workers/officer-2" and not each.get("reviewed_at")
    assert {each["asked"]["call"]["called_back"] for each in on_record} == {"+441632960100", "+441632960101"}


@pytest.mark.parametrize("change, path", [
    ({"call_back": "01632 960999"}, "call_back"), ({"call_back": None}, "call_back"), ({"call_back": "01632 960111"}, "call_back"),
    ({"agency": "derbys_fire"}, "agency"), ({"agency": None}, "agency"), ({"agency": "uhdb", "call_back": "01632 960111"}, "agency"),
    ({"agency": ["emas"]}, "agency"), ({"incident_ref": None}, "incident_ref"), ({"reason": None}, "reason"), ({"query": {}}, "query"),
    ({"answered_by": "Pat Officer"}, "answered_by"), ({"answered_by": None}, "answered_by"), ({"everything": 1}, "everything"), ({"reveal": "AAAA"}, "incident_ref"),
])
def test_a_call_that_cannot_be_is_refused_by_its_place(hub, change, path):
    answer = phone(hub, **change)
    assert answer.status_code == 422 and path in {error["path"] for error in answer.json()["errors"]}, answer.text
    assert "960999" not in answer.text


def test_nobody_but_staff_asks_for_a_control_room(hub):
    assert phone(hub, by="uhdb").status_code == 403
    body = {"agency": "emas", "call_back": "01632 960100", "answered_by": "x", "caller_id": "x", "incident_ref": "I", "reason": "x", "query": {"uprn": "1"}}
    assert call(hub, "/v1/emergency/calls", body).status_code == 403
    assert requests.post(hub.url + "/v1/emergency/calls", json=body, timeout=10).status_code == 401
    assert phone(hub, incident_ref=None, reason=None, query=None, reveal="AAAA").status_code == 404
