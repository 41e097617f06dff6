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
from test_consent import FHIR, consent, permit
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
        for words in ("2 January 1950", "NHS number 9990000018", "1 Example Street", "Lonely since a bereavement", "No agreement names anybody"):
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
    for query, status in (("shares=x", 404), ("told=%00", 404), ("referrals=9990000018", 404), ("agreements=a", 404),
                          ("agreements=-5", 200), ("agreements=99999", 200), (f"shares={NOBODY}", 200)):
        assert get(hub, "c.worker", f"{PEOPLE}/{person}?{query}").status_code == status, query


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


def test_values_that_were_shown_are_named_with_why(hub):
    person, receipt = refer(hub, f"V{uuid.uuid4()}", given="Ada", family="Canaryvalue", dob="1950-04-01")
    referral = hub.receipt(receipt)["referrals"][0]["referral_id"]
    path = f"/console/messages/{referral}/documents"
    text = get(hub, "c.worker", path).text
    ask = hidden(text, "ask")
    key = next(key for key in re.findall(r'name="field" value="([^"]+)"', text) if key.startswith("understood-"))
    answer = post(hub, "c.worker", path, **ask, reason="to_look_into_an_incident", reference="INC-7", field=key)
    assert answer.status_code == 200 and "There is a problem" not in answer.text
    looks = get(hub, "p.privacy", f"{PEOPLE}/{person}/looks").text
    assert re.search(r"One value of a referral, as it was understood: [^<]+\. Why: To look into an incident, INC-7", looks), looks
    assert "with its values hidden" in looks and "Canaryvalue" not in looks


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
    assert re.search(r"Nobody tells [^<]*Hospitals[^<]* anything any more by agreement, for care support\.", again.text)
    done = hidden(again.text)
    assert [post(hub, "c.worker", path, **done).status_code for _ in range(2)] == [303, 303], "sent twice, recorded once"
    newest = agreements(hub, person)
    assert [(one["version"], one["state"]) for one in newest] == [(2, "in_force"), (1, "replaced")]
    # Of another person's nothing can be withdrawn here.
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


def looking_alike(hub):
    """Two who may be one, and their match."""
    family = "Canary" + uuid.uuid4().hex[:8].translate(str.maketrans("0123456789", "ghijklmnop"))
    known, _ = refer(hub, f"A{uuid.uuid4()}", given="Edward", family=family, dob="1931-05-09")
    newcomer, _ = refer(hub, f"B{uuid.uuid4()}", given="Ted", family=family, dob="1931-09-05")
    pair = next(one["match_id"] for one in hub.staff("GET", f"/v1/matches?person={newcomer}").json()["matches"]
                if one["known_person_id"] == known)
    return known, newcomer, pair


def withdrawn(hub, person, agreement, what="all"):
    """Withdraws as the pages do: what was asked, and the answer to what was confirmed."""
    path = f"{PEOPLE}/{person}/agreements/{agreement}/withdraw"
    seen = hidden(get(hub, "c.worker", path).text, "seen")
    asked = post(hub, "c.worker", path, **seen, what=what)
    assert asked.status_code == 200, asked.text
    return asked.text, post(hub, "c.worker", path, **hidden(asked.text))


def test_what_a_merger_set_aside_is_withdrawn_for_good(hub):
    known, newcomer, pair = looking_alike(hub)
    signed = {one: hub.agree(one, ("derby_homes", "housing_support")) for one in (known, newcomer)}
    assert decide(hub, pair, "same").status_code == 201
    text = get(hub, "c.worker", f"{PEOPLE}/{known}").text
    for person, agreement in signed.items():
        way = f"{PEOPLE}/{known}/agreements/{agreement}/withdraw"
        assert f'href="{way}"' in text, "what was set aside can be withdrawn"
        asked, done = withdrawn(hub, known, agreement)
        assert "If that is taken back, it stays withdrawn." in asked and done.status_code == 303
        # Twice is once, and it is said.
        again = get(hub, "c.worker", way).text
        assert "Nothing of it can be withdrawn any more" in again and "<fieldset>" not in again
        late = post(hub, "c.worker", way, what="all", seen="x")
        assert late.status_code == 409 and "All of it was withdrawn before" in late.text
    assert "/withdraw" not in get(hub, "c.worker", f"{PEOPLE}/{known}").text
    assert decide(hub, pair, "undo").status_code == 201
    for person in signed:
        share = hub.share(person, "derby_homes", "housing_support")
        assert (share["state"], share["decision"]["reason"]) == ("refused", "agreement_revoked")


