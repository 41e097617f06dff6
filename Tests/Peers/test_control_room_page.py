"""A control room without a system of its own looks people up on the hub's page, in a real browser that has its certificate: the
computer is known by that, and who sits at it by an account; without the database, by what they type."""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import Certificate
from installation import Installation, eventually
from pages import browser, check_page, press_until

pytestmark = pytest.mark.alone

PAGE, SIGN_IN = "/emergency", "/staff/sign-in"
SCRIPT = "<script>document.title = 'run'</script>"
CARD = {
    "address": {"house": "1", "lines": ["1 Example Street", "Derby"], "postcode": "DE1 2FS", "directions": "Round the back"},
    "key_safe": {"present": True, "location": "Left of the door", "code": "4711#"},
    "entry": {"door": "front", "lift": False},
    "occupants": {"adults": 1, "children": 0},
    "hazards": [{"kind": "oxygen", "text": "Bedroom"}, {"kind": "dog", "text": SCRIPT}],
    "crit": [{"kind": "respect_or_dnacpr_exists", "kept_at": "Kitchen drawer"}],
    "contacts": [{"name": "Robin Example", "relation": "daughter", "phone": "01632 960123", "key_holder": True}],
    "verified_on": "2026-11-01",
}
LOOK = {"incident_ref": "INC-7", "reason": "No answer at the door", "postcode": "DE1 2FS", "house": "1"}
TYPED = {"user": "Desk 4, Sam", "why": "Caller is unconscious"}


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Installation(home, settings=["emergency: { page_for: [emas, derbys_fire], journal_mebibytes: 4 }"])
    (home / "clients").mkdir()
    hub.url = f"https://localhost:{hub.port}"
    hub.configure(
        f"listen: {{ host: 127.0.0.1, port: {hub.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {hub.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{hub.url}' }}")
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    try:
        hub.rooms = {}
        for room in "emas", "derbys_fire", "uhdb":
            hub.partner(room)
            hub.rooms[room] = Certificate(home / "clients", room)
            hub.hub("partner", "certificate", room, "--file", hub.rooms[room].path)
        hub.start()
        hub.member("e.desk", control_room="emas")
        hub.member("e.other", control_room="emas")
        hub.member("f.desk", control_room="derbys_fire")
        hub.member("c.coordinator", "coordinator", "duty_officer")
        hub.anne = hub.person(id="ANNE")
        assert hub.staff("PUT", f"/v1/persons/{hub.anne}/access-card", CARD).status_code == 200
        for number in (1, 2):
            # Two at one house.
            twin = hub.person(id=f"TWIN{number}", family=f"SMITH{number}", number="", born=f"196{number}0404")
            card = {"address": {**CARD["address"], "house": "9", "lines": ["9 Example Street"]}, "verified_on": "2025-01-01"}
            assert hub.staff("PUT", f"/v1/persons/{twin}/access-card", card).status_code == 200
        hub.work = signed_in(hub, "e.desk")
        eventually(lambda: "TESTER" in send(hub, hub.work).text, 3, why="the card")
        eventually(lambda: "More than one" in send(hub, hub.work, house="9").text, 3, why="the twins")
        yield hub
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


