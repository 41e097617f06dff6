"""What is known of a share after its channel took it: the partner's own word, a person's, and what nobody can know."""

import json

import pytest

from conftest import eventually
from installation import Installation

CARE, HOUSING = ("uhdb", "care_support"), ("derby_homes", "housing_support")


def delivered(hub, person, recipient, purpose):
    share = hub.share(person, recipient, purpose)["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    return share


def acknowledgement(hub, share):
    return hub.staff("GET", f"/v1/shares/{share}").json().get("acknowledgement")


def rri(id, reference, status):
    return (
        f"MSH|^~\\&|PAS|RTG|LACHUB|derby_lac|20261123101500+0000||RRI^I12^RRI_I12|{id}|P|2.4|||AL|NE|GBR\r"
        f"MSA|AA|X1\rRF1|{status}|||||{reference}^derby_lac\rPRD|RT^Referred to Provider^HL70286|||||||RTG\r"
        "PID|1||9990000018^^^NHS^NH||TESTER^ANNE||19500102|2\r"
    )


def replied(hub, id, reference, status):
    answer = hub.post("uhdb", rri(id, reference, status), "application/hl7-v2")
    assert answer.status_code in (200, 202), answer.text
    return hub.worked_on(answer.json()["receipt_id"])


def short(share):
    return share.replace("-", "").upper()[-20:]


def test_the_trusts_reply_is_known_by_the_share_that_it_names(hub):
    hub.start_mesh()
    person = hub.person()
    hub.agree(person, CARE)
    share = delivered(hub, person, *CARE)
    waiting = acknowledgement(hub, share)
    assert (waiting["awaited"], waiting["state"]) == ("reply", "waiting") and "told_at" not in waiting

    # A reply about a share that the trust was never given: nothing of ours moves.
    assert replied(hub, "R0", "0" * 20, "A")["status"] == "accepted"
    assert acknowledgement(hub, share)["state"] == "waiting"
    [unbound] = [item for item in hub.work_items() if item["kind"] == "unbound_message"]
    assert (unbound["code"], unbound["partner"]) == ("share_unknown", "uhdb")

    receipt = replied(hub, "R1", short(share), "A")
    assert receipt["status"] == "accepted" and not receipt.get("referrals")
    told = acknowledgement(hub, share)
    assert (told["state"], told["code"], told["told_by"]) == ("taken", "accepted", "uhdb")
    # The same again, as the same message and as another.
    replied(hub, "R1", short(share), "A")
    replied(hub, "R2", short(share), "A")
    assert acknowledgement(hub, share) == told
    assert hub.hub("trace", share).count("share_acknowledged") == 1

    # The trust changes its mind.
    replied(hub, "R3", short(share), "R")
    refused = acknowledgement(hub, share)
    assert (refused["state"], refused["code"]) == ("refused", "rejected")
    [item] = [item for item in hub.work_items() if item["kind"] == "refused_share"]
    assert (item["code"], item["partner"]) == ("rejected", "uhdb")
    assert hub.share_state(share) == "delivered"
    assert "holds" in hub.hub("ledger", "verify")


def test_a_person_enters_what_the_recipient_said(hub):
    hub.start_derby_homes()
    person = hub.person()
    hub.agree(person, HOUSING)
    refused = hub.share(person, "uhdb", "care_support")["share_id"]
    share = delivered(hub, person, *HOUSING)
    # The transport's own success is enough for Derby Homes.
    assert acknowledgement(hub, share) is None

    path = f"/v1/shares/{share}/acknowledgements"
    assert hub.staff("POST", path, {"verdict": "perhaps"}).status_code == 422
    assert hub.staff("POST", path, {}).status_code == 422
    assert hub.staff("POST", f"/v1/shares/{refused}/acknowledgements", {"verdict": "taken"}).status_code == 409
    nobody = "/v1/shares/01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f/acknowledgements"
    assert hub.staff("POST", nobody, {"verdict": "taken"}).status_code == 404
    answer = hub.staff("POST", path, {"verdict": "taken", "code": "by_phone", "requested_by": "lac-7"})
    assert answer.status_code == 200, answer.text
    told = answer.json()["acknowledgement"]
    assert (told["state"], told["code"], told["told_by"]) == ("taken", "by_phone", "workers/lac-7")

    shown = json.loads(hub.hub("share", "acknowledge", share, "--verdict", "refused", "--code", "moved_away"))
    assert shown["acknowledgement"]["state"] == "refused"
    assert hub.hub("share", "acknowledge", refused, "--verdict", "taken", check=False).returncode == 65


@pytest.fixture
def forgetful(home):
    """A hub for whose Derby Homes the same document twice is two, and which waits a second for its answer."""
    installation = Installation(home, partners=[("uhdb", "partner"), ("workers", "staff")])
    installation.adapt("derby_homes", ("    per_second: 10\n", "    per_second: 10\n    repeats: never\n"))
    installation.configure("timeout: 5", "timeout: 1")
    installation.start()
    yield installation
    installation.close()


def test_what_may_have_arrived_is_not_sent_again_to_a_partner_that_knows_no_repeat(forgetful):
    hub = forgetful
    homes = hub.start_derby_homes("--delay", "3000")
    person = hub.person()
    hub.agree(person, HOUSING)
    share = hub.share(person, *HOUSING)["share_id"]
    failed = eventually(
        lambda: (s := hub.staff("GET", f"/v1/shares/{share}").json())["state"] == "failed" and s, 60, why="giving up")
    assert (failed["failure"], failed["attempts"]) == ("outcome_unknown", 1)
    [item] = [item for item in hub.work_items() if item["kind"] == "failed_share"]
    assert item["code"] == "outcome_unknown"
    eventually(lambda: hub.homes_received(), why="what arrived all the same")

    # Somebody has asked Derby Homes, who know nothing of it, and says: send it again.
    homes.stop()
    hub.start_derby_homes()
    hub.hub("queue", "replay", "out.derby_homes", "--cause", "outcome_unknown")
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    assert hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] == 2


