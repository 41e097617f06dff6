"""The console's section Work in a real browser: matches, shares that wait for a person, looks of control rooms, children's forms
and all other work items."""

import contextlib
import html
import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import Certificate
from installation import Installation, eventually
from pages import LOOKS, browser, check_page, press_until, submit
from test_matches import decide, refer
from test_public_form import reference, send as send_form

WORK = "/console/work"
NOBODY = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
SCRIPT = "<script>alert(1)</script>"
MEMBERS = {
    "c.worker": "coordinator", "d.officer": "duty_officer", "p.privacy": "privacy_officer", "o.operator": "operator",
    "a.auditor": "auditor", "an.admin": "administrator",
}
CARD = {
    "address": {"house": "1", "lines": ["1 Example Street", "Derby"], "postcode": "DE1 2FS", "uprn": "100030300001"},
    "entry": {"door": "front"}, "occupants": {"adults": 1, "children": 0}, "verified_on": "2026-11-01",
}
# Whoever is alike in given name lives at one address here, and would be taken for one of the household.
NAMES = iter([
    ("Elizabeth", "Liz"), ("William", "Bill"), ("Margaret", "Peggy"), ("Robert", "Bob"), ("Catherine", "Kate"),
    ("Richard", "Dick"), ("Edward", "Ted"), ("Dorothy", "Dot"),
])
CONCERN = {"recipient": "council_asc", "purpose": "safeguarding", "requested_by": "coordinator-3"}


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Installation(
        home, partners=(("workers", "staff"), ("uhdb", "partner"), ("derby_riverside_school", "partner"), ("emas", "partner")),
        settings=["console: true", "public_form: { phone: 01632 960999 }",
                  "emergency: { journal_mebibytes: 4, call_back: { emas: ['01632 960 100'] } }"])
    (home / "clients").mkdir()
    hub.url = f"https://localhost:{hub.port}"
    hub.configure(
        f"listen: {{ host: 127.0.0.1, port: {hub.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {hub.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{hub.url}' }}")
    # The council's adult social care stands where Derby Homes would, and takes JSON as they do.
    homes = next(line for line in (home / "hub.yaml").read_text().splitlines() if line.startswith("  derby_homes:"))
    with (home / "hub.yaml").open("a") as file:
        file.write(homes.replace("derby_homes", "council_asc") + "\n")
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    try:
        hub.hub("partner", "certificate", "emas", "--file", Certificate(home / "clients", "emas").path)
        hub.start()
        hub.start_derby_homes()
        for name, role in MEMBERS.items():
            hub.member(name, role)
        hub.sessions = {name: hub.signed_in(name)[0] for name in MEMBERS}
        hub.anne = hub.person(id="ANNE")
        assert hub.staff("PUT", f"/v1/persons/{hub.anne}/access-card", CARD).status_code == 200
        eventually(lambda: look(hub)["matches"] == 1, 10, why="the card")
        yield hub
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


# What is to be worked on

