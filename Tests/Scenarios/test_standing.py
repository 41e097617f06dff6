"""A referral with a housing need proposes a share to Derby Homes; where the person's agreement has that line, it goes."""

import json

from conftest import eventually

HOUSING = ("derby_homes", "housing_support")


def refer(hub, id, needs=("housing_condition",), number="9990000018", **more):
    """A referral by a trust in the JSON envelope, worked on; its receipt and its person."""
    hub.partner("emas")
    body = {
        "message_id": id, "sender": "emas", "sent_at": "2026-11-20T09:30:00Z", "type": "referral",
        "person": {
            "given": "Anne", "family": "Tester", "dob": "1950-01-02",
            "identifiers": [{"type": "nhs_number", "value": number, "verified": True}],
        },
        "address": {"lines": ["1 Example Street"], "town": "Derby", "postcode": "DE1 2FS"},
        "reason": "Damp in the flat", "needs": list(needs),
        "referrer": {"name": "Nurse Test", "organisation": "Ward 1", "phone": "01632960123"}, **more,
    }
    answer = hub.post("emas", json.dumps(body), "application/json")
    assert answer.status_code == 202, answer.text
    receipt = hub.worked_on(answer.json()["receipt_id"])
    assert receipt["status"] == "accepted", receipt
    return receipt["referrals"][0]["person_id"]


def proposals(hub):
    return [item for item in hub.work_items() if item["kind"] == "proposed_share"]


def shares(hub):
    return [json.loads(line) for line in hub.hub("share", "list", "--json").splitlines()]


def test_staff_are_shown_what_the_person_could_agree_to_and_the_agreement_carries_the_next_one(hub):
    hub.start_derby_homes()
    person = refer(hub, "R1")
    [item] = proposals(hub)
    assert (item["code"], item["partner"]) == (HOUSING[1], HOUSING[0]) and person in item["about"]
    # Not again while it waits; and not for a need that is not Derby Homes' affair.
    assert refer(hub, "R2") == person
    assert len(proposals(hub)) == 1 and shares(hub) == []
    other = refer(hub, "R3", needs=("isolation",), number="9990000026")
    assert other != person and len(proposals(hub)) == 1

    # A worker has asked the person, who agrees; asking for the share ends the proposal.
    agreement = hub.agree(person, HOUSING)
    first = hub.share(person, *HOUSING)["share_id"]
    assert proposals(hub) == []
    eventually(lambda: hub.share_state(first) == "delivered", why="delivery")

    # From now on the line carries it.
    refer(hub, "R4", needs=("homelessness",))
    [standing] = [share for share in shares(hub) if share["id"] != first]
    eventually(lambda: hub.share_state(standing["id"]) == "delivered", why="the standing share's delivery")
    assert [line["key"] for line in hub.homes_received()] == [first, standing["id"]]
    assert "actor=hub:standing" in hub.hub("trace", standing["id"])

    # What was taken back is neither sent nor proposed.
    hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals", {"recipient": HOUSING[0]})
    refer(hub, "R5")
    assert len(shares(hub)) == 2 and proposals(hub) == []
    assert "holds" in hub.hub("ledger", "verify")


def test_a_standing_share_ends_with_the_referral_that_it_follows_from(hub):
    person = refer(hub, "R1", needs=("isolation",))
    hub.agree(person, HOUSING)
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    refer(hub, "R2")
    [standing] = shares(hub)
    assert standing["state"] == "queued"
    body = {
        "message_id": "W1", "sender": "emas", "sent_at": "2026-11-21T09:30:00Z", "type": "withdrawal",
        "in_reply_to": "R2", "person": {"family": "Tester"},
    }
    answer = hub.post("emas", json.dumps(body), "application/json")
    assert answer.status_code == 202, answer.text
    hub.worked_on(answer.json()["receipt_id"])
    eventually(lambda: hub.share_state(standing["id"]) == "cancelled", why="the end of the share")


def test_an_objection_is_stronger_than_the_line(hub):
    person = refer(hub, "R1", needs=("isolation",))
    hub.agree(person, HOUSING)
    hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"objections": ["all"]})
    refer(hub, "R2")
    assert shares(hub) == [] and proposals(hub) == []