@pytest.fixture
def pickup(home):
    """A hub from whose own folders the police fetch."""
    installation = Installation(
        home, outbound=False, settings=["outbound: { derbys_police: { folder: {} } }"],
        partners=[("uhdb", "partner"), ("workers", "staff")])
    installation.start()
    yield installation
    installation.close()


def test_a_file_is_taken_in_when_it_was_fetched_and_taken_back_when_it_may_no_longer_lie_there(pickup):
    hub, police = pickup, ("derbys_police", "support_referral")
    lies = hub.home / "drop/derbys_police"
    fetched_by = hub.person()
    hub.agree(fetched_by, police)
    share = delivered(hub, fetched_by, *police)
    [name] = [file.name for file in (lies / "out").iterdir() if file.suffix == ".json"]
    assert {file.name for file in (lies / "out").iterdir()} == {name, f"{name}.sha256", f"{name}.done"}
    assert acknowledgement(hub, share)["state"] == "waiting"
    (lies / "ack" / f"{name}.rcv").touch()
    for file in (lies / "out").iterdir():
        file.unlink()
    told = eventually(
        lambda: (a := acknowledgement(hub, share))["state"] == "taken" and a, 60, why="the receipt")
    assert (told["awaited"], told["told_by"]) == ("fetched", "channel")

    withdrawn = hub.person("OTHER", "9990000026", "19610304")
    agreement = hub.agree(withdrawn, police)
    share = delivered(hub, withdrawn, *police)
    assert [file for file in (lies / "out").iterdir() if file.suffix == ".done"]
    assert hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals", {}).status_code == 201
    eventually(lambda: hub.share_state(share) == "cancelled", 60, why="taking it back")
    assert list((lies / "out").iterdir()) == []
    [item] = [item for item in hub.work_items() if item["kind"] == "failed_share"]
    assert item["code"] == "agreement_revoked"
    assert "taken_back" in hub.hub("trace", share)