def look(hub, **changes):
    """A control room phones, is called back, and asks."""
    answer = hub.staff("POST", "/v1/emergency/calls", {
        "agency": "emas", "call_back": "01632 960100", "answered_by": "officer-2", "caller_id": f"Desk 9 {SCRIPT}",
        "incident_ref": "INC-77", "reason": "No answer at the door", "query": {"uprn": "100030300001"}, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def look_to_review(hub):
    """Its id, once it is on record."""
    id = look(hub)["lookup_id"]
    eventually(lambda: any(f"look {id}" in item["about"] for item in hub.work_items()), why="the look's work item")
    return id


def match(hub, **person):
    """Two who look alike, and like nobody else, and wait for a decision: the match's id."""
    given, short = next(NAMES)
    family, year = "Canary" + "".join(random.sample("abcdefghijklmnopqrstuvwxyz", 10)), random.randint(1920, 1999)
    month, day = random.sample(range(1, 13), 2)
    known, _ = refer(hub, f"A{uuid.uuid4()}", given=given, family=family, dob=f"{year}-{month:02}-{day:02}", **person)
    newcomer, _ = refer(hub, f"B{uuid.uuid4()}", given=short, family=family, dob=f"{year}-{day:02}-{month:02}", **person)
    waiting = hub.staff("GET", f"/v1/matches?person={newcomer}").json()["matches"]
    return next(one["match_id"] for one in waiting if one["known_person_id"] == known)


def concern(hub, **more):
    """A share that waits for an officer: its id."""
    answer = hub.staff("POST", "/v1/shares", {"person_id": hub.anne, **CONCERN, "authority_ref": "CA2014-s42-0117", **more})
    assert answer.status_code == 201 and answer.json()["state"] == "parked", answer.text
    return answer.json()["share_id"]


def incomplete(hub, **more):
    """A referral without a reason, of somebody who is like nobody else; its work item's id."""
    name = "".join(random.sample("abcdefghijklmnopqrstuvwxyz", 12))
    body = {
        "message_id": f"I{uuid.uuid4()}", "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00", "type": "referral",
        "person": {"given": name[:6], "family": name[6:], "dob": f"19{random.randint(10, 99)}-{random.randint(1, 12):02}-11"}, "referrer": {"name": "A Teacher"}, **more}
    receipt = hub.post("derby_riverside_school", json.dumps(body), "application/json").json()["receipt_id"]
    assert hub.worked_on(receipt)["status"] == "incomplete"
    return next(item["id"] for item in hub.work_items() if f"receipt {receipt}" in item["about"])


def child(hub, harm="no"):
    """What a child wrote: its work item's id, and its receipt."""
    receipt = reference(send_form(hub, over_13="no", harm=harm).text)
    return next(item["id"] for item in hub.work_items() if f"receipt {receipt}" in item["about"]), receipt


def item(hub, kind, code="test"):
    """A work item of a kind, made behind the hub's back: what leads to it is tested elsewhere."""
    id = str(uuid.uuid4())
    # The hold of a child's form that holds no document is over.
    document = "(SELECT receipt FROM record.document LIMIT 1)" if kind == "under_13" else "NULL"
    hub.sql(f"""INSERT INTO record.work_item (id, created_at, kind, code, partner, submission)
                VALUES ('{id}', now(), '{kind}', '{code}', 'uhdb', {document})""")
    return id


# How it is met

def get(hub, name, path):
    return hub.sessions[name].get(hub.url + path, allow_redirects=False)


def post(hub, member, path, /, **fields):
    """Sends a form as a page of the session would; its token is on every page."""
    token = re.search(r'name="token" value="([^"]+)"', get(hub, member, WORK).text).group(1)
    return hub.sessions[member].post(hub.url + path, {"token": token, **fields}, allow_redirects=False)


@contextlib.contextmanager
def opened(hub, browser, name, scheme="light", width=1280, scripts=True):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts, ignore_https_errors=True)
    for cookie in hub.sessions[name].cookies:
        context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url, "secure": True}])
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    yield page
    context.close()


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def views(hub, about, by):
    rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'").splitlines()
    return sum(about in row and f"staff/{by}" in row for row in rows)


# The list

def test_what_is_due_is_listed_first_and_leads_to_where_it_is_dealt_with(hub):
    plain, urgent = incomplete(hub), incomplete(hub, urgency="emergency")
    text = get(hub, "c.worker", WORK).text
    assert text.index(urgent) < text.index(plain)
    assert re.search(rf'<h2><a href="{WORK}/items/{urgent}">Referral lacks something</a></h2>\s*<p class="state">When there is time: overdue</p>', text)
    assert "Something that must be there is missing." in text and "<dd>derby_riverside_school</dd>" in text
    flow = get(hub, "c.worker", "/console").text
    assert f'<a href="{WORK}?kind=incomplete_referral">referrals lack something</a>' in flow
    listed = get(hub, "c.worker", f"{WORK}?kind=incomplete_referral").text
    assert plain in listed and 'aria-current="page">' in listed
    assert set(re.findall(r'<h2><a href="[^"]*">([^<]*)</a></h2>', listed)) == {"Referral lacks something"}
    for name in "d.officer", "o.operator":
        text = get(hub, name, f"{WORK}?kind=incomplete_referral").text
        assert (plain in text) == (name == "d.officer")
    assert "Your account does not deal with these" in get(hub, "o.operator", f"{WORK}?kind=incomplete_referral").text
    for name in "a.auditor", "an.admin":
        assert "Your account deals with no work items" in get(hub, name, WORK).text


