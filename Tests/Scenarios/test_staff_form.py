"""Staff enter what came by phone, letter, e-mail or face to face: in a real browser, by keyboard alone, without a script."""

import re
import shutil
import tempfile

import pytest
import requests

from installation import Installation, eventually
from pages import browser, check_page, press_until, submit

FILLED = {
    "taken_how": "phone", "taken_by": "A Worker", "referrer_name": "A Caller", "referrer_role": "Neighbour",
    "source_code": "1B", "given": "Zoë", "family": "Example", "dob_day": "27", "dob_month": "3", "dob_year": "1950",
    "phone": "01632 960001", "postcode": "DE1 2FS", "reason": "Would like company.", "urgency": "soon",
    "consent_agreed": "yes", "needs_isolation": "yes", "needs_falls": "yes", "risks_dog": "yes",
    "risk_to_visitors": "yes", "member_1_relation": "Brother", "member_1_given": "Abe",
}


@pytest.fixture(scope="module")
def hub():
    home = tempfile.mkdtemp(prefix="hub-")
    installation = Installation(home, outbound=False, settings=["staff_form: true"])
    installation.partner("workers", kind="staff")
    installation.partner("uhdb")
    installation.start()
    installation.member("a.worker", "coordinator")
    yield installation
    installation.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def session(hub):
    return hub.signed_in("a.worker")[0]


def hidden(answer):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


def send(hub, session, **answers):
    begun = hidden(session.get(hub.url + "/staff/referral"))
    return session.post(hub.url + "/staff/referral", {**FILLED, **begun, **answers}, allow_redirects=False)


def reference(text):
    return re.search(r"<strong>([0-9a-f-]{36})</strong>", text).group(1)


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 320)], ids=lambda value: str(value))
def test_by_keyboard_alone_without_a_finding_of_axe(hub, browser, scheme, width):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    foreign = []
    page.on("request", lambda request: foreign.append(request.url))
    page.goto(hub.url + "/staff/referral")
    assert page.url == hub.url + "/staff/sign-in"
    check_page(page)
    submit(page, "main button", within=200)
    assert page.title().startswith("Error: ")
    check_page(page)
    for field, typed in hub.credentials("a.worker").items():
        press_until(page, f"#{field}", within=200)
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(typed)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == hub.url + "/staff/referral"
    check_page(page)

    # Nothing filled in: the mistakes are on top, and the first link leads to its field.
    submit(page, "main > form:not(.session) button", within=200)
    assert page.title().startswith("Error: ")
    check_page(page)
    press_until(page, ".mistakes a", within=200)
    page.keyboard.press("Enter")
    for selector, keys in [
        ("#taken_how", ["Space"]), ("#taken_by", "A Worker"), ("#referrer_name", "A Caller"), ("#referrer_role", "Niece"),
        ("#source_code", ["F"]), ("#given", "Zoë"), ("#family", "O'Example <b>"), ("#dob_day", "27"), ("#dob_month", "3"),
        ("#dob_year", "1950"), ("#phone", "01632 960001"), ("#reason", "Would like company."),
        ("#needs_isolation", ["Space"]), ("#urgency", ["Space", "ArrowDown"]), ("#consent_agreed", ["Space"]),
    ]:
        press_until(page, selector, within=200)
        if isinstance(keys, str):
            page.keyboard.type(keys)
        else:
            for key in keys:
                page.keyboard.press(key)
    submit(page, "main > form:not(.session) button", within=200)
    assert page.locator("h1").inner_text() == "The referral is stored", page.locator("main").inner_text()[:600]
    check_page(page)
    receipt = page.locator(".panel strong").inner_text()
    assert all(url.startswith(hub.url) for url in foreign) and "?" not in "".join(foreign)
    eventually(lambda: hub.receipt(receipt)["status"] == "accepted", why="a case")
    context.close()