def signed_in(hub, name, room="emas"):
    """A browser without scripts, at a computer of a control room's, in which somebody is signed in."""
    session = requests.Session()
    session.cert = hub.rooms[room].pair
    answer = session.post(hub.url + SIGN_IN, hub.credentials(name), allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return session


def token(hub, session):
    return re.search(r'name="token" value="([^"]+)"', session.get(hub.url + PAGE, timeout=10).text).group(1)


def send(hub, session, path=PAGE, fields=None, **changes):
    body = {"token": token(hub, session), **(LOOK if fields is None else fields), **changes}
    return session.post(hub.url + path, {name: text for name, text in body.items() if text is not None}, timeout=10)


def hidden(text):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def looks(hub):
    return [json.loads(line) for line in hub.hub("emergency", "looks", "--all", "--by", "officer").splitlines()]


def latest(hub, **wanted):
    """The latest look that has these, once it is on record."""
    def found():
        return next((look for look in looks(hub) if all(look.get(name) == value for name, value in wanted.items())), None)

    return eventually(found, 30, why="the look")


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 320)], ids=str)
def test_a_person_is_looked_up_by_keyboard_alone_without_a_finding_of_axe(hub, browser, scheme, width):
    certificate = hub.rooms["emas"]
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, ignore_https_errors=True,
        client_certificates=[{"origin": hub.url, "certPath": str(certificate.path), "keyPath": str(certificate.key_path)}])
    page = context.new_page()

    def fill(button="main form:not(.session) button[type=submit]", **typed):
        for field, text in typed.items():
            press_until(page, f"#{field}", within=60)
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text)
        press_until(page, button)
        page.keyboard.press("Enter")

    page.goto(hub.url + PAGE)
    page.wait_for_url(hub.url + SIGN_IN)
    fill(**hub.credentials("e.desk"))
    page.wait_for_url(hub.url + PAGE)
    assert "Signed in as e.desk" in page.inner_text("main")
    # Large type, and nothing is asked of who is signed in.
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('label')).fontSize)") >= 22
    assert page.locator("#user").count() == page.locator("#why").count() == 0
    check_page(page)

    with page.expect_navigation():
        fill(postcode="nowhere")
    assert page.title().startswith("Error: ") and page.input_value("#postcode") == "nowhere"
    for field in "incident_ref", "reason", "postcode", "house":
        assert page.locator(f"#{field}-error").count() == 1, field
    check_page(page)
    with page.expect_navigation():
        fill(incident_ref="INC-7", reason="No answer", postcode="DE1 2FS", house="1")
    told = page.inner_text("main")
    assert "ANNE TESTER" in told and "4711#" not in page.content()
    assert not any(text in page.title() + page.url for text in ("ANNE", "TESTER", "DE1", "Example"))
    # What is dangerous comes first, and is text whatever it says.
    assert told.index("Dangers") < told.index("1 Example Street") < told.index("Key safe") < told.index("Robin Example")
    for text in "Oxygen in the home", SCRIPT, "Round the back", "Kitchen drawer", "+441632960123", "holds a key", "02/01/1950":
        assert text in told, text
    check_page(page)
    with context.expect_page() as opened:
        press_until(page, "form[target] button")
        page.keyboard.press("Enter")
    code = opened.value
    code.wait_for_load_state()
    for text in "4711#", "Left of the door", "ANNE TESTER, 1, DE1 2FS":
        assert text in code.inner_text("main"), text
    assert "ANNE" not in code.title()
    check_page(code)
    code.close()

    page.goto(hub.url + PAGE)
    with page.expect_navigation():
        fill(incident_ref="INC-7", reason="No answer", postcode="DE1 2FS", house="9")
    told = page.inner_text("main")
    assert told.count("This one") == 2 and "ANNE, 9" in told and "SMITH" not in told and "1961" not in told
    check_page(page)
    with page.expect_navigation():
        press_until(page, "section button")
        page.keyboard.press("Enter")
    assert re.search(r"ANNE SMITH\d", page.inner_text("h1")) and "This may be out of date" in page.inner_text("main")
    check_page(page)

    page.goto(hub.url + PAGE)
    with page.expect_navigation():
        fill(incident_ref="INC-7", reason="No answer", nhs_number="9990000026")
    assert "Nobody is known by that" in page.title()
    check_page(page)
    context.close()


def test_the_look_is_on_record_with_who_was_signed_in(hub):
    answer = send(hub, hub.work, fields={"incident_ref": "INC-8", "reason": "Smoke", "name": "tester", "dob_day": "2", "dob_month": "1", "dob_year": "1950"})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store" and "ANNE TESTER" in answer.text
    look = latest(hub, control_room="emas", kind="look", outcome="card", persons=[hub.anne])
    assert look["asked"]["caller_id"] == "e.desk" and look["asked"]["page"] == {"proved": True}
    assert look["asked"]["incident_ref"] == "INC-8" and look["asked"]["query"] == {"name": "tester", "dob": "1950-01-02"}
    assert look["unproved"] is False
    reveal = hidden(answer.text)["reveal"]
    for number in range(2):
        assert "4711#" in send(hub, hub.work, "/emergency/key-safe", {"reveal": reveal}).text
    assert latest(hub, kind="reveal", repeated=True)["asked"]["caller_id"] == "e.desk"
    # No other control room's.
    fire = signed_in(hub, "f.desk", "derbys_fire")
    assert send(hub, fire, "/emergency/key-safe", {"reveal": reveal}).status_code == 404
    assert send(hub, hub.work, "/emergency/key-safe", {"reveal": "AAAA"}).status_code == 404
    assert send(hub, hub.work, "/emergency/key-safe", {}).status_code == 404