def test_pages_follow_each_other_without_a_gap_though_an_item_is_done_between(hub):
    hub.sql("""INSERT INTO record.work_item (id, created_at, due_at, kind, code)
               SELECT gen_random_uuid(), now(), CASE WHEN n <= 30 THEN now() + interval '1 day' END, 'failed_file', 'paging'
               FROM generate_series(1, 120) AS n""")
    path, found = f"{WORK}?kind=failed_file", []
    while path:
        text = get(hub, "o.operator", path).text
        items = re.findall(rf'<h2><a href="{WORK}/items/([^"]+)">', text)
        assert len(items) <= 50
        found += items
        hub.sql(f"UPDATE record.work_item SET state = 'done', done_at = now() WHERE id = '{items[-1]}'")
        following = re.search(r'<a href="([^"]+)">The next page</a>', text)
        path = following and html.unescape(following.group(1))
    assert len(found) == len(set(found)) == 120
    due = hub.sql("SELECT id FROM record.work_item WHERE code = 'paging' AND due_at IS NOT NULL").split()
    assert set(found[:30]) == set(due)
    hub.sql("UPDATE record.work_item SET state = 'done', done_at = now() WHERE code = 'paging' AND state = 'open'")
    assert "Nothing is listed here" in get(hub, "o.operator", f"{WORK}?kind=failed_file").text


@pytest.mark.parametrize("query", ["kind=nonsense", "kind=", "kind=%3Cscript%3E", "after=x", "after=%00"])
def test_a_list_that_is_none_is_not_found(hub, query):
    answer = get(hub, "c.worker", f"{WORK}?{query}")
    assert answer.status_code == 404 and "<script>" not in answer.text


# Matches

def test_a_match_is_decided_by_keyboard(hub, browser):
    pair = match(hub)
    with opened(hub, browser, "c.worker") as page:
        page.goto(hub.url + "/console")
        press_until(page, f"nav a[href='{WORK}']")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        press_until(page, f"a[href='{WORK}?kind=match_review']")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        press_until(page, ".items h2 a")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url == f"{hub.url}{WORK}/matches/{pair}", "the item leads to the two who wait"
        rows = {row.locator("th").inner_text().split("\n")[0].strip(): row for row in page.locator("table").first.locator("tbody tr").all()}
        given = next(row for label, row in rows.items() if label.startswith("Given names"))
        kept = hub.staff("GET", f"/v1/matches/{pair}").json()
        names = [kept[side]["person"]["given"] for side in ("person", "known")]
        assert "Differs" in given.inner_text() and given.locator("td").all_inner_texts() == names
        assert page.get_by_text("One is a short form of the other").count() == 1
        press_until(page, "#reason")
        page.keyboard.type("She told us")
        submit(page, "button[value=same]")
        assert page.locator("h1").inner_text() == "Are they one person?"
        assert hub.staff("GET", f"/v1/matches/{pair}").json()["state"] == "open", "nothing is done before it is confirmed"
        check_page(page)
        submit(page, "main form button")
        assert page.url == f"{hub.url}{WORK}/matches/{pair}"
        assert "They are one person" in page.locator(".panel").inner_text() and "“She told us”" in page.locator(".panel").inner_text()
        check_page(page)
        kept = hub.staff("GET", f"/v1/matches/{pair}").json()
        assert (kept["state"], kept["decisions"][-1]["by"]) == ("same", "staff/c.worker")
        submit(page, "button[value=undo]")
        submit(page, "main form button")
        assert hub.staff("GET", f"/v1/matches/{pair}").json()["state"] == "open"
    assert decide(hub, pair, "different").status_code == 201