def test_what_was_replaced_or_is_over_can_be_withdrawn_too(hub):
    person = somebody(hub)
    first = hub.agree(person, ("derby_homes", "housing_support"))
    hub.agree(person, ("uhdb", "care_support"))
    over = hub.staff("POST", "/v1/agreements", {
        "person_id": person, "signed_on": "2026-01-01", "signed_by": "subject", "expires": "2026-01-02",
        "scope": [{"recipient": "uhdb", "purposes": ["care_support"]}]}).json()["agreement_id"]
    for agreement, state in ((first, "replaced"), (over, "expired")):
        assert hub.staff("GET", f"/v1/agreements/{agreement}").json()["state"] == state
        asked, done = withdrawn(hub, person, agreement)
        assert "It permits nothing now." in asked and "anything any more" not in asked and done.status_code == 303
        assert hub.staff("GET", f"/v1/agreements/{agreement}").json()["state"] == "revoked"


def test_nothing_is_recorded_or_withdrawn_of_somebody_who_became_another(hub):
    known, newcomer, pair = looking_alike(hub)
    agreement = hub.agree(known, ("uhdb", "care_support"))
    said = {"do": "record", "signed_on": "5/1/2026", "signed_by": "subject", "line_1_recipient": "derby_homes",
            "line_1_purposes_housing_support": "yes"}
    ways = {one: f"{PEOPLE}/{one}/agreements/new" for one in (known, newcomer)}
    shown = {one: hidden(get(hub, "c.worker", way).text, "form", "seen", "lines") for one, way in ways.items()}
    asked = {one: hidden(post(hub, "c.worker", way, **shown[one], **said).text) for one, way in ways.items()}
    leaving = f"{PEOPLE}/{known}/agreements/{agreement}/withdraw"
    seen = hidden(get(hub, "c.worker", leaving).text, "seen")
    confirmed = hidden(post(hub, "c.worker", leaving, **seen, what="all").text)

    def all_refused(persons):
        for person in persons:
            for fields in ({**shown[person], **said}, asked[person]):
                late = post(hub, "c.worker", ways[person], **fields)
                assert late.status_code == 409, late.status_code
                words = "This person was found to be another" if person == newcomer else "have changed since you saw them"
                assert words in late.text
        for fields in ({**seen, "what": "all"}, confirmed):
            assert post(hub, "c.worker", leaving, **fields).status_code == 409
        assert [len(agreements(hub, one)) for one in (known, newcomer)] == [1, 0]
        assert hub.staff("GET", f"/v1/agreements/{agreement}").json().get("revoked_at") is None

    assert decide(hub, pair, "same").status_code == 201
    all_refused((known, newcomer))
    # By the API, as FHIR and by command too; and what is refused leaves no trace of its key.
    body = {"person_id": newcomer, "signed_on": "2026-01-05", "signed_by": "subject",
            "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"]}]}
    for _ in range(2):
        answer = hub.staff("POST", "/v1/agreements", body, **{"Idempotency-Key": f"K-{newcomer}"})
        assert answer.status_code == 409 and "found to be another" in answer.json()["title"], answer.text
    answer = hub.staff("POST", "/fhir/R4/Consent", consent(newcomer, permit("derby_homes", "housing_support")), **FHIR)
    assert answer.status_code == 409 and answer.json()["resourceType"] == "OperationOutcome"
    run = hub.hub("agreement", "add", stdin=json.dumps(body), check=False)
    assert run.returncode == 65 and known in run.stderr
    assert agreements(hub, newcomer) == []
    # Who looked while they were one is refused once they are not.
    shown[known] = hidden(get(hub, "c.worker", ways[known]).text, "form", "seen", "lines")
    asked[known] = hidden(post(hub, "c.worker", ways[known], **shown[known], **said).text)
    seen = hidden(get(hub, "c.worker", leaving).text, "seen")
    confirmed = hidden(post(hub, "c.worker", leaving, **seen, what="all").text)
    assert decide(hub, pair, "undo").status_code == 201
    all_refused((known,))
    # Then it goes.
    assert recorded(hub, newcomer, **{name: said[name] for name in said if name.startswith("line")}).status_code == 303


