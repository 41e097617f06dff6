"""The console's pages about one person, in a real browser and by plain HTTP: who it is, what the agreements permit, who was told
what, who looked; agreements recorded and withdrawn, shares asked for with what would leave, referrals keyed in."""

import contextlib
import html
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import Certificate
from installation import Installation, eventually
from pages import LOOKS, browser, check_page, press_until, submit
from test_matches import decide, refer

PEOPLE = "/console/persons"
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


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Installation(
        home, partners=(("workers", "staff"), ("uhdb", "partner"), ("derby_riverside_school", "partner"), ("emas", "partner")),
        settings=["console: true", "staff_form: true",
                  "emergency: { journal_mebibytes: 4, call_back: { emas: ['01632 960 100'] } }"])
    (home / "clients").mkdir()
    hub.url = f"https://localhost:{hub.port}"
    hub.configure(
        f"listen: {{ host: 127.0.0.1, port: {hub.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {hub.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{hub.url}' }}")
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
        yield hub
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


def somebody(hub, **person):
    """A person of whom nothing else is known: the id."""
    name = "Canary" + uuid.uuid4().hex[:8].translate(str.maketrans("0123456789", "ghijklmnop"))
    id, _ = refer(hub, f"P{uuid.uuid4()}", **{"given": "Ada", "family": name, "dob": "1950-04-01", **person})
    return id


def get(hub, name, path):
    return hub.sessions[name].get(hub.url + path, allow_redirects=False)


def token(hub, name):
    return re.search(r'name="token" value="([^"]+)"', get(hub, name, "/console").text).group(1)


def post(hub, name, path, /, **fields):
    return hub.sessions[name].post(hub.url + path, {"token": token(hub, name), **fields}, allow_redirects=False)