def test_matches_are_decided_without_scripts_and_what_is_put_off_comes_last(hub, browser):
    first, second = match(hub), match(hub)
    with opened(hub, browser, "c.worker", scripts=False) as page:
        page.goto(f"{hub.url}{WORK}/matches/{first}")
        press(page, "Later")
        assert page.url == f"{hub.url}{WORK}/matches/{second}"
        assert hub.staff("GET", f"/v1/matches/{first}").json()["state"] == "later"
        press(page, "Different persons")
        assert "They are two persons" in page.content()
        with page.expect_navigation():
            page.get_by_role("link", name="Go to the next two").click()
        assert page.url == f"{hub.url}{WORK}/matches/{first}" and "To be decided later" in page.content()
        press(page, "Different persons")
        assert "No other two wait for a decision" in page.content()


def test_what_a_partner_wrote_is_shown_as_it_is_and_that_somebody_looked_is_entered(hub, browser):
    pair = match(hub, also_known_as=[SCRIPT], email="a\"onmouseover=alert(1)@example.org")
    shown = hub.staff("GET", f"/v1/matches/{pair}").json()
    before = [views(hub, shown[side]["person_id"], "c.worker") for side in ("person", "known")]
    with opened(hub, browser, "c.worker") as page:
        page.goto(f"{hub.url}{WORK}/matches/{pair}")
        assert page.get_by_text(SCRIPT).count() == 2 and page.locator("main script").count() == 0
    assert [views(hub, shown[side]["person_id"], "c.worker") for side in ("person", "known")] == [count + 1 for count in before]
    asked = post(hub, "c.worker", f"{WORK}/matches/{pair}", decision="same", reason=SCRIPT)
    assert asked.status_code == 200 and SCRIPT not in asked.text and html.escape(SCRIPT) in asked.text
    assert decide(hub, pair, "different").status_code == 201
    path = f"{WORK}/matches/{pair}"
    for fields in ({"decision": "later"}, {"decision": "different"}, {"decision": "same"}, {"decision": "same", "confirmed": "yes"}):
        answer = post(hub, "c.worker", path, **fields)
        assert answer.status_code == 409 and "Somebody was quicker" in answer.text and "They are two persons" in answer.text, fields
    for fields in ({}, {"decision": "merge"}, {"decision": "<b>"}):
        assert post(hub, "c.worker", path, **fields).status_code == 422, fields


def test_a_reason_that_is_too_long_is_said_and_kept(hub):
    pair = match(hub)
    answer = post(hub, "c.worker", f"{WORK}/matches/{pair}", decision="different", reason="long " * 500)
    assert answer.status_code == 422 and "at most 2,000 letters" in answer.text and "long long" in answer.text
    assert decide(hub, pair, "different").status_code == 201


# Looks

def test_a_look_is_reviewed_by_keyboard(hub, browser):
    id = look_to_review(hub)
    before = views(hub, id, "d.officer")
    with opened(hub, browser, "d.officer") as page:
        page.goto(f"{hub.url}{WORK}?kind=emergency_look")
        press_until(page, f"a[href='{WORK}/looks/{id}']", within=200)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        shown = page.locator("main").inner_text()
        for words in ("East Midlands Ambulance Service", "INC-77", "No answer at the door", f"Desk 9 {SCRIPT}", "workers/officer-2",
                      "100030300001", "One person was found", hub.anne, "name, date of birth, address"):
            assert words in shown, words
        assert views(hub, id, "d.officer") == before + 1
        press_until(page, "#note")
        page.keyboard.type("Called the desk: a fall, crew sent")
        submit(page, "form.find button")
        assert "It cannot be changed or taken back." in page.content()
        check_page(page)
        submit(page, "main form button")
        assert "“Called the desk: a fall, crew sent”" in page.locator(".panel").inner_text()
        check_page(page)
    assert id not in "".join(item["about"] for item in hub.work_items())
    assert "Called the desk" not in hub.dump()