def test_nothing_is_recorded_of_somebody_who_was_erased_whichever_way(hub):
    person = somebody(hub)
    assert hub.hub("person", "erase", person, "--authority", "E-2", "--by", "p-1", "--yes", check=False).returncode == 0
    body = {"person_id": person, "signed_on": "2026-01-05", "signed_by": "subject",
            "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"]}]}
    assert hub.staff("POST", "/v1/agreements", body).status_code == 410
    assert hub.hub("agreement", "add", stdin=json.dumps(body), check=False).returncode == 65
    assert agreements(hub, person) == []


def homes(what, number=1):
    return {f"line_{number}_recipient": "derby_homes", f"line_{number}_purposes_{what}": "yes"}


def benefits(*purposes):
    return {"line_1_recipient": "council_hctb", **{f"line_1_purposes_{purpose}": "yes" for purpose in purposes}}


OLD = {"signed_on": "1/12/2025"}
ATTORNEY = {"signed_by": "attorney"}


@pytest.mark.parametrize("base, fields, said, unsaid", [
    ((), homes("housing_support"), ["Homes may be told, for housing support: everything that it is about."], ["nothing"]),
    ((("uhdb", "care_support"),), {**OLD, **homes("housing_support")},
     ["It permits nothing, because version 1 is valid from a later day, 2026-01-05, and stays in its place."],
     ["It takes the place", "may be told", "any more", "judged again"]),
    ((("uhdb", "care_support"),), {**ATTORNEY, **homes("housing_support")},
     ["It permits nothing, because nothing shows that an attorney may sign for the person.", "It takes the place",
      "any more by agreement, for care support."], ["may be told"]),
    ((("uhdb", "care_support"),), {**ATTORNEY, **homes("housing_support"), "authority_evidence": "LPA 17"},
     ["Homes may be told, for housing support"], ["It permits nothing"]),
    ((("derby_homes", "housing_support"),), {"expires": "7/1/2026", **homes("housing_support")},
     ["It permits nothing, because it was over on 2026-01-07.", "Nobody tells", "for housing support."], ["may be told"]),
    ((("council_hctb", "benefits_support"), ("council_hctb", "housing_support")), benefits("housing_support"),
     ["may still be told, for housing support", "any more by agreement, for benefits support.", "judged again"], ["It permits nothing"]),
    ((("council_hctb", "housing_support"),), benefits("housing_support", "benefits_support"),
     ["may be told, for benefits support: everything that it is about.", "may still be told, for housing support"], ["any more"]),
    ((("derby_homes", "housing_support"),), {**homes("housing_support"), "line_1_groups_NAME": "yes"},
     ["may be told, for housing support: ", "Until now it was: everything that it is about."], ["any more"]),
    ((), homes("care_support"),
     ["It permits nothing.", "is told nothing for care support, because the policy does not let them be told anything for that."],
     ["may be told"]),
    ((), {**homes("housing_support"), "line_1_groups_HEALTH": "yes"},
     ["It permits nothing.", "because none of what was ticked may be told to them for that."], ["Homes may be told"]),
    ((("uhdb", "care_support"),), {"starts": "1/1/2099", **homes("housing_support")},
     ["Nothing changes before 2099-01-01, from when it is valid.", "Homes may be told", "any more by agreement, for care support."], []),
    ((("uhdb", "care_support"),), {"supplements": True, **OLD, **homes("housing_support")},
     ["It permits nothing, because it was signed before version 1, to which it adds, on 2026-01-05."], ["may be told", "any more"]),
    ((("uhdb", "care_support"),), {"supplements": True, **homes("housing_support")},
     ["Homes may be told, for housing support"], ["any more", "It takes the place"]),
], ids=["first", "older", "attorney", "evidence", "over", "fewer", "more", "limited", "not for them", "no such group", "later",
        "older supplement", "supplement"])