def test_the_computer_and_who_sits_at_it_are_of_the_same_control_room(hub):
    before = len(looks(hub))
    session = signed_in(hub, "e.other")
    for own in None, hub.rooms["uhdb"].pair:
        session.cert = own
        for answer in session.get(hub.url + PAGE), session.post(hub.url + PAGE, LOOK), session.post(hub.url + PAGE + "/key-safe", LOOK):
            assert answer.status_code == 401 and "not known" in answer.text and "TESTER" not in answer.text
    for name in "f.desk", "c.coordinator", None:
        session = signed_in(hub, name, "derbys_fire") if name else requests.Session()
        session.cert = hub.rooms["emas"].pair
        answer = session.get(hub.url + PAGE, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"] == SIGN_IN, name
        for path in PAGE, PAGE + "/key-safe":
            answer = session.post(hub.url + path, {**LOOK, **TYPED})
            assert answer.status_code == 401 and "not signed in" in answer.text, name
    assert len(looks(hub)) == before


def test_the_certificate_alone_opens_nothing_where_the_room_asks_on_the_page(hub):
    body = {"incident_ref": "INC-1", "caller_id": "desk 4", "reason": "x", "query": {"nhs_number": "9990000018"}}
    for room in "emas", "derbys_fire":
        for path in "/v1/emergency/lookup", "/v1/emergency/key-safe":
            assert requests.post(hub.url + path, json=body, cert=hub.rooms[room].pair).status_code == 401, room


def test_an_account_of_a_control_room_is_nobodys_elsewhere(hub):
    for own in None, hub.rooms["derbys_fire"].pair, hub.rooms["uhdb"].pair:
        # Not even wrong attempts count.
        for _ in range(6):
            wrong = {**hub.credentials("e.other"), "password": "not the right one"}
            assert requests.post(hub.url + SIGN_IN, wrong, cert=own, allow_redirects=False).status_code == 422
        assert requests.post(hub.url + SIGN_IN, hub.credentials("e.other"), cert=own, allow_redirects=False).status_code == 422
    signed_in(hub, "e.other")


def test_an_account_of_a_control_room_opens_that_page_and_no_other(hub):
    session = signed_in(hub, "e.other")
    account = session.get(hub.url + "/staff/account")
    assert "control room emas" in account.text and f'href="{PAGE}"' in account.text
    for path in "/staff/referral", "/staff/documents":
        assert session.get(hub.url + path).status_code == 404
    assert re.search(r"e\.other +enabled +password +control_room:emas", hub.hub("staff", "list"))
    # It can be given no role, and a role cannot be given a control room.
    assert hub.hub("staff", "roles", "e.other", "auditor", check=False).returncode == 64
    for words in ([], ["--role", "auditor", "--control-room", "emas"], ["--control-room", "uhdb"], ["--control-room", "nobody"]):
        assert hub.hub("staff", "add", "e.third", *words, check=False).returncode == 64, words
    assert session.get(hub.url + PAGE).status_code == 200
    hub.hub("staff", "disable", "e.other")
    try:
        assert session.get(hub.url + PAGE, allow_redirects=False).headers["Location"] == SIGN_IN
    finally:
        hub.hub("staff", "enable", "e.other")


def test_no_other_site_and_no_other_session_sends_the_form(hub):
    body = {"token": token(hub, hub.work), **LOOK}
    for headers in {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}:
        assert hub.work.post(hub.url + PAGE, body, headers=headers).status_code == 403, headers
    before = len(looks(hub))
    for wrong in token(hub, signed_in(hub, "e.other")), "", "x":
        answer = hub.work.post(hub.url + PAGE, {**body, "token": wrong})
        # With what was typed, and the session's own token.
        assert answer.status_code == 403 and "TESTER" not in answer.text and 'value="DE1 2FS"' in answer.text
        assert hidden(answer.text)["token"] != wrong
    assert len(looks(hub)) == before


@pytest.mark.parametrize(("change", "field"), [
    ({"incident_ref": ""}, "incident_ref"), ({"incident_ref": "x" * 65}, "incident_ref"), ({"reason": " "}, "reason"),
    ({"reason": "x" * 501}, "reason"), ({"postcode": "x"}, "postcode"), ({"house": ""}, "house"), ({"house": "x" * 401}, "house"),
    ({"postcode": "", "house": ""}, "postcode"), ({"nhs_number": "9990000018"}, "postcode"),
    ({"postcode": "", "house": "", "nhs_number": "123"}, "nhs_number"), ({"postcode": "", "house": "", "uprn": "x"}, "uprn"),
    ({"postcode": "", "house": "", "name": "tester"}, "dob_day"),
    ({"postcode": "", "house": "", "dob_day": "2", "dob_month": "1", "dob_year": "1950"}, "name"),
    ({"postcode": "", "house": "", "name": "tester", "dob_day": "31", "dob_month": "2", "dob_year": "1950"}, "dob_day"),
    ({"postcode": "", "house": "", "name": "tester", "dob_day": "x", "dob_month": "2", "dob_year": "1950"}, "dob_day"),
    ({"postcode": "", "house": "", "name": "tester", "dob_day": "2", "dob_month": "1", "dob_year": "50"}, "dob_day"),
    ({"postcode": "", "house": "", "name": "tester", "dob_day": "2", "dob_month": "1", "dob_year": "2999"}, "dob_day"),
    ({"postcode": "", "house": "", "name": "tester", "dob_day": "+2", "dob_month": "1", "dob_year": "1950"}, "dob_day"),
    ({"reason": "\u00e9" * 251}, "reason"), ({"candidate": "AAAA"}, None),
])
def test_what_is_filled_in_wrongly_is_named(hub, change, field):
    answer = send(hub, hub.work, **change)
    if field is None:
        assert answer.status_code == 200 and "Nobody is known" in answer.text
        return
    assert answer.status_code == 422 and f'<a href="#{field}">' in answer.text and "Error: " in answer.text
    assert "TESTER" not in answer.text


def test_bodies_that_are_no_form(hub):
    for body, status in ((b"\xff=%ff", 403), (b"x" * 300_000, 413), (b"", 403)):
        answer = hub.work.post(hub.url + PAGE, body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == status, (body[:9], answer.status_code)


def test_while_nobody_can_be_signed_in_who_asks_is_typed_and_the_look_is_marked(hub):
    desk = signed_in(hub, "e.desk")
    body = {"token": token(hub, desk), **LOOK, "incident_ref": "INC-9"}
    with hub.without_database():
        # At once, and later, when it is known that the database is away.
        for wait in (0, 6):
            time.sleep(wait)
            started = time.monotonic()
            page = desk.get(hub.url + PAGE)
            assert time.monotonic() - started < 1.5
            assert page.status_code == 200 and 'id="why"' in page.text and "cannot be signed in now" in page.text
        # Somebody who was signed in is asked too, with what they had typed kept.
        again = desk.post(hub.url + PAGE, body)
        assert again.status_code == 422 and '<a href="#user">' in again.text and '<a href="#why">' in again.text
        assert 'value="INC-9"' in again.text and "TESTER" not in again.text
        stranger = requests.Session()
        stranger.cert = hub.rooms["emas"].pair
        answer = stranger.post(hub.url + PAGE, {**body, **TYPED})
        assert answer.status_code == 200 and "ANNE TESTER" in answer.text and "central records are away" in answer.text
        carried = hidden(answer.text)
        assert carried["user"] == TYPED["user"] and carried["why"] == TYPED["why"]
        assert "4711#" in stranger.post(hub.url + PAGE + "/key-safe", carried).text
        # Who was signed in when the card was given is asked before the code is told.
        asked = desk.post(hub.url + PAGE + "/key-safe", {"reveal": carried["reveal"], "of": carried["of"]})
        assert asked.status_code == 422 and 'id="why"' in asked.text and "4711#" not in asked.text
        assert hidden(asked.text) == {"reveal": carried["reveal"], "of": "ANNE TESTER, 1, DE1 2FS"}
        for wrong in {"user": ""}, {"user": "\u00e9" * 61}, {"why": " "}, {"why": "x" * 501}:
            answer = stranger.post(hub.url + PAGE, {**body, **TYPED, **wrong})
            assert answer.status_code == 422 and f'<a href="#{next(iter(wrong))}">' in answer.text, wrong
        stranger.cert = None
        assert stranger.post(hub.url + PAGE, {**body, **TYPED}).status_code == 401
        # A node that answers control rooms alone.
        hub.server.stop()
        hub.server = hub.serving("--only", "emergency")
        hub.server.start()
        eventually(hub.is_ready, 20, why="the node")
        stranger.cert = hub.rooms["emas"].pair
        assert "ANNE TESTER" in stranger.post(hub.url + PAGE, {**body, **TYPED}).text
    for kind in "look", "reveal":
        look = latest(hub, unproved=True, kind=kind)
        assert look["offline"] is True and look["asked"]["caller_id"] == TYPED["user"]
        assert look["asked"]["page"] == {"proved": False, "reason": TYPED["why"]}
        [item] = [item for item in hub.work_items() if f"look {look['lookup_id']}" in item["about"]]
        assert item["code"] == ("reveal_unproved" if kind == "reveal" else "card_unproved")
    # Where the database is back, on that node too, somebody signs in.
    eventually(lambda: desk.get(hub.url + PAGE, allow_redirects=False).status_code == 200 and token(hub, desk), 30, why="the session")
    assert "ANNE TESTER" in send(hub, signed_in(hub, "e.other")).text
    assert stranger.post(hub.url + PAGE, {**body, **TYPED}).status_code == 401
    # That node has pages for no other computer.
    for path in SIGN_IN, "/staff/account", "/staff/set-up":
        assert requests.get(hub.url + path).status_code == 401
    hub.server.stop()
    hub.server = hub.serving()
    hub.start()


def test_a_table_that_is_locked_keeps_nobody_waiting(hub):
    desk = signed_in(hub, "e.desk")
    for table in "record.staff_session", "record.staff_account":
        with hub.holding(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
            for session in desk, requests.Session():
                session.cert = hub.rooms["emas"].pair
                started = time.monotonic()
                answer = session.post(hub.url + PAGE, {**LOOK, **TYPED})
                assert answer.status_code == 200 and "ANNE TESTER" in answer.text and time.monotonic() - started < 1.5
                assert "You were not signed in" in answer.text
    assert "ANNE TESTER" in send(hub, desk).text and "You were not signed in" not in send(hub, desk).text


def test_where_nobody_can_be_signed_in_though_sessions_can_be_read_who_asks_is_typed(hub):
    session = requests.Session()
    session.cert = hub.rooms["emas"].pair
    assert session.post(hub.url + PAGE, {**LOOK, **TYPED}).status_code == 401
    with hub.holding("LOCK TABLE ledger.entry IN ACCESS EXCLUSIVE MODE"):
        started = time.monotonic()
        refused = session.post(hub.url + SIGN_IN, hub.credentials("e.desk"), timeout=40)
        assert refused.status_code == 503 and PAGE in refused.text and time.monotonic() - started < 8
        # Of another control room nobody has tried.
        other = requests.Session()
        other.cert = hub.rooms["derbys_fire"].pair
        assert other.post(hub.url + PAGE, {**LOOK, **TYPED}).status_code == 401
        assert "ANNE TESTER" in session.post(hub.url + PAGE, {**LOOK, **TYPED}).text
    # And no more once somebody could be.
    signed_in(hub, "e.desk")
    assert session.post(hub.url + PAGE, {**LOOK, **TYPED}).status_code == 401


def test_a_control_room_that_is_suspended_is_shut_out(hub):
    desk = signed_in(hub, "f.desk", "derbys_fire")
    assert desk.get(hub.url + PAGE).status_code == 200
    hub.hub("partner", "disable", "derbys_fire")
    try:
        eventually(lambda: desk.get(hub.url + PAGE).status_code == 401, 1.5, why="the suspension")
    finally:
        hub.hub("partner", "enable", "derbys_fire")
    eventually(lambda: desk.get(hub.url + PAGE).status_code == 200, 1.5, why="the return")