def test_looks_are_reviewed_without_scripts_one_after_the_other(hub, browser):
    ids = {look_to_review(hub), look_to_review(hub)}
    with opened(hub, browser, "p.privacy", scripts=False) as page:
        page.goto(f"{hub.url}{WORK}/looks/{min(ids)}")
        page.get_by_label("Your note").fill("Fine")
        press(page, "Enter the review")
        press(page, "Yes, enter it")
        with page.expect_navigation():
            page.get_by_role("link", name="Go to the next look").click()
        assert "/looks/" in page.url and not page.url.endswith(min(ids))
    late = post(hub, "p.privacy", f"{WORK}/looks/{min(ids)}", note="again", confirmed="yes")
    assert late.status_code == 409 and "Somebody has reviewed it meanwhile" in late.text and "“Fine”" in late.text
    path = f"{WORK}/looks/{max(ids)}"
    for note in ("", " \n", "x" * 2_001):
        answer = post(hub, "p.privacy", path, note=note, confirmed="yes")
        assert answer.status_code == 422 and "Enter what you found" in answer.text
    assert hub.staff("POST", f"/v1/emergency/looks/{max(ids)}/review", {"note": "By the API"}).status_code == 204
    assert "“By the API”" in get(hub, "a.auditor", path).text


# Shares that wait for a person

def test_an_officer_sees_what_would_leave_and_lets_it_go(hub, browser):
    share = concern(hub)
    with opened(hub, browser, "d.officer", scripts=False) as page:
        page.goto(f"{hub.url}{WORK}?kind=parked_share")
        with page.expect_navigation():
            page.locator(f"a[href='{WORK}/approvals/{share}']").click()
        shown = page.locator("main").inner_text()
        assert "What rests on a law leaves only when an officer lets it go." in shown and "CA2014-s42-0117" in shown
        assert "workers/coordinator-3" in shown and "The authority on which it rests is recorded with it." in shown
        assert "TESTER" not in shown, "nothing of the person is shown unasked"
        page.get_by_label("Your reason").fill("Risk of serious harm")
        press(page, "Show exactly what would leave")
        exact = hub.staff("GET", f"/v1/shares/{share}/preview")
        assert page.locator("pre").inner_text().strip() == exact.text.strip() and "TESTER" in exact.text
        assert page.get_by_label("Your reason").input_value() == "Risk of serious harm", "what was written is kept"
        page.get_by_label("Your name").fill("Pat Officer")
        press(page, "Let it go")
        assert "What has left cannot be called back." in page.content()
        assert hub.share_state(share) == "parked"
        press(page, "Yes, let it go")
        assert page.url == f"{hub.url}{WORK}/approvals/{share}"
        assert "Pat Officer" in page.locator(".panel").inner_text() and "Risk of serious harm" in page.locator(".panel").inner_text()
    eventually(lambda: hub.share_state(share) == "delivered", why="delivery")
    [given] = hub.staff("GET", f"/v1/shares/{share}").json()["approvals"]
    assert (given["approved_by"], given["role"]) == ("staff/d.officer", "officer")
    late = post(hub, "d.officer", f"{WORK}/approvals/{share}", do="refuse", role="officer", name="x", reason="x", confirmed="yes")
    assert late.status_code == 409 and "It does not wait for a person. Nothing was changed by you." in late.text
    dump = hub.dump()
    assert "Pat Officer" not in dump and "Risk of serious harm" not in dump


def test_an_officer_names_the_authority_or_does_not_let_it_go(hub):
    share = concern(hub, authority_ref=None)
    path = f"{WORK}/approvals/{share}"
    text = get(hub, "d.officer", path).text
    assert "no authority is named" in text and 'name="authority_ref"' in text
    assert "Nothing would leave" in post(hub, "d.officer", path, do="preview").text
    assert "CA2014-s42-0120" in post(hub, "d.officer", path, do="preview", authority_ref="CA2014-s42-0120").text
    assert post(hub, "d.officer", path, do="preview", authority_ref="no id").status_code == 422
    said = {"do": "approve", "role": "officer", "name": "Pat Officer", "reason": SCRIPT}
    missing = post(hub, "d.officer", path, **said, confirmed="yes")
    assert missing.status_code == 409 and hub.share_state(share) == "parked"
    for field in "name", "reason":
        answer = post(hub, "d.officer", path, **{**said, field: " "}, confirmed="yes")
        assert answer.status_code == 422 and f'href="#{field}"' in answer.text
    asked = post(hub, "d.officer", path, **{**said, "do": "refuse"})
    assert asked.status_code == 200 and SCRIPT not in asked.text and hub.share_state(share) == "parked"
    assert post(hub, "d.officer", path, **{**said, "do": "refuse"}, confirmed="yes").status_code == 303
    assert hub.share_state(share) == "refused"
    over = get(hub, "d.officer", path).text
    assert "A named person did not let it go." in over and html.escape(SCRIPT) in over and SCRIPT not in over
    for fields in ({}, {"do": "burn"}):
        assert post(hub, "d.officer", path, **fields).status_code == 422