def test_what_an_agreement_would_change_is_computed_before_it_is_recorded(hub, base, fields, said, unsaid):
    person = somebody(hub)
    fields = dict(fields)
    if base:
        agreement = hub.agree(person, *base)
        if fields.pop("supplements", False):
            fields["supplements"] = agreement
    path = f"{PEOPLE}/{person}/agreements/new"
    shown = hidden(get(hub, "c.worker", path).text, "form", "seen", "lines")
    asked = post(hub, "c.worker", path, **{**shown, "do": "record", "signed_on": "5/1/2026", "signed_by": "subject", **fields})
    assert asked.status_code == 200, asked.text
    effects = html.unescape(re.search(r"<h1>Record this agreement\?</h1>\s*<ul>(.*?)</ul>", asked.text, re.S).group(1))
    for words in said:
        assert words in effects, (words, effects)
    for words in unsaid:
        assert words not in effects, (words, effects)
    # What was said is so.
    assert post(hub, "c.worker", path, **hidden(asked.text)).status_code == 303
    housing = [hub.share(person, who, "housing_support") for who in ("derby_homes", "council_hctb")]
    # To one of them no way is set up, which is looked at after the agreements.
    permitted = "permitted", "fields_withheld", "channel_not_configured"
    is_told = any(share["decision"]["reason"] in permitted for share in housing)
    assert is_told == ("for housing support: " in effects and "2099" not in effects)


def test_a_page_that_recorded_one_agreement_records_no_other(hub):
    person = somebody(hub)
    path = f"{PEOPLE}/{person}/agreements/new"
    said = {"do": "record", "signed_on": "5/1/2026", "signed_by": "subject"}
    shown = hidden(get(hub, "c.worker", path).text, "form", "seen", "lines")
    done = hidden(post(hub, "c.worker", path, **shown, **said, **homes("housing_support")).text)
    assert post(hub, "c.worker", path, **done).status_code == 303
    other = post(hub, "c.worker", path, **{**done, "witness": "w-1", "seen": "x"})
    assert other.status_code == 409 and "recorded another agreement before" in other.text and 'value="w-1"' in other.text
    fresh = hidden(other.text, "form", "seen", "lines")
    assert fresh["form"] != shown["form"] and len(agreements(hub, person)) == 1
    asked = post(hub, "c.worker", path, **fresh, **said, **homes("housing_support"))
    assert post(hub, "c.worker", path, **hidden(asked.text)).status_code == 303 and len(agreements(hub, person)) == 2


def test_what_another_version_still_permits_is_said_before_a_withdrawal(hub):
    person = somebody(hub)
    base = hub.agree(person, ("derby_homes", "housing_support"), ("uhdb", "care_support"))
    added = hub.staff("POST", "/v1/agreements", {
        "person_id": person, "signed_on": "2026-01-06", "signed_by": "subject", "supplements": base,
        "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"], "groups": ["NAME"]}]}).json()["agreement_id"]
    asked, done = withdrawn(hub, person, base, "derby_homes")
    assert re.search(r"Another version still permits [^<]*Homes[^<]* to be told, for housing support: name\.", asked, re.I), asked
    assert "Hospitals" not in asked and done.status_code == 303
    assert hub.share(person, "derby_homes", "housing_support")["decision"]["released"] == ["NAME"]
    asked, done = withdrawn(hub, person, added)
    assert "Another version" not in asked and re.search(r"Nobody tells [^<]*Homes[^<]* anything any more", asked)
    assert hub.share(person, "derby_homes", "housing_support")["state"] == "refused"


def test_why_a_withdrawal_is_asked_for_once_more_is_said(hub):
    person = somebody(hub)
    agreement = hub.agree(person, ("derby_homes", "housing_support"))
    way = f"{PEOPLE}/{person}/agreements/{agreement}/withdraw"
    asked = post(hub, "c.worker", way, **hidden(get(hub, "c.worker", way).text, "seen"), what="all")
    assert "No share waits under it." in asked.text and "Since you saw it" not in asked.text
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    try:
        share = hub.share(person, "derby_homes", "housing_support")["share_id"]
        again = post(hub, "c.worker", way, **hidden(asked.text))
        assert again.status_code == 200 and "1 share that waits is cancelled." in again.text
        assert "Since you saw it, other shares have come to wait" in again.text
        page = get(hub, "c.worker", f"/console/work/approvals/{share}").text
        assert "What may leave" in page and "What was told" not in page
        assert post(hub, "c.worker", way, **hidden(again.text)).status_code == 303
    finally:
        hub.hub("queue", "resume", "out.derby_homes")
    # What was stopped may leave no more, and no reason is given for it that is none.
    assert hub.share_state(share) == "cancelled"
    page = get(hub, "c.worker", f"/console/work/approvals/{share}").text
    assert "What may leave" not in page and "left out" not in page and "As the person is told" not in page
    assert "agreement was withdrawn." in page
    shares = get(hub, "c.worker", f"{PEOPLE}/{person}").text
    shares = shares[shares.index('id="shares"'):]
    assert "Stopped before it left" in shares and "<dt>What</dt>" not in shares and "Left out" not in shares
    other = somebody(hub)
    hub.agree(other, ("derby_homes", "housing_support"))
    told = hub.share(other, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(told) == "delivered", why="delivery")
    page = get(hub, "c.worker", f"/console/work/approvals/{told}").text
    assert "What was told" in page and "What may leave" not in page


