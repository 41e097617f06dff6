"""Two who may be one: nobody is joined by machine on less than a verified number, staff decide, and may take it back."""

import json

import requests

HOUSING = ("derby_homes", "housing_support")


def refer(hub, id, **person):
    """A school's referral, of whom it knows no number; the person's id."""
    hub.partner("derby_riverside_school")
    body = {
        "message_id": id, "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00", "type": "referral",
        "person": {"given": "Elizabeth", "family": "Canary", "dob": "1950-04-03", "phone": ["01632960111"], **person},
        "address": {"lines": ["12 Example Street"], "town": "Derby", "postcode": "DE1 2FS"},
        "reason": "Would like company", "referrer": {"name": "A Teacher"},
    }
    answer = hub.post("derby_riverside_school", json.dumps(body), "application/json")
    receipt = answer.json()["receipt_id"]
    [referral] = hub.worked_on(receipt)["referrals"]
    return referral["person_id"], receipt


def decide(hub, match, decision, **more):
    return hub.staff("POST", f"/v1/matches/{match}/decisions", {"decision": decision, **more})


def test_who_looks_alike_is_shown_to_staff_who_decide_and_take_it_back(hub):
    known, _ = refer(hub, "A1")
    person, receipt = refer(hub, "A2", given="Liz", dob="1950-03-04")
    assert person != known
    [match] = hub.staff("GET", "/v1/matches").json()["matches"]
    assert (match["person_id"], match["known_person_id"], match["code"]) == (person, known, "looks_alike")
    shown = hub.staff("GET", f"/v1/matches/{match['match_id']}").json()
    levels = {one["field"]: one["level"] for one in shown["comparison"]["evidence"]}
    assert (levels["given"], levels["birth_date"], levels["address"]) == ("nickname", "swapped", "exact")
    assert (shown["person"]["person"]["given"], shown["known"]["person"]["given"]) == ("Liz", "Elizabeth")
    assert "Canary" not in hub.dump()
    printed = hub.hub("match", "list") + hub.hub("match", "show", match["match_id"])
    assert match["match_id"] in printed and "Canary" not in printed and "Liz" not in printed

    # Nothing leaves meanwhile: what is on its way when they become one is judged again at its next attempt.
    hub.server.stop()
    hub.server = hub.serving("--only", "api")
    hub.start()
    hub.agree(known, HOUSING)
    share = hub.share(known, *HOUSING)
    assert share["state"] == "queued"
    decided = decide(hub, match["match_id"], "same", reason="Liz told us")
    assert decided.status_code == 201 and decided.json()["parked_shares"] == [share["share_id"]]
    assert decide(hub, match["match_id"], "different").status_code == 409
    assert hub.receipt(receipt)["referrals"][0]["person_id"] == known
    assert hub.share(known, *HOUSING)["decision"]["reason"] == "no_agreement"
    summary = json.loads(hub.hub("person", "show", known))
    assert (summary["referrals"], summary["merged"]) == (2, [person])
    kinds = [item["kind"] for item in hub.work_items()]
    assert "parked_share" in kinds and "match_review" not in kinds

    assert hub.hub("match", "undo", match["match_id"], "--by", "worker-7") == "open\n"
    assert hub.receipt(receipt)["referrals"][0]["person_id"] == person
    assert hub.share(known, *HOUSING)["state"] == "queued"
    assert hub.hub("match", "decide", match["match_id"], "different", "--by", "worker-7") == "different\n"
    assert hub.staff("GET", "/v1/matches").json()["matches"] == []
    assert "match_decided" in hub.hub("trace", person) and "holds" in hub.hub("ledger", "verify")
    refused = hub.hub("match", "decide", match["match_id"], "same", "--by", "worker-7", check=False)
    assert refused.returncode == 65


def test_matches_are_for_staff_and_refuse_what_makes_no_sense(hub):
    hub.partner("uhdb")
    url, nobody = hub.url + "/v1/matches", "01a203ba-4b9f-738f-98f1-a506b885f660"
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, headers=hub.authorised("uhdb"), timeout=10).status_code == 403
    assert requests.post(f"{url}/{nobody}/decisions", headers=hub.authorised("uhdb"), timeout=10).status_code == 403
    assert hub.staff("GET", f"/v1/matches/{nobody}").status_code == 404
    assert hub.staff("GET", "/v1/matches/no-id").status_code == 404
    assert hub.staff("GET", "/v1/matches?limit=0&person=x").status_code == 422
    assert decide(hub, nobody, "same").status_code == 404
    for body in ({}, {"decision": "merge"}, {"decision": "same", "reason": "x" * 3000}, {"decision": 7}):
        assert hub.staff("POST", f"/v1/matches/{nobody}/decisions", body).status_code == 422, body
    assert hub.hub("match", "show", nobody, check=False).returncode == 65
    assert hub.hub("match", "decide", nobody, "undo", "--by", "x", check=False).returncode == 64