def test_who_asked_does_not_answer_and_nobody_in_a_capacity_that_is_not_theirs(hub):
    share = concern(hub, requested_by="d.officer")
    path, said = f"{WORK}/approvals/{share}", {"do": "approve", "name": "x", "reason": "x", "confirmed": "yes"}
    refused = post(hub, "d.officer", path, **said, role="officer")
    assert refused.status_code == 409 and "This person asked for it" in refused.text
    assert post(hub, "d.officer", path, **said, role="dpo").status_code == 403
    assert post(hub, "p.privacy", path, **said, role="dpo").status_code == 409
    for name in "c.worker", "a.auditor":
        assert "Your account does not give one" in get(hub, name, path).text
        assert post(hub, name, path, **said, role="officer").status_code == 403
    assert post(hub, "a.auditor", path, do="preview").status_code == 403
    assert post(hub, "d.officer", path, do="cancel").status_code == 403
    assert "TESTER" in post(hub, "c.worker", path, do="preview").text
    assert post(hub, "c.worker", path, do="cancel").status_code == 200 and hub.share_state(share) == "parked"
    assert post(hub, "c.worker", path, do="cancel", confirmed="yes").status_code == 303
    assert hub.share_state(share) == "refused" and "It was taken back." in get(hub, name, path).text


# Children's forms, and all other items

def test_a_childs_form_is_worked_on_once_a_guardian_permits(hub):
    id, receipt = child(hub)
    hurt, _ = child(hub, harm="yes")
    path = f"{WORK}/items/{id}"
    assert "follow the safeguarding procedure at once" in get(hub, "c.worker", path).text
    text = get(hub, "c.worker", f"{WORK}?kind=under_13").text
    assert text.index(hurt) < text.index(id) and "What the child wrote tells that somebody hurts them." in text
    for permission in ("", "two words", "Ann Example", "x" * 65, SCRIPT):
        answer = post(hub, "c.worker", path, do="permit", permission=permission, confirmed="yes")
        assert answer.status_code == 422 and SCRIPT not in answer.text, permission
    assert post(hub, "c.worker", path, do="done", confirmed="yes").status_code == 422, "nobody's word ends it"
    asked = post(hub, "c.worker", path, do="permit", permission="consent:2026-11")
    assert asked.status_code == 200 and "consent:2026-11" in asked.text and hub.receipt(receipt)["status"] == "held"
    assert post(hub, "c.worker", path, do="permit", permission="consent:2026-11", confirmed="yes").status_code == 303
    eventually(lambda: hub.receipt(receipt)["status"] == "accepted", why="a case")
    assert "Said <code>staff/c.worker</code>" in get(hub, "c.worker", path).text
    assert post(hub, "c.worker", path, do="permit", permission="consent:2026-11", confirmed="yes").status_code == 409


