"""`hub person`, `hub agreement`, `hub share`, `hub trace` and `hub ledger`."""

import json

import pytest

from conftest import UNKNOWN_ID

HOUSING = ("--recipient", "derby_homes", "--purpose", "housing_support")


def agreement(person, *recipients):
    scope = [{"recipient": recipient, "purposes": ["housing_support"]} for recipient in recipients]
    return json.dumps({"person_id": person, "signed_on": "2026-01-05", "signed_by": "subject", "scope": scope})


@pytest.fixture(scope="module")
def share(hub):
    """A permitted share that waits, because Derby Homes is not there; its agreement's id."""
    agreed = hub("agreement", "add", stdin=agreement(hub.person, "derby_homes"))
    assert agreed.code == 0, agreed
    asked = hub("share", "request", hub.person, *HOUSING)
    assert asked.code == 0, asked
    return json.loads(asked.out) | {"agreement": json.loads(agreed.out)["agreement_id"]}


class TestPerson:
    def test_is_shown_without_personal_data(self, hub):
        shown = json.loads(hub("person", "show", hub.person).out)
        assert shown["person_id"] == hub.person and shown["case_state"] == "open"
        assert shown["referrals"] >= 1 and shown["has_verified_nhs_number"] is True

    def test_is_found_by_a_number_on_standard_input(self, hub):
        assert hub("person", "find", stdin="999 000 0018\n").out.split() == [hub.person]
        for nobody in ("9990000042\n", "", "no number"):
            assert hub("person", "find", stdin=nobody).code == 65

    def test_is_listed_with_the_referral(self, hub):
        rows = [json.loads(line) for line in hub("person", "list", "--json").out.splitlines()]
        row = next(row for row in rows if row["person"] == hub.person)
        assert (row["sender"], row["type"]) == ("uhdb", "referral")
        assert hub.person in hub("person", "list").out
        assert hub("person", "list", "--after", rows[-1]["referral"], "--json").out == ""

    def test_who_is_unknown_ends_with_65(self, hub):
        assert hub("person", "show", UNKNOWN_ID).code == 65


class TestShare:
    def test_an_agreement_permits_it(self, hub, share):
        assert share["state"] == "queued" and share["decision"]["outcome"] == "PERMIT"
        assert share["decision"]["agreement_id"] == share["agreement"]
        shown = json.loads(hub("share", "show", share["share_id"]).out)
        assert shown["share_id"] == share["share_id"] and shown["recipient"] == "derby_homes"

    def test_is_listed(self, hub, share):
        rows = [json.loads(line) for line in hub("share", "list", "--json").out.splitlines()]
        row = next(row for row in rows if row["id"] == share["share_id"])
        assert (row["recipient"], row["purpose"]) == ("derby_homes", "housing_support")
        assert share["share_id"] in hub("share", "list").out
        assert len(hub("share", "list", "--limit", "1", "--json").out.splitlines()) == 1

    @pytest.mark.parametrize(
        "recipient, reason",
        [("uhdb", "recipient_not_in_agreement"), ("nobody", "recipient_not_listed")],
    )
    def test_what_may_not_go_ends_with_65_and_its_reason(self, hub, share, recipient, reason):
        refused = hub("share", "request", hub.person, "--recipient", recipient, "--purpose", "care_support")
        assert refused.code == 65
        answer = json.loads(refused.out)
        assert answer["state"] == "refused" and answer["decision"]["reason"] == reason
        assert answer["decision"]["explanation"] and answer["decision"]["released"] == []

    def test_what_is_unknown_ends_with_65(self, hub):
        assert hub("share", "show", UNKNOWN_ID).code == 65
        assert hub("share", "request", UNKNOWN_ID, *HOUSING).code == 65
        assert "person_id: " in hub("share", "request", "no-id", *HOUSING).remarks
        assert hub("agreement", "withdraw", UNKNOWN_ID).code == 65

    @pytest.mark.parametrize("words", [("agreement", "show"), ("agreement", "list"), ("share", "cancel")])
    def test_an_id_of_nothing_ends_with_65_and_one_that_is_none_with_64(self, hub, words):
        assert hub(*words, UNKNOWN_ID).code == 65
        assert hub(*words, "x").code == 64

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"person_id":"CANARYNAME"}', "[" * 100_000])
    def test_an_agreement_that_cannot_be_read_ends_with_65(self, hub, text):
        refused = hub("agreement", "add", stdin=text)
        assert refused.code == 65 and refused.remarks and refused.out == ""

    def test_an_agreement_of_an_unknown_person_ends_with_65(self, hub):
        assert hub("agreement", "add", stdin=agreement(UNKNOWN_ID, "derby_homes")).code == 65


class TestTrace:
    def test_tells_a_share_in_order(self, hub, share):
        lines = [json.loads(line) for line in hub("trace", share["share_id"], "--json").out.splitlines()]
        assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
        kinds = [line["kind"] for line in lines]
        assert kinds.index("share_requested") < kinds.index("share_decided") and "queue" in kinds
        assert "out.derby_homes enqueued" in hub("trace", share["share_id"]).out

    def test_tells_a_person(self, hub):
        assert "referral_stored" in hub("trace", hub.person).out

    def test_of_an_unknown_id_ends_with_65(self, hub):
        for id in (UNKNOWN_ID, "999999999"):
            unknown = hub("trace", id)
            assert unknown.code == 65 and unknown.out == "" and id in unknown.remarks


def test_the_ledger_holds_and_is_exported_in_order(hub, share):
    holds = hub("ledger", "verify")
    assert holds.code == 0 and holds.out.startswith("the ledger holds: ")
    lines = [json.loads(line) for line in hub("ledger", "export").out.splitlines()]
    assert [line["position"] for line in lines] == list(range(len(lines)))
    for line in lines:
        assert {"id", "at", "kind", "commitment", "leaf"} <= set(line)
        assert len(line["commitment"]) == len(line["leaf"]) == 64
    asked = [line for line in lines if line["kind"] == "share_requested"]
    assert any(share["share_id"] in line["bytes"] for line in asked)
    rest = [json.loads(line) for line in hub("ledger", "export", "--from", "2").out.splitlines()]
    assert rest[: len(lines) - 2] == lines[2:]
    assert hub("ledger", "export", "--from", "1000000").out == ""


def test_a_withdrawal_cancels_what_waits_once(hub, share):
    withdrawn = json.loads(hub("agreement", "withdraw", share["agreement"]).out)
    assert withdrawn == {"agreement_id": share["agreement"], "cancelled_shares": [share["share_id"]]}
    assert json.loads(hub("share", "show", share["share_id"]).out)["state"] == "cancelled"
    assert json.loads(hub("agreement", "withdraw", share["agreement"]).out)["cancelled_shares"] == []
    refused = hub("share", "request", hub.person, *HOUSING)
    assert refused.code == 65 and json.loads(refused.out)["decision"]["outcome"] == "DENY"
