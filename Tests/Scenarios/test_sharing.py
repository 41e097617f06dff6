"""Nothing leaves without a permit of this moment."""

import json

from conftest import eventually

HOUSING = ("derby_homes", "housing_support")
CARE = ("uhdb", "care_support")


def test_an_agreement_lets_a_share_reach_derby_homes_and_the_trust(hub):
    hub.start_derby_homes()
    hub.start_mesh()
    hub.start_trust()
    person = hub.person()
    hub.agree(person, HOUSING, CARE)
    housing, care = hub.share(person, *HOUSING), hub.share(person, *CARE)
    for share in (housing, care):
        assert share["decision"]["outcome"] in ("PERMIT", "PERMIT_REDUCED"), share
        eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="delivery")
    assert [line["key"] for line in hub.homes_received()] == [housing["share_id"]]
    [collected] = eventually(hub.trust_collected, why="the trust's mailbox")
    # HL7 v2.4 gives MSH-10 twenty characters: the end of the share's id.
    assert care["share_id"].replace("-", "").upper().endswith(collected["key"].upper())
    assert "holds" in hub.hub("ledger", "verify")
    trace = hub.hub("trace", housing["share_id"])
    assert "delivered" in trace and "TESTER" not in trace


def test_without_an_agreement_it_is_refused_with_its_reason(hub):
    share = hub.share(hub.person(), *HOUSING)
    assert share["state"] == "refused"
    assert (share["decision"]["outcome"], share["decision"]["reason"]) == ("DENY", "no_agreement")
    assert share["decision"]["explanation"]