def hidden(text, *names):
    """What a page's form brings along."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    return {name: html.unescape(found[name]) for name in (names or found) if name != "token"}


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


def follow(page, selector, within=90):
    press_until(page, selector, within)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def agreements(hub, person):
    return hub.staff("GET", f"/v1/persons/{person}/agreements").json()["agreements"]


def views(hub, person, by):
    rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'").splitlines()
    return [json.loads(row) for row in rows if person in row and f"staff/{by}" in row]


def recorded(hub, person, **fields):
    """Records an agreement as the pages do, in one go: the answer to what was confirmed."""
    path = f"{PEOPLE}/{person}/agreements/new"
    shown = hidden(get(hub, "c.worker", path).text, "form", "seen", "lines")
    asked = post(hub, "c.worker", path, **shown, do="record", signed_on="5/1/2026", signed_by="subject", **fields)
    if asked.status_code != 200:
        return asked
    return post(hub, "c.worker", path, **hidden(asked.text))


def cells(text, recipient):
    """The words of a row of what is permitted, by purpose."""
    row = re.search(rf'<tr><th scope="row">{re.escape(recipient)}</th>(.*?)</tr>', text, re.S).group(1)
    return {purpose: words.strip() for purpose, words in re.findall(
        r'<td data-label="([^"]+)">.*?<span aria-hidden="true">[^<]+</span> ([^<]+)</span>', row, re.S)}


# The page

def test_a_person_is_found_and_opened_by_keyboard(hub, browser):
    with opened(hub, browser, "c.worker") as page:
        page.goto(hub.url + "/console")
        follow(page, f"nav a[href='{PEOPLE}']")
        assert page.locator("h1").inner_text() == "Find a person"
        press_until(page, "#nhs_number")
        page.keyboard.type("999 000 0018")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        follow(page, f".found a[href='{PEOPLE}/{hub.anne}']")
        assert page.url == f"{hub.url}{PEOPLE}/{hub.anne}" and page.locator("h1").inner_text() == "ANNE TESTER"
        assert "TESTER" not in page.title()
        shown = page.locator("main").inner_text()
        for words in ("1950-01-02", "NHS number 9990000018", "1 Example Street", "Lonely since a bereavement", "No agreement names anybody"):
            assert words in shown, words
        life = page.locator("#referrals + ul h3 a").first.get_attribute("href")
        page.goto(hub.url + life)
        assert page.locator(f"a[href='{PEOPLE}/{hub.anne}']").count() == 1, "the life leads to the person"
    assert len(views(hub, hub.anne, "c.worker")) >= 1


def test_what_is_permitted_is_seen_at_once_in_words(hub):
    person = somebody(hub)
    answer = hub.staff("POST", "/v1/agreements", {
        "person_id": person, "signed_on": "2026-01-05", "signed_by": "subject", "expires": "2099-01-01", "scope": [
            {"recipient": "derby_homes", "purposes": ["housing_support"]},
            {"recipient": "uhdb", "purposes": ["care_support"], "groups": ["NAME", "CONTACT"]},
            {"recipient": "council_asc", "purposes": ["care_support"]}]})
    assert answer.status_code == 201, answer.text
    id = answer.json()["agreement_id"]
    assert hub.staff("POST", f"/v1/agreements/{id}/withdrawals", {"recipient": "council_asc"}).status_code == 201
    text = get(hub, "c.worker", f"{PEOPLE}/{person}").text
    names = re.findall(r'<tr><th scope="row">([^<]+)</th><td data-label', text)
    homes, hospital, council = (next(name for name in names if part in html.unescape(name)) for part in ("Derby Homes", "Hospitals", "ocial"))
    assert cells(text, homes)["Housing support"] == "Allowed" and cells(text, homes)["Care support"] == "Not allowed"
    assert cells(text, hospital)["Care support"] == "Limited"
    assert cells(text, council)["Care support"] == "Ended" and cells(text, council)["Housing support"] == "Not allowed"
    assert re.search(r"<s>[^<]+ocial[^<]+</s> <strong>withdrawn</strong> at <time", text)
    assert "Valid to</dt><dd><time" in text
    # In the end it stands no more, and says so.
    assert hub.staff("POST", f"/v1/agreements/{id}/withdrawals").status_code == 201
    text = get(hub, "c.worker", f"{PEOPLE}/{person}").text
    assert cells(text, homes)["Housing support"] == "Ended" and cells(text, homes)["Care support"] == "Not allowed"
    assert "Withdrawn, at" in re.sub(r"<[^>]+>", "", text)


def test_who_was_told_what_and_what_was_refused_and_why(hub):
    person = somebody(hub)
    hub.agree(person, ("derby_homes", "housing_support"))
    told = hub.share(person, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(told) == "delivered", why="delivery")
    refused = hub.share(person, "derby_homes", "benefits_support")["share_id"]
    text = get(hub, "d.officer", f"{PEOPLE}/{person}").text
    table = text[text.index('id="told"'):text.index('id="shares"')]
    assert told in table and "Derby Homes" in table and "Told" in table and refused not in table
    shares = text[text.index('id="shares"'):]
    explanation = hub.staff("GET", f"/v1/shares/{refused}").json()["decision"]["explanation"]
    assert "Not shared" in shares and html.escape(explanation, quote=False) in html.unescape(shares).replace("&", "&amp;")
    assert "Your account does not read referrals" in text and "Canary" not in text
    auditor = get(hub, "a.auditor", f"{PEOPLE}/{person}").text
    assert told in auditor and "Your account does not read agreements" in auditor and "See who looked" in auditor


def test_long_lists_go_on(hub):
    person = somebody(hub)
    ids = [hub.share(person, "derby_homes", "housing_support")["share_id"] for _ in range(23)]
    path, found = f"{PEOPLE}/{person}", []
    while path:
        text = get(hub, "c.worker", path).text
        found += re.findall(r'<h3><a href="/console/work/approvals/([^"]+)">', text)
        more = re.search(r'<a href="([^"#]+)#shares">Show older shares', text)
        path = more and html.unescape(more.group(1))
    assert found == sorted(ids, reverse=True)
    for query in ("shares=x", "told=%00", "referrals=9990000018", "agreements=a", "agreements=-5"):
        assert get(hub, "c.worker", f"{PEOPLE}/{person}?{query}").status_code in (200, 404), query
    assert get(hub, "c.worker", f"{PEOPLE}/{person}?shares=x").status_code == 404


def test_unknown_merged_and_erased_persons(hub):
    for id in (NOBODY, "x", "9990000018", "%00", "<b>"):
        answer = get(hub, "c.worker", f"{PEOPLE}/{id}")
        assert answer.status_code == 404 and "<b>" not in answer.text
        for part in ("looks", "shares/new", "agreements/new", f"agreements/{NOBODY}/withdraw"):
            assert get(hub, "c.worker", f"{PEOPLE}/{id}/{part}").status_code == 404
    family = "Canary" + uuid.uuid4().hex[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
    known, _ = refer(hub, f"A{uuid.uuid4()}", given="Edward", family=family, dob="1931-05-09")
    newcomer, _ = refer(hub, f"B{uuid.uuid4()}", given="Ted", family=family, dob="1931-09-05")
    hub.agree(newcomer, ("derby_homes", "housing_support"))
    told = hub.share(newcomer, "derby_homes", "benefits_support")["share_id"]
    pair = next(one["match_id"] for one in hub.staff("GET", f"/v1/matches?person={newcomer}").json()["matches"]
                if one["known_person_id"] == known)
    assert decide(hub, pair, "same").status_code == 201
    for part in ("", "/looks", "/shares/new", "/agreements/new"):
        answer = get(hub, "c.worker", f"{PEOPLE}/{newcomer}{part}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PEOPLE}/{known}{part}")
    text = get(hub, "c.worker", f"{PEOPLE}/{known}").text
    assert newcomer in text and told in text and "Set aside" in text, "what was the other's is there too"
    erased = somebody(hub)
    hub.agree(erased, ("derby_homes", "housing_support"))
    run = hub.hub("person", "erase", erased, "--authority", "E-1", "--by", "p-1", "--yes", check=False)
    assert run.returncode == 0, run.stderr
    answer = get(hub, "c.worker", f"{PEOPLE}/{erased}")
    assert answer.status_code == 200 and "This person was erased" in answer.text and "Canary" not in answer.text
    assert "Ask for a share" not in answer.text
    assert get(hub, "c.worker", f"{PEOPLE}/{erased}/looks").status_code == 200
    for part in "shares", "agreements":
        path = f"{PEOPLE}/{erased}/{part}/new"
        for answer in get(hub, "c.worker", path), post(hub, "c.worker", path, do="record", authority_evidence="LPA 1"):
            assert answer.status_code == 410 and "This person was erased" in answer.text
    assert len(agreements(hub, erased)) == 1


def test_who_looked(hub):
    person = hub.anne
    assert hub.staff("PUT", f"/v1/persons/{person}/access-card", CARD).status_code == 200

    def look():
        return hub.staff("POST", "/v1/emergency/calls", {
            "agency": "emas", "call_back": "01632 960100", "answered_by": "officer-2", "caller_id": f"Desk 9 {SCRIPT}",
            "incident_ref": "INC-77", "reason": "No answer at the door", "query": {"uprn": "100030300001"}}).json()

    id = eventually(lambda: (found := look())["matches"] == 1 and found, 10, why="the card")["lookup_id"]
    eventually(lambda: id in hub.staff("GET", f"/v1/persons/{person}/looks").text, why="the look")
    get(hub, "c.worker", f"{PEOPLE}/{person}")
    privacy = get(hub, "p.privacy", f"{PEOPLE}/{person}/looks").text
    assert "East Midlands Ambulance" in privacy and "INC-77" in privacy and "staff/c.worker" in privacy and "Desk 9" not in privacy
    worker = get(hub, "c.worker", f"{PEOPLE}/{person}/looks").text
    assert "INC-77" in worker and "Your account does not read the ledger" in worker and "staff/p.privacy" not in worker
    auditor = get(hub, "a.auditor", f"{PEOPLE}/{person}/looks").text
    assert "staff/c.worker" in auditor and "does not read the looks of control rooms" in auditor and "INC-77" not in auditor
    assert get(hub, "p.privacy", f"{PEOPLE}/{person}/looks?looks={NOBODY}").status_code == 404


@pytest.mark.parametrize("part, may", [
    ("", {"c.worker", "d.officer", "p.privacy", "a.auditor"}), ("/looks", {"c.worker", "d.officer", "p.privacy", "a.auditor"}),
    ("/shares/new", {"c.worker"}), ("/agreements/new", {"c.worker"})])
def test_each_role_at_each_page_of_a_person(hub, part, may):
    for name in MEMBERS:
        assert get(hub, name, f"{PEOPLE}/{hub.anne}{part}").status_code == (200 if name in may else 403), name
        if part.endswith("new"):
            answer = post(hub, name, f"{PEOPLE}/{hub.anne}{part}", do="record")
            assert answer.status_code == (422 if name in may else 403), name
            other = hub.sessions[name].post(f"{hub.url}{PEOPLE}/{hub.anne}{part}", {"token": token(hub, "a.auditor")})
            assert other.status_code == 403, "a token of another session"
    assert requests.get(f"{hub.url}{PEOPLE}/{hub.anne}{part}", allow_redirects=False).headers["Location"].startswith("/staff/sign-in")


def test_what_a_partner_wrote_is_shown_as_it_is(hub, browser):
    person = somebody(hub, given=SCRIPT, also_known_as=[SCRIPT], email="a\"onmouseover=alert(1)@example.org")
    with opened(hub, browser, "c.worker") as page:
        page.goto(f"{hub.url}{PEOPLE}/{person}")
        assert SCRIPT in page.locator("h1").inner_text() and page.locator("main script").count() == 0
    text = get(hub, "c.worker", f"{PEOPLE}/{person}").text
    assert SCRIPT not in text and html.escape(SCRIPT) in text


# Agreements

def test_an_agreement_is_recorded_by_keyboard_and_withdrawn_without_scripts(hub, browser):
    person = somebody(hub)
    with opened(hub, browser, "c.worker") as page:
        page.goto(f"{hub.url}{PEOPLE}/{person}")
        follow(page, f"a[href='{PEOPLE}/{person}/agreements/new']")
        press_until(page, "#signed_on")
        page.keyboard.type("31/2/2026")
        submit(page, "button[value=record]", within=200)
        assert page.title().startswith("Error: ")
        assert page.locator(".mistakes a").first.get_attribute("href") == "#signed_on"
        assert page.locator("#signed_on").input_value() == "31/2/2026"
        follow_first = page.locator(".mistakes a").all_inner_texts()
        assert any("fill in one line at least" in text for text in follow_first)
        press_until(page, "#signed_on")
        page.keyboard.press("Control+A")
        page.keyboard.type("5/1/2026")
        press_until(page, "#line_1_recipient")
        page.keyboard.type("Derby Homes")
        press_until(page, "#line_1_purposes_housing_support")
        page.keyboard.press("Space")
        submit(page, "button[value=record]", within=200)
        assert page.locator("h1").inner_text() == "Record this agreement?"
        assert "Derby Homes may be told, for housing support: everything that it is about." in page.content()
        check_page(page)
        assert agreements(hub, person) == []
        submit(page, "main form button")
        assert page.url.startswith(f"{hub.url}{PEOPLE}/{person}")
        assert "Allowed" in page.locator(".permits").inner_text()
    [kept] = agreements(hub, person)
    assert kept["scope"][0]["recipient"] == "derby_homes" and kept["signed_on"].startswith("2026-01-05")
    # A share that waits for its partner, which does not take any for now.
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    waiting = hub.share(person, "derby_homes", "housing_support")
    try:
        with opened(hub, browser, "p.privacy", scripts=False) as page:
            page.goto(f"{hub.url}{PEOPLE}/{person}")
            with page.expect_navigation():
                page.get_by_role("link", name="Withdraw version 1, or a part of it").click()
            press(page, "Go on")
            assert "Choose what the person withdraws" in page.locator(".mistakes").inner_text()
            page.get_by_label("Only what Derby Homes may be told").check()
            press(page, "Go on")
            shown = page.locator("main").inner_text()
            assert "1 share that waits is cancelled." in shown
            press(page, "Yes, withdraw it")
            assert "withdrawn" in page.content() and "Ended" in page.locator(".permits").inner_text()
    finally:
        hub.hub("queue", "resume", "out.derby_homes")
    assert agreements(hub, person)[0]["scope"][0]["withdrawn_at"]
    assert hub.share_state(waiting["share_id"]) == "cancelled"


def test_a_form_that_is_stale_changes_nothing(hub):
    person = somebody(hub)
    path = f"{PEOPLE}/{person}/agreements/new"
    line = {"line_1_recipient": "derby_homes", "line_1_purposes_housing_support": "yes"}
    said = {"do": "record", "signed_on": "5/1/2026", "signed_by": "subject", **line}
    shown = hidden(get(hub, "c.worker", path).text, "form", "seen", "lines")
    asked = hidden(post(hub, "c.worker", path, **shown, **said).text)
    agreement = hub.agree(person, ("uhdb", "care_support"))
    for fields in ({**shown, **said}, asked):
        late = post(hub, "c.worker", path, **fields)
        assert late.status_code == 409 and "agreements have changed since you saw them" in late.text
        assert 'value="5/1/2026"' in late.text, "what was typed is kept"
    assert len(agreements(hub, person)) == 1
    again = post(hub, "c.worker", path, **hidden(late.text, "form", "seen", "lines"), **said)
    assert "Nobody tells these anything any more by agreement" in again.text
    done = hidden(again.text)
    assert [post(hub, "c.worker", path, **done).status_code for _ in range(2)] == [303, 303], "sent twice, recorded once"
    newest = agreements(hub, person)
    assert [(one["version"], one["state"]) for one in newest] == [(2, "in_force"), (1, "replaced")]
    # Of the one that was replaced nothing can be withdrawn here, nor of another person's.
    for where in (f"{PEOPLE}/{person}/agreements/{NOBODY}", f"{PEOPLE}/{hub.anne}/agreements/{agreement}"):
        assert get(hub, "c.worker", f"{where}/withdraw").status_code == 404
    way = f"{PEOPLE}/{person}/agreements/{newest[0]['agreement_id']}/withdraw"
    seen = hidden(get(hub, "c.worker", way).text, "seen")
    asked = hidden(post(hub, "c.worker", way, **seen, what="all").text)
    assert hub.staff("POST", f"/v1/agreements/{newest[0]['agreement_id']}/withdrawals", {"recipient": "derby_homes"}).status_code == 201
    for fields in ({**seen, "what": "all"}, asked):
        assert post(hub, "c.worker", way, **fields).status_code == 409
    assert agreements(hub, person)[0]["state"] == "in_force"
    for name in ("d.officer", "a.auditor"):
        assert post(hub, name, way, what="all").status_code == 403


@pytest.mark.parametrize("field, value", [
    ("signed_on", ""), ("signed_on", "31/02/2026"), ("signed_on", "1/1/2099"), ("signed_on", SCRIPT), ("signed_by", "the king"),
    ("starts", "30.2.2026"), ("expires", "x" * 5_000), ("expires", "1/1/1990"), ("authority_evidence", "x" * 201),
    ("authority_evidence", "a\x00b"), ("witness", "Jane Doe"), ("scan_sha256", "zz"), ("supplements", NOBODY),
    ("line_1_recipient", "nobody_known"), ("line_1_recipient_id", "gp:C81001"), ("line_2_recipient_id", "the neighbour"),
    ("line_2_recipient_id", "x" * 65), ("line_2_recipient", "uhdb"), ("line_2_groups_NAME", "yes")])
def test_what_is_wrong_with_an_agreement_is_said_at_its_field(hub, field, value):
    path = f"{PEOPLE}/{hub.anne}/agreements/new"
    shown = hidden(get(hub, "c.worker", path).text, "form", "seen", "lines")
    said = {"signed_on": "5/1/2026", "signed_by": "subject", "starts": "6/1/2026", "line_1_recipient": "derby_homes",
            "line_1_purposes_housing_support": "yes", "do": "record", "confirmed": "yes", field: value}
    answer = post(hub, "c.worker", path, **shown, **said)
    assert answer.status_code == 422, answer.status_code
    assert "There is a problem" in answer.text and SCRIPT not in answer.text
    for anchor in re.findall(r'<p><a href="#([^"]+)">', answer.text):
        assert anchor == "main" or f'id="{anchor}"' in answer.text, anchor
    assert len(agreements(hub, hub.anne)) == 0


def test_lines_are_added_and_an_agreement_adds_to_another(hub):
    person = somebody(hub)
    assert recorded(hub, person, line_1_recipient="derby_homes", line_1_purposes_housing_support="yes").status_code == 303
    path = f"{PEOPLE}/{person}/agreements/new"
    text = get(hub, "c.worker", path).text
    shown = hidden(text, "form", "seen", "lines")
    more = post(hub, "c.worker", path, **shown, do="more", signed_on="6/1/2026")
    assert more.status_code == 200 and 'id="line_6_recipient"' in more.text and 'value="6/1/2026"' in more.text
    assert 'id="line_31_recipient"' not in post(hub, "c.worker", path, **{**shown, "lines": "99999999999999"}, do="more").text
    base = agreements(hub, person)[0]["agreement_id"]
    shown = hidden(more.text, "form", "seen", "lines")
    asked = post(hub, "c.worker", path, **shown, do="record", signed_on="6/1/2026", signed_by="subject", supplements=base,
                 line_5_recipient="uhdb", line_5_purposes_care_support="yes", line_5_groups_NAME="yes", authority_evidence="LPA 17")
    assert asked.status_code == 200 and "It takes the place" not in asked.text
    assert post(hub, "c.worker", path, **hidden(asked.text)).status_code == 303
    text = get(hub, "c.worker", f"{PEOPLE}/{person}").text
    assert "which adds to another" in text and "kept sealed" in text and "LPA 17" not in text and "LPA 17" not in hub.dump()


# Shares

def test_a_share_is_seen_before_it_is_asked_for_by_keyboard(hub, browser):
    person = somebody(hub)
    hub.agree(person, ("derby_homes", "housing_support"))
    with opened(hub, browser, "c.worker") as page:
        page.goto(f"{hub.url}{PEOPLE}/{person}")
        follow(page, f"a[href='{PEOPLE}/{person}/shares/new']")
        press_until(page, "#recipient")
        page.keyboard.type("Derby Homes")
        submit(page, "button[value=preview]")
        assert page.locator(".mistakes a").get_attribute("href") == "#purpose"
        press_until(page, "#purpose")
        page.keyboard.type("Housing")
        submit(page, "button[value=preview]")
        assert page.locator("h1").inner_text() == "What would happen"
        shown = page.locator("pre").inner_text()
        digest = page.locator("section[aria-labelledby=preview] code.id").inner_text()
        assert "Canary" in shown and "leave" in page.locator(".headline").inner_text()
        check_page(page)
        assert hub.staff("GET", f"/v1/persons/{person}/agreements").status_code == 200
        assert hub.sql(f"SELECT count(*) FROM record.share WHERE person = '{person}'") == "0\n", "nothing is asked for yet"
        submit(page, "button[value=ask]")
        share = page.url.rsplit("/", 1)[1]
        assert page.url == f"{hub.url}/console/work/approvals/{share}"
    eventually(lambda: hub.share_state(share) == "delivered", why="delivery")
    sent = next(one for one in hub.homes_received() if one["key"] == share)
    assert sent["sha256"] == digest, "what left is to the byte what was seen"
    assert json.loads(shown)["reference"] == share, "it is called what it was called before"
    assert hub.staff("GET", f"/v1/shares/{share}").json()["recipient"] == "derby_homes"
    assert hub.sql(f"SELECT requested_by FROM record.share WHERE id = '{share}'") == "staff/c.worker\n"
    looks = get(hub, "p.privacy", f"{PEOPLE}/{person}/looks").text
    assert "What a share would tell derby_homes, before it was asked for" in looks
    assert any(view.get("recipient") == "derby_homes" for view in views(hub, person, "c.worker")), "that somebody looked is entered"


def test_a_share_that_waits_is_seen_and_taken_back_without_scripts(hub, browser):
    person = somebody(hub)
    with opened(hub, browser, "c.worker", scripts=False) as page:
        page.goto(f"{hub.url}{PEOPLE}/{person}/shares/new")
        page.get_by_label("Who is to be told").select_option("uhdb")
        page.get_by_label("What for").first.select_option("safeguarding")
        page.get_by_text("It rests on a law").click()
        page.get_by_label("The authority on which it rests").fill("CA2014-s42-0117")
        press(page, "Show what would happen")
        assert "A person must decide" in page.locator(".headline").inner_text()
        press(page, "Change something")
        assert page.get_by_label("The authority on which it rests").input_value() == "CA2014-s42-0117"
        press(page, "Show what would happen")
        press(page, "Ask for it: it waits for a person")
        share = page.url.rsplit("/", 1)[1]
        assert hub.share_state(share) == "parked"
        press(page, "Take the share back")
        press(page, "Yes, take it back")
        assert "It was taken back." in page.content()
    assert hub.share_state(share) == "refused"


def test_what_has_changed_since_it_was_seen_is_not_asked_for(hub):
    person = somebody(hub)
    agreement = hub.agree(person, ("derby_homes", "housing_support"))
    path = f"{PEOPLE}/{person}/shares/new"
    form = hidden(get(hub, "c.worker", path).text, "form")
    seen = post(hub, "c.worker", path, **form, recipient="derby_homes", purpose="housing_support", do="preview")
    fields = {**hidden(seen.text), "do": "ask"}
    assert hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals").status_code == 201
    late = post(hub, "c.worker", path, **fields)
    assert late.status_code == 409 and "has changed since you looked" in late.text and "It would not be shared" in late.text
    assert hub.sql(f"SELECT count(*) FROM record.share WHERE person = '{person}'") == "0\n"
    # What is refused can be asked for all the same; sent twice, it is asked for once.
    again = {**hidden(late.text), "do": "ask"}
    ways = [post(hub, "c.worker", path, **again).headers["Location"] for _ in range(2)]
    assert ways[0] == ways[1] and hub.share_state(ways[0].rsplit("/", 1)[1]) == "refused"
    assert hub.sql(f"SELECT count(*) FROM record.share WHERE person = '{person}'") == "1\n"
    other = post(hub, "c.worker", f"{PEOPLE}/{hub.anne}/shares/new", **again)
    assert other.status_code == 404, "another person's form"
    # Without having looked nothing is asked for.
    form = hidden(get(hub, "c.worker", path).text, "form")
    blind = post(hub, "c.worker", path, **form, recipient="derby_homes", purpose="housing_support", do="ask")
    assert blind.status_code == 409


@pytest.mark.parametrize("fields", [
    {"recipient": ""}, {"recipient": "nobody_known"}, {"recipient": "x" * 5_000}, {"purpose": ""}, {"purpose": "curiosity"},
    {"level": "all of it"}, {"authority_ref": "no id"}, {"authority_ref": "a\x07b"}, {"recipient": "", "recipient_id": SCRIPT},
    {"recipient": "", "recipient_id": "gp:"}, {"recipient": "", "recipient_id": "a_body"}, {"recipient_id": "uhdb"},
    {"form": "x"}, {"form": NOBODY}], ids=str)
def test_what_is_wrong_with_a_share_is_said(hub, fields):
    path = f"{PEOPLE}/{hub.anne}/shares/new"
    form = hidden(get(hub, "c.worker", path).text, "form")
    answer = post(hub, "c.worker", path, **{**form, "recipient": "derby_homes", "purpose": "housing_support", "do": "preview", **fields})
    assert answer.status_code == 422 and SCRIPT not in answer.text


# A referral that somebody keys in

def test_a_referral_is_keyed_in_and_leads_to_the_person(hub, browser):
    with opened(hub, browser, "c.worker", scripts=False) as page:
        page.goto(hub.url + PEOPLE)
        with page.expect_navigation():
            page.get_by_role("link", name="Key in a referral").click()
        assert page.locator(f"a[href='{PEOPLE}']").count() == 1, "and back"
        page.locator("input[name=taken_how][value=phone]").check()
        page.get_by_label("Who took it?").fill("A Worker")
        page.locator("#referrer_name").fill("A Neighbour")
        page.locator("#source_code").select_option("1B")
        page.locator("#given").fill("Keyed")
        page.locator("#family").fill("CanaryKeyed")
        page.locator("#reason").fill("Alone since June")
        page.locator("input[name=urgency][value=routine]").check()
        page.locator("input[name=consent_agreed][value=yes]").check()
        press(page, "Store the referral")
        with page.expect_navigation():
            page.get_by_role("link", name="See what becomes of it").click()
        receipt = page.url.rsplit("/", 1)[1]
        hub.worked_on(receipt)
        page.reload()
        with page.expect_navigation():
            page.get_by_role("link", name="this person").first.click()
        assert page.locator("h1").inner_text() == "Keyed CanaryKeyed"
        assert page.get_by_role("link", name="Key in a referral").count() == 1
    assert "Key in a referral" not in get(hub, "p.privacy", PEOPLE).text


# Every page, as everybody may see it

@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_can_be_read_by_all(hub, browser, scheme, width):
    if not hasattr(hub, "full"):
        hub.full = somebody(hub)
        hub.agree(hub.full, ("derby_homes", "housing_support"), ("uhdb", "care_support"))
        hub.share(hub.full, "derby_homes", "housing_support")
        hub.share(hub.full, "derby_homes", "benefits_support")
    agreement = agreements(hub, hub.full)[0]["agreement_id"]
    with opened(hub, browser, "c.worker", scheme, width) as page:
        for path in ("", f"/{hub.full}", f"/{hub.full}/looks", f"/{hub.full}/agreements/new", f"/{hub.full}/shares/new",
                     f"/{hub.full}/agreements/{agreement}/withdraw"):
            page.goto(f"{hub.url}{PEOPLE}{path}")
            check_page(page)
        page.goto(f"{hub.url}{PEOPLE}/{hub.full}/agreements/new")
        press(page, "Go on")
        check_page(page)
    with opened(hub, browser, "p.privacy", scheme, width) as page:
        page.goto(f"{hub.url}{PEOPLE}/{hub.full}/looks")
        check_page(page)