def test_without_a_script_it_becomes_an_envelope_of_the_team(hub):
    session, answer = hub.signed_in("a.worker")
    assert answer.status_code == 303 and answer.headers["Location"] == "/staff/referral"
    sent = send(hub, session)
    assert sent.status_code == 200, sent.text
    receipt = reference(sent.text)
    worked = hub.worked_on(receipt)
    assert worked["status"] == "accepted" and worked["referrals"][0]["sender"] == "derby_lac"
    document = requests.get(f"{hub.url}/v1/submissions/{receipt}/document", headers=hub.authorised("workers")).json()
    assert document["sender"] == "derby_lac" and document["person"]["dob"] == "1950-03-27"
    assert document["taken"]["how"] == "phone" and document["taken"]["by"] == "A Worker"
    assert document["taken"]["through"] == "a.worker"
    assert document["needs"] == ["isolation", "falls"] and document["risks"] == [{"code": "dog", "to_visitors": True}]
    assert document["household"] == [{"relation": "Brother", "given": "Abe", "lives_here": True}]
    seen = requests.get(
        f"{hub.url}/v1/referrals/{worked['referrals'][0]['referral_id']}", headers=hub.authorised("workers")
    ).json()
    assert seen["referral"]["extensions"]["taken"]["how"] == "phone"
    assert seen["referral"]["extension_groups"]["taken.by"] == "THIRD_PARTY"
    # Sent again as it is, it has one effect; changed, it is told.
    begun = hidden(session.get(hub.url + "/staff/referral"))
    fields = {**FILLED, **begun, "reason": "Another one"}
    first, again = (session.post(hub.url + "/staff/referral", fields) for _ in range(2))
    assert reference(first.text) == reference(again.text)
    assert session.post(hub.url + "/staff/referral", {**fields, "reason": "Other"}).status_code == 409


def test_only_who_is_signed_in_and_from_a_page_of_their_own_session(hub, session):
    nobody = requests.get(hub.url + "/staff/referral", allow_redirects=False)
    assert nobody.status_code == 303 and nobody.headers["Location"] == "/staff/sign-in"
    assert requests.post(hub.url + "/staff/referral", FILLED).status_code == 401
    assert send(hub, session, token="0" * 64).status_code == 403
    other, _ = hub.signed_in("a.worker")
    strange = hidden(other.get(hub.url + "/staff/referral"))["token"]
    assert send(hub, session, token=strange).status_code == 403


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"taken_by": ""}, "taken_by"), ({"reason": ""}, "reason"), ({"urgency": "never"}, "urgency"),
        ({"given": "", "family": ""}, "given"), ({"referrer_name": "", "referrer_role": ""}, "referrer_role"),
        ({"nhs_number": "9434765918"}, "nhs_number"), ({"postcode": "QA1 1AA"}, "postcode"),
        ({"phone": "12"}, "phone"), ({"email": "nobody"}, "email"), ({"dob_day": "31", "dob_month": "2"}, "dob_day"),
        ({"dob_year": ""}, "dob_year"), ({"dob_year": "2999"}, "dob_day"), ({"age": "200"}, "age"),
        ({"taken_on_year": "2999", "taken_on_month": "1", "taken_on_day": "1"}, "taken_on_day"),
        ({"source_code": ""}, "source_code"), ({"reason": "x" * 4001}, "reason"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_leads_to_its_field_and_nothing_typed_is_lost(hub, session, wrong, field):
    answer = send(hub, session, **wrong)
    assert answer.status_code == 422
    assert re.findall(r'<a href="#([^"]+)">', answer.text.split("<main")[1]) == [field]
    assert 'value="A Caller"' in answer.text or wrong.get("referrer_name") == ""


@pytest.mark.parametrize("body", [b"", b"%%%=&&&=%zz", b"a=1&a=2", b"\x00\xff" * 500, b"reason=" + b"x" * 300_000])
def test_any_body_is_answered_with_a_page(hub, session, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/staff/sign-in", "/staff/referral"):
        answer = session.post(hub.url + path, body, headers=headers)
        assert 400 <= answer.status_code < 500 and "</html>" in answer.text
    page = session.get(hub.url + "/staff/referral")
    assert page.headers["Cache-Control"] == "no-store" and "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none';")


def test_without_configuration_there_is_no_form():
    home = tempfile.mkdtemp(prefix="hub-")
    hub = Installation(home, outbound=False)
    try:
        hub.start()
        for path in ("/staff", "/staff/referral", "/staff/sign-in"):
            assert requests.get(hub.url + path).status_code == 404
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