def test_a_request_that_is_sent_again_makes_nothing_again(hub):
    person = hub.person()
    key = {"Idempotency-Key": "ask-1"}
    scope = [{"recipient": HOUSING[0], "purposes": [HOUSING[1]]}]
    agreement = {"person_id": person, "signed_on": "2026-01-05", "signed_by": "subject", "scope": scope}
    answers = [hub.staff("POST", "/v1/agreements", agreement, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    share = {"person_id": person, "recipient": HOUSING[0], "purpose": HOUSING[1]}
    # One key for one request: this one is another.
    assert hub.staff("POST", "/v1/shares", share, **key).status_code == 409
    key = {"Idempotency-Key": "ask-2"}
    answers = [hub.staff("POST", "/v1/shares", share, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["share_id"] == answers[1].json()["share_id"]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert hub.staff("POST", "/v1/shares", share, **{"Idempotency-Key": "a key"}).status_code == 422
    listed = [json.loads(line) for line in hub.hub("share", "list", "--json").splitlines()]
    assert len(listed) == 1


def test_a_withdrawal_while_the_partner_is_down_means_it_never_arrives(hub):
    person = hub.person()
    agreement = hub.agree(person, HOUSING)
    share = hub.share(person, *HOUSING)
    assert share["state"] == "queued"
    # The partner is down: at least one attempt has failed.
    eventually(lambda: hub.staff("GET", f"/v1/shares/{share['share_id']}").json()["attempts"] >= 1, why="an attempt")
    withdrawn = hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals").json()
    assert withdrawn["cancelled_shares"] == [share["share_id"]]
    hub.start_derby_homes()
    # Another person's share goes through, so the queue has been worked on since.
    other = hub.person(family="OTHER", number="9990000026", born="19610203")
    hub.agree(other, HOUSING)
    later = hub.share(other, *HOUSING)
    eventually(lambda: hub.share_state(later["share_id"]) == "delivered", 60, why="the other delivery")
    assert hub.share_state(share["share_id"]) == "cancelled"
    assert [line["key"] for line in hub.homes_received()] == [later["share_id"]]


def test_a_share_that_waits_can_be_taken_back(hub):
    hub.start_derby_homes()
    person = hub.person()
    hub.agree(person, HOUSING)
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    first, second, third = (hub.share(person, *HOUSING)["share_id"] for _ in range(3))
    back = hub.staff("POST", f"/v1/shares/{first}/cancellations", {"requested_by": "officer-7"})
    assert (back.status_code, back.json()["state"], back.json()["failure"]) == (200, "cancelled", "taken_back")
    # To take it back twice is the same as once.
    assert hub.staff("POST", f"/v1/shares/{first}/cancellations").json()["state"] == "cancelled"
    assert json.loads(hub.hub("share", "cancel", second))["state"] == "cancelled"
    for body in ({"requested_by": "An Officer"}, {"requested_by": 7}, [], "x"):
        assert hub.staff("POST", f"/v1/shares/{third}/cancellations", body).status_code == 422, body
    hub.hub("queue", "resume", "out.derby_homes")
    eventually(lambda: hub.share_state(third) == "delivered", why="delivery")
    assert hub.staff("POST", f"/v1/shares/{third}/cancellations").status_code == 409
    assert hub.staff("POST", "/v1/shares/019aaaaa-0000-7000-8000-000000000000/cancellations").status_code == 404
    assert [line["key"] for line in hub.homes_received()] == [third]
    assert "holds" in hub.hub("ledger", "verify")
    assert "officer-7" in hub.hub("trace", first)


def test_one_line_of_an_agreement_is_withdrawn_alone(hub):
    person = hub.person()
    agreement = hub.agree(person, HOUSING, CARE)
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    share = hub.share(person, *HOUSING)["share_id"]
    path = f"/v1/agreements/{agreement}/withdrawals"
    for wrong in ({"line": -1}, {"line": "0"}, {"line": 0, "recipient": HOUSING[0]}):
        assert hub.staff("POST", path, wrong).status_code == 422, wrong
    assert hub.staff("POST", path, {"line": 2}).status_code == 404
    assert hub.staff("POST", path, {"line": 1}).json()["cancelled_shares"] == []
    assert json.loads(hub.hub("agreement", "withdraw", agreement, "--line", "0"))["cancelled_shares"] == [share]
    assert hub.hub("agreement", "withdraw", agreement, "--line", "0", "--recipient", "uhdb", check=False).returncode == 64
    assert hub.share(person, *HOUSING)["decision"]["reason"] == "recipient_withdrawn"


def test_agreements_tell_how_they_stand(hub):
    person = hub.person()
    first = hub.agree(person, HOUSING)
    scope = [
        {"recipient": HOUSING[0], "purposes": [HOUSING[1]], "groups": ["NAME"]},
        {"recipient": CARE[0], "purposes": [CARE[1]]},
    ]
    body = {
        "person_id": person, "signed_on": "2026-02-05", "signed_by": "attorney", "authority_evidence": "Lasting power 17",
        "guardian_permission": True, "scan_sha256": "ab" * 32, "witness": "coordinator-3", "scope": scope,
    }
    for key, wrong in (("guardian_permission", "yes"), ("scan_sha256", "ab"), ("witness", "A Coordinator")):
        answer = hub.staff("POST", "/v1/agreements", body | {key: wrong})
        assert answer.status_code == 422 and answer.json()["errors"][0]["path"] == key
    second = hub.staff("POST", "/v1/agreements", body).json()["agreement_id"]
    hub.staff("POST", f"/v1/agreements/{second}/withdrawals", {"recipient": CARE[0]})
    shown = hub.staff("GET", f"/v1/agreements/{second}")
    assert "power 17" not in shown.text
    shown = shown.json()
    assert (shown["state"], shown["has_authority_evidence"], shown["guardian_permission"]) == ("in_force", True, True)
    assert [(line["recipient"], "withdrawn_at" in line) for line in shown["scope"]] == [(HOUSING[0], False), (CARE[0], True)]
    assert shown["scope"][0]["groups"] == ["NAME"]
    listed = hub.staff("GET", f"/v1/persons/{person}/agreements").json()["agreements"]
    assert [(one["agreement_id"], one["state"]) for one in listed] == [(second, "in_force"), (first, "replaced")]
    hub.hub("agreement", "withdraw", second)
    assert json.loads(hub.hub("agreement", "show", second))["state"] == "revoked"
    # What was replaced does not come back.
    assert [one["state"] for one in json.loads(hub.hub("agreement", "list", person))] == ["revoked", "replaced"]
    nobody = "019aaaaa-0000-7000-8000-000000000000"
    assert hub.staff("GET", f"/v1/agreements/{nobody}").status_code == 404
    assert hub.staff("GET", f"/v1/persons/{nobody}/agreements").status_code == 404


def test_a_disabled_recipient_gets_nothing_more(hub):
    hub.start_derby_homes()
    hub.partner("derby_homes")
    person = hub.person()
    hub.agree(person, HOUSING)
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    queued = hub.share(person, *HOUSING)
    assert queued["state"] == "queued"
    hub.hub("partner", "disable", "derby_homes")
    hub.hub("queue", "resume", "out.derby_homes")
    asked = hub.share(person, *HOUSING)
    assert asked["decision"]["reason"] == "recipient_suspended"
    eventually(lambda: hub.share_state(queued["share_id"]) == "cancelled", why="the judgement at send")
    assert hub.homes_received() == []


def test_a_dump_of_the_database_tells_nothing(hub):
    hub.start_derby_homes()
    person = hub.person(family="CANARYNAME")
    hub.agree(person, HOUSING)
    share = hub.share(person, *HOUSING)
    eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="delivery")
    dump = hub.dump()
    assert "record" in dump and share["share_id"] in dump
    for canary in ("CANARYNAME", "Canaryname", "Example Street", "bereavement", "9990000018", "DE1 2FS", "01632960456"):
        assert canary not in dump, canary
        assert canary.encode().hex() not in dump, canary


def test_a_person_is_recognised_by_a_verified_number_and_a_second_field(hub):
    first = hub.person(id="P1")
    assert hub.person(id="P2") == first
    assert hub.person(id="P3", born="19711102") != first


def test_an_answer_to_another_persons_message_is_not_laid_upon_that_person(hub):
    hub.partner("derby_riverside_school")

    def send(id, family, born, **more):
        body = {
            "message_id": id, "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00",
            "type": "referral", "person": {"given": "Test", "family": family, "dob": born, "phone": ["01632960111"]},
            "reason": "Would like company", "referrer": {"name": "A Teacher"}, **more,
        }
        answer = hub.post("derby_riverside_school", json.dumps(body), "application/json")
        return hub.worked_on(answer.json()["receipt_id"])["referrals"]

    [first] = send("B1", "ZEBRA", "1950-01-02")
    [second] = send("B2", "YAK", "1980-03-04", in_reply_to="B1")
    assert second["person_id"] != first["person_id"]
    assert send("B3", "YAK", "1980-03-04", type="update", in_reply_to="B1") == []
    [same] = send("B4", "ZEBRA", "1950-01-02", type="update", in_reply_to="B1")
    assert same["person_id"] == first["person_id"]
    assert "names_another_person" in hub.hub("work", "list")


def test_what_is_later_than_the_partner_has_use_for_it_is_not_sent(hub):
    person = hub.person()
    hub.agree(person, HOUSING)
    share = hub.share(person, *HOUSING)["share_id"]
    # Derby Homes is down, for longer than the deadline of its adapter.
    eventually(lambda: hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] >= 1, why="an attempt")
    hub.sql("UPDATE record.share SET queued_at = queued_at - interval '60 days'")
    hub.start_derby_homes()
    eventually(lambda: hub.share_state(share) == "failed", 60, why="the end of it")
    assert hub.staff("GET", f"/v1/shares/{share}").json()["failure"] == "deadline_passed"
    assert hub.homes_received() == []
    # The message that was set aside is shown too, some seconds later.
    [item] = [item for item in hub.work_items() if item["kind"] == "failed_share"]
    assert item["code"] == "deadline_passed" and share in item["about"]
    assert "deadline_passed" in hub.hub("queue", "show", "out.derby_homes")