def test_what_forbids_something_of_a_record_found_to_be_theirs_is_on_the_page(hub):
    known, newcomer, pair = looking_alike(hub)
    change = {"restricted_on": "2026-10-01T00:00:00Z", "objections": ["research"]}
    answer = hub.staff("PATCH", f"/v1/persons/{newcomer}/circumstances", change)
    assert answer.status_code == 200, answer.text
    told = "Its use is restricted since 2026-10-01.", "The person objects: research."
    assert not any(words in get(hub, "c.worker", f"{PEOPLE}/{known}").text for words in told)
    assert decide(hub, pair, "same").status_code == 201
    text = get(hub, "c.worker", f"{PEOPLE}/{known}").text
    assert all(words in text for words in told) and "Everything of theirs" not in text
    assert decide(hub, pair, "undo").status_code == 201
    assert not any(words in get(hub, "c.worker", f"{PEOPLE}/{known}").text for words in told)


# Shares

def test_one_page_asks_for_one_share_and_another_is_not_taken_for_it(hub):
    person = somebody(hub)
    hub.agree(person, ("council_hctb", "housing_support"), ("council_hctb", "benefits_support"))
    path = f"{PEOPLE}/{person}/shares/new"
    form = hidden(get(hub, "c.worker", path).text, "form")
    wanted = {"recipient": "council_hctb", "purpose": "housing_support"}
    seen = hidden(post(hub, "c.worker", path, **form, **wanted, do="preview").text)
    first = post(hub, "c.worker", path, **{**seen, "do": "ask"})
    assert first.status_code == 303
    count = f"SELECT count(*) FROM record.share WHERE person = '{person}'"
    for deed in ("preview", "ask"):
        same = post(hub, "c.worker", path, **{**seen, "do": deed})
        assert (same.status_code, same.headers["Location"]) == (303, first.headers["Location"])
        for change in ({"purpose": "benefits_support"}, {"groups_NAME": "yes"}, {"authority_ref": "X-1"}):
            other = post(hub, "c.worker", path, **{**seen, **change, "do": deed})
            assert other.status_code == 409 and "asked for another share before" in other.text, (deed, change)
            assert 'value="council_hctb" selected' in other.text, "what was typed is kept"
            assert hidden(other.text, "form")["form"] != form["form"] and hub.sql(count) == "1\n"
    # The new form goes on.
    fields = {**hidden(other.text, "form"), **wanted, "purpose": "benefits_support"}
    seen = hidden(post(hub, "c.worker", path, **fields, do="preview").text)
    assert post(hub, "c.worker", path, **{**seen, "do": "ask"}).status_code == 303 and hub.sql(count) == "2\n"


def test_what_is_asked_for_is_what_was_seen(hub):
    person = somebody(hub)
    hub.agree(person, ("derby_homes", "housing_support"))
    path = f"{PEOPLE}/{person}/shares/new"
    form = hidden(get(hub, "c.worker", path).text, "form")
    seen = hidden(post(hub, "c.worker", path, **form, recipient="derby_homes", purpose="housing_support", do="preview").text)
    for change in ({"authority_ref": "X-1"}, {"identity_verified": "yes"}, {"ordered_NAME": "yes"}):
        late = post(hub, "c.worker", path, **{**seen, **change, "do": "ask"})
        assert late.status_code == 409 and "has changed since you looked" in late.text, change
    assert hub.sql(f"SELECT count(*) FROM record.share WHERE person = '{person}'") == "0\n"
    assert post(hub, "c.worker", path, **{**seen, "do": "ask"}).status_code == 303


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