def test_an_incomplete_referral_is_dealt_with(hub, browser):
    id = incomplete(hub, person={"given": "Wilhelmina", "family": "Unspoken", "dob": "1931-05-06"})
    with opened(hub, browser, "c.worker", scripts=False) as page:
        page.goto(f"{hub.url}{WORK}/items/{id}")
        assert "ask who sent it for what is missing" in page.content()
        assert "Unspoken" not in page.content() and "Wilhelmina" not in page.content()
        links = page.locator(".facts a").evaluate_all("links => links.map(link => link.pathname)")
        assert len(links) == 3 and all(link.startswith("/console/messages/") for link in links)
        press(page, "Done")
        assert id in json.dumps(hub.work_items())
        press(page, "Yes, it is done")
        assert "It is dealt with" in page.locator(".panel").inner_text()
    assert id not in json.dumps(hub.work_items())
    late = post(hub, "c.worker", f"{WORK}/items/{id}", do="done", confirmed="yes")
    assert late.status_code == 409 and "staff/c.worker" in late.text
    other = incomplete(hub)
    assert post(hub, "c.worker", f"{WORK}/items/{other}", do="done").status_code == 200
    hub.hub("work", "done", other, "--by", "worker-7")
    late = post(hub, "c.worker", f"{WORK}/items/{other}", do="done", confirmed="yes")
    assert late.status_code == 409 and "worker-7" in late.text and "Nothing was changed by you" in late.text


def test_every_kind_has_a_page_and_is_listed(hub):
    kinds = hub.sql("SELECT unnest(enum_range(NULL::record.work_item_kind))").split()
    ids = {kind: item(hub, kind, SCRIPT) for kind in kinds}
    for kind, id in ids.items():
        pages = [get(hub, name, f"{WORK}/items/{id}") for name in ("c.worker", "d.officer", "p.privacy")]
        assert any(page.status_code == 200 and "What to do" in page.text for page in pages), kind
        assert all(SCRIPT not in page.text for page in pages)
        lists = [get(hub, name, f"{WORK}?kind={kind}").text for name in ("c.worker", "d.officer", "p.privacy")]
        assert any(id in text for text in lists), kind
    hub.sql(f"UPDATE record.work_item SET state = 'done', done_at = now() WHERE code = '{SCRIPT}'")


# Who may

@pytest.fixture(scope="module")
def waiting(hub):
    """One of each that waits for somebody, which no test ends. The tests that use it come last."""
    return {
        "matches": match(hub), "approvals": concern(hub), "looks": look_to_review(hub), "child": child(hub)[0],
        "lacking": incomplete(hub), "person": item(hub, "refused_share"), "queue": item(hub, "failed_share"),
        "alarm": item(hub, "emergency_alarm"), "access": item(hub, "given_access", "link_made"),
    }


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_every_page_without_a_finding_of_axe(hub, browser, waiting, scheme, width):
    def visit(page, path, *buttons):
        page.goto(f"{hub.url}{WORK}{path}")
        for button in buttons:
            press(page, button)
        check_page(page)

    with opened(hub, browser, "c.worker", scheme, width) as page:
        visit(page, "")
        visit(page, "?kind=match_review")
        visit(page, f"/matches/{waiting['matches']}")
        visit(page, f"/items/{waiting['lacking']}")
        visit(page, f"/items/{waiting['lacking']}", "Done")
        visit(page, f"/items/{waiting['child']}", "Enter the permission")
        assert page.title().startswith("Error: ")
    with opened(hub, browser, "d.officer", scheme, width) as page:
        visit(page, f"/looks/{waiting['looks']}")
        visit(page, f"/looks/{waiting['looks']}", "Enter the review")
        assert page.title().startswith("Error: ")
        visit(page, f"/approvals/{waiting['approvals']}", "Show exactly what would leave")
        visit(page, f"/approvals/{waiting['approvals']}", "Let it go")
        assert page.title().startswith("Error: ")
    with opened(hub, browser, "an.admin", scheme, width) as page:
        visit(page, "")


