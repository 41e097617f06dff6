"""What rests on a law leaves only with an authority and a named person's approval; what staff saw beforehand is what leaves."""

import base64
import hashlib
import json

import pytest
from conftest import eventually

CONCERN = ("council_asc", "safeguarding")
ASKED = {"recipient": CONCERN[0], "purpose": CONCERN[1], "requested_by": "coordinator-3"}
OFFICER = {
    "role": "officer", "verdict": "approve", "approved_by": "officer-7", "name": "Pat Officer",
    "reason": "Risk of serious harm, section 42",
}


@pytest.fixture
def concerns(hub):
    """The council's adult social care stands where Derby Homes would, and takes JSON as they do."""
    config = hub.home / "hub.yaml"
    homes = next(line for line in config.read_text().splitlines() if line.startswith("  derby_homes:"))
    hub.server.stop()
    with config.open("a") as file:
        file.write(homes.replace("derby_homes", "council_asc") + "\n")
    hub.start()
    hub.start_derby_homes()
    return hub


def ask(hub, person, **more):
    answer = hub.staff("POST", "/v1/shares", {"person_id": person, **ASKED, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def answer(hub, share, **more):
    return hub.staff("POST", f"/v1/shares/{share}/approvals", {**OFFICER, **more})


def test_a_concern_waits_for_an_officer_who_sees_what_will_leave(concerns):
    hub = concerns
    person = hub.person()
    missing = hub.staff("POST", "/v1/shares", {"person_id": person, "recipient": CONCERN[0], "purpose": CONCERN[1]})
    assert missing.status_code == 422 and missing.json()["errors"][0]["path"] == "requested_by"
    share = ask(hub, person, authority_ref="CA2014-s42-0117")
    id = share["share_id"]
    assert (share["state"], share["decision"]["outcome"]) == ("parked", "REFER")
    assert (share["decision"]["reason"], share["decision"]["awaits"]) == ("officer_approval_required", "officer")
    [item] = [json.loads(line) for line in hub.hub("work", "list", "--kind", "parked_share", "--json").splitlines()]
    assert item["code"] == "officer_approval_required"

    preview = hub.staff("GET", f"/v1/shares/{id}/preview")
    assert preview.status_code == 200 and preview.headers["Content-Type"].startswith("application/vnd.lac.concern+json")
    digest = base64.b64encode(hashlib.sha256(preview.content).digest()).decode()
    assert preview.headers["Content-Digest"] == f"sha-256=:{digest}:"
    assert preview.json()["resident"]["lastName"] == "TESTER" and preview.json()["authority"] == "CA2014-s42-0117"
    assert hub.hub("share", "preview", id) == preview.text

    # Not by who asked, not in another capacity, not with another authority; nothing of it changes anything.
    for wrong in ({"approved_by": "coordinator-3"}, {"role": "dpo"}, {"role": "second"}, {"authority_ref": "another"}):
        assert answer(hub, id, **wrong).status_code == 409, wrong
    for wrong in ({"name": None}, {"reason": " "}, {"approved_by": "Pat Officer"}, {"role": "chief"}, {"verdict": "yes"}):
        assert answer(hub, id, **wrong).status_code == 422, wrong
    assert hub.share_state(id) == "parked" and hub.homes_received() == []

    approved = answer(hub, id).json()
    assert (approved["state"], approved["decision"]["outcome"]) == ("queued", "PERMIT"), approved
    assert [given["approved_by"] for given in approved["approvals"]] == ["workers/officer-7"]
    eventually(lambda: hub.share_state(id) == "delivered", why="delivery")
    [received] = hub.homes_received()
    assert received["key"] == id and received["sha256"] == hashlib.sha256(preview.content).hexdigest()
    assert answer(hub, id, approved_by="officer-8").status_code == 409
    assert hub.staff("GET", f"/v1/shares/{id}/preview").status_code == 409
    assert hub.hub("work", "list", "--kind", "parked_share", "--json") == ""

    told = hub.staff("GET", f"/v1/shares/{id}/approvals").json()["answers"]
    assert [(one["name"], one["reason"], one["verdict"]) for one in told] == [
        ("Pat Officer", OFFICER["reason"], "approve")
    ]
    trace = hub.hub("trace", id)
    assert "share_approved" in trace and "authority=CA2014-s42-0117" in trace and "approvals=officer=workers/officer-7" in trace
    assert "Pat" not in trace and "harm" not in trace
    assert "holds" in hub.hub("ledger", "verify")


def test_an_officer_may_name_the_authority_or_refuse(concerns):
    hub = concerns
    person = hub.person()
    share = ask(hub, person)
    assert (share["decision"]["reason"], share["decision"]["awaits"]) == ("legal_authority_required", "officer")
    assert hub.staff("GET", f"/v1/shares/{share['share_id']}/preview").status_code == 409
    shown = hub.staff("GET", f"/v1/shares/{share['share_id']}/preview?authority_ref=CA2014-s42-0120")
    assert shown.json()["authority"] == "CA2014-s42-0120"
    assert answer(hub, share["share_id"]).status_code == 409
    # In whichever letters: the asker is the asker.
    for same in ("Coordinator-3", "COORDINATOR-3"):
        refused = answer(hub, share["share_id"], approved_by=same, authority_ref="CA2014-s42-0120")
        assert refused.status_code == 409 and refused.json()["errors"][0]["path"] == "approved_by"
    assert answer(hub, share["share_id"], verdict="refuse", role="dpo").status_code == 409
    approved = answer(hub, share["share_id"], authority_ref="CA2014-s42-0120").json()
    assert (approved["state"], approved["authority_ref"]) == ("queued", "CA2014-s42-0120")
    eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="delivery")

    second = ask(hub, person, authority_ref="CA2014-s42-0121")["share_id"]
    run = hub.hub("share", "approve", second, stdin=json.dumps({**OFFICER, "verdict": "refuse"}))
    assert (json.loads(run)["state"], json.loads(run)["failure"]) == ("refused", "not_approved")
    assert hub.hub("share", "approve", second, stdin=json.dumps(OFFICER), check=False).returncode == 65
    [refusal] = json.loads(hub.hub("share", "approvals", second))["answers"]
    assert refusal["verdict"] == "refuse"
    assert [line["key"] for line in hub.homes_received()] == [share["share_id"]]
    assert "share_not_approved" in hub.hub("trace", second)
    assert "holds" in hub.hub("ledger", "verify")


def test_what_is_entered_of_a_person_is_felt_by_every_share_that_waits(concerns):
    hub = concerns
    person = hub.person()
    hub.agree(person, ("derby_homes", "housing_support"))
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    housing = hub.share(person, "derby_homes", "housing_support")["share_id"]
    concern = ask(hub, person, authority_ref="CA2014-s42-0117")["share_id"]
    path = f"/v1/persons/{person}/circumstances"
    assert hub.staff("GET", path).json()["objections"] == []

    for wrong in ({}, {"objection": ["all"]}, {"objections": ["some"]}, {"erasure": "done"}, {"deceased_on": "soon"}, []):
        assert hub.staff("PATCH", path, wrong).status_code == 422, wrong
    assert hub.staff("PATCH", "/v1/persons/019aaaaa-0000-7000-8000-000000000000/circumstances", {"erasure": None}).status_code == 404

    # Under restriction an agreement from before permits nothing, and the data protection officer comes first.
    changed = hub.staff("PATCH", path, {"restricted_on": "2026-11-01"}).json()
    assert {one["share_id"]: one["state"] for one in changed["shares"]} == {housing: "cancelled", concern: "parked"}
    assert answer(hub, concern).status_code == 409
    share = answer(hub, concern, role="dpo", approved_by="dpo-1").json()
    assert (share["state"], share["decision"]["awaits"]) == ("parked", "officer")
    # One person, one answer.
    assert answer(hub, concern, approved_by="dpo-1").status_code == 409
    assert answer(hub, concern).json()["state"] == "queued"
    eventually(lambda: hub.share_state(concern) == "delivered", why="delivery")

    # An erasure that was asked for stops what consent carries until somebody has decided it.
    hub.staff("PATCH", path, {"restricted_on": None, "erasure": "requested"})
    waiting = hub.share(person, "derby_homes", "housing_support")
    assert (waiting["state"], waiting["decision"]["reason"]) == ("parked", "erasure_pending")
    assert "awaits" not in waiting["decision"]
    assert answer(hub, waiting["share_id"]).status_code == 409
    changed = json.loads(hub.hub("person", "change", person, stdin=json.dumps({"erasure": None})))
    assert changed["shares"] == [{"share_id": waiting["share_id"], "state": "queued"}]
    hub.hub("queue", "resume", "out.derby_homes")
    eventually(lambda: hub.share_state(waiting["share_id"]) == "delivered", why="delivery")
    assert hub.share_state(housing) == "cancelled"
    assert json.loads(hub.hub("person", "circumstances", person))["erasure"] is None
    trace = hub.hub("trace", person)
    assert "circumstances_changed" in trace and "changed=restricted_on" in trace
    assert "holds" in hub.hub("ledger", "verify")