@pytest.mark.parametrize("name", MEMBERS)
def test_the_rights_of_each_page_and_of_what_it_sends(hub, waiting, name):
    pages = {
        f"matches/{waiting['matches']}": "c.worker", f"approvals/{waiting['approvals']}": "c.worker d.officer p.privacy a.auditor",
        f"looks/{waiting['looks']}": "d.officer p.privacy a.auditor", f"items/{waiting['child']}": "c.worker",
        f"items/{waiting['person']}": "c.worker d.officer p.privacy",
        f"items/{waiting['queue']}": "c.worker d.officer p.privacy o.operator", f"items/{waiting['alarm']}": "d.officer p.privacy",
        f"items/{waiting['access']}": "p.privacy",
    }
    for path, may in pages.items():
        assert get(hub, name, f"{WORK}/{path}").status_code == (200 if name in may.split() else 403), path
    said = {"role": "officer", "name": "x", "reason": "x"}
    posts = [
        ("matches/{matches}", {"decision": "same"}, "c.worker"), ("looks/{looks}", {"note": "x"}, "d.officer p.privacy"),
        ("items/{child}", {"do": "permit", "permission": "p1"}, "c.worker"),
        ("items/{person}", {"do": "done"}, "c.worker d.officer p.privacy"),
        ("items/{queue}", {"do": "done"}, "c.worker d.officer p.privacy o.operator"),
        ("items/{alarm}", {"do": "done"}, "d.officer p.privacy"), ("items/{access}", {"do": "done"}, "p.privacy"),
        ("approvals/{approvals}", {"do": "approve", **said}, "d.officer p.privacy"),
        ("approvals/{approvals}", {"do": "refuse", **said}, "d.officer p.privacy"),
        ("approvals/{approvals}", {"do": "preview"}, "c.worker d.officer p.privacy"),
        ("approvals/{approvals}", {"do": "cancel"}, "c.worker p.privacy"),
    ]
    for path, fields, may in posts:
        answer = post(hub, name, f"{WORK}/{path.format(**waiting)}", **fields)
        assert answer.status_code == (200 if name in may.split() else 403), (path, fields)


def test_a_form_is_taken_of_its_own_session_alone(hub, waiting):
    another = re.search(r'name="token" value="([^"]+)"', get(hub, "d.officer", WORK).text).group(1)
    paths = [f"matches/{waiting['matches']}", f"looks/{waiting['looks']}", f"approvals/{waiting['approvals']}", f"items/{waiting['lacking']}"]
    for path in paths:
        session = hub.sessions["p.privacy" if path.startswith("looks") else "c.worker"]
        for fields in ({"token": another}, {}, {"token": ""}):
            answer = session.post(
                f"{hub.url}{WORK}/{path}", {**fields, "decision": "different", "do": "cancel", "note": "x", "confirmed": "yes"},
                allow_redirects=False)
            assert answer.status_code == 403 and "another session" in answer.text, (path, fields)
        answer = requests.post(f"{hub.url}{WORK}/{path}", {"token": another}, allow_redirects=False)
        assert answer.status_code == 401
        answer = requests.get(f"{hub.url}{WORK}/{path}", allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/staff/sign-in")


@pytest.mark.parametrize("id", [NOBODY, "nonsense", "%00", "9" * 400, "-1", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"])
@pytest.mark.parametrize("page, name", [("matches", "c.worker"), ("looks", "d.officer"), ("approvals", "d.officer"), ("items", "c.worker")])
def test_what_is_no_id_or_nobodys_is_not_found(hub, page, name, id):
    for answer in (
        get(hub, name, f"{WORK}/{page}/{id}"),
        post(hub, name, f"{WORK}/{page}/{id}", decision="same", do="done", note="x", confirmed="yes"),
    ):
        assert answer.status_code in (400, 404) and "<script>" not in answer.text


def test_no_page_tells_in_its_address_title_or_cache_whom_it_is_about(hub, waiting):
    for name, page in [("c.worker", "matches"), ("d.officer", "approvals"), ("d.officer", "looks")]:
        answer = get(hub, name, f"{WORK}/{page}/{waiting[page]}")
        title = re.search("<title>(.*)</title>", answer.text).group(1)
        assert answer.headers["Cache-Control"] == "no-store" and not re.search("Canary|TESTER|INC-77", title)
        assert not re.search(r'href="[^"]*(Canary|TESTER|INC-77)', answer.text)
    log = (hub.home / "hub.log").read_text()
    assert "Canary" not in log and "Pat Officer" not in log and "INC-77" not in log
