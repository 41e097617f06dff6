"""Accounts of staff: set up by a link, signed in to with a password and a code, and shut out at once; in a real browser by
keyboard alone, without a script."""

import re
import shutil
import tempfile
import time

import pytest
import requests

from installation import Installation, one_time_code
from pages import browser, check_page, press_until, submit

ACCOUNT = "/staff/account"
SIGN_IN = "/staff/sign-in"


@pytest.fixture(scope="module")
def hub():
    home = tempfile.mkdtemp(prefix="hub-")
    installation = Installation(home, outbound=False, settings=["staff_form: true"])
    installation.partner("workers", kind="staff")
    installation.partner("uhdb")
    installation.start()
    yield installation
    installation.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def member(hub, request):
    """An account of this test's own."""
    name = "m." + re.sub(r"[^a-z0-9]", "", request.node.name.lower())[-20:]
    hub.member(name, "coordinator")
    return name


def is_in(hub, session):
    return session.get(hub.url + ACCOUNT, allow_redirects=False).status_code == 200


def hidden(text):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def attempt(hub, member, **changes):
    return requests.post(hub.url + SIGN_IN, {**hub.credentials(member), **changes}, allow_redirects=False)


def ledger(hub, account):
    entries = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'staff_changed' ORDER BY at, id")
    return [re.search(r'"state":"(\w+)"', line).group(1) for line in entries.splitlines() if f'"account":"{account}"' in line]


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 320)], ids=str)
def test_set_up_and_signed_in_by_keyboard_alone_without_a_finding_of_axe(hub, browser, scheme, width):
    name = f"new.{scheme}"
    link = hub.hub("staff", "add", name, "--role", "coordinator", "--role", "duty_officer").strip()
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(link)
    check_page(page)
    key = page.inner_text("#code-key")
    password = "four words of mine, apart"

    def fill(**typed):
        for field, text in typed.items():
            press_until(page, f"#{field}", within=200)
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    fill(password="short", again="short", code="1")
    assert page.title().startswith("Error: ") and page.inner_text("#code-key") == key
    check_page(page)
    fill(password=password, again=password, code="000000" if one_time_code(key) != "000000" else "111111")
    assert page.locator("#code-error").count() == 1
    check_page(page)
    fill(password=password, again=password, code=one_time_code(key))
    assert page.url == hub.url + SIGN_IN
    check_page(page)
    hub.members[name] = (password, key)
    fill(**{**hub.credentials(name), "password": "not the one"})
    assert page.title().startswith("Error: ") and page.input_value("#name") == name
    check_page(page)
    fill(**hub.credentials(name))
    assert page.url == hub.url + "/staff/referral"
    page.goto(hub.url + ACCOUNT)
    check_page(page)
    assert "coordinator, duty officer" in page.inner_text("main")
    fill(current="wrong", password=password + "!", again=password + "!")
    assert page.locator("#current-error").count() == 1
    check_page(page)
    fill(current=password, password=password + "!", again=password + "!")
    assert "Your password is changed" in page.inner_text("[role=status]")
    check_page(page)
    submit(page, ".session button", within=200)
    assert page.url == hub.url + SIGN_IN
    page.goto(hub.url + ACCOUNT)
    assert page.url == hub.url + SIGN_IN
    context.close()
    assert ledger(hub, name) == ["added", "invited", "set_up", "signed_in", "password_changed", "signed_out"]


def test_a_session_is_a_cookie_that_no_script_reads_and_nobody_else_can_make(hub, member):
    session, answer = hub.signed_in(member)
    assert answer.status_code == 303 and answer.headers["Location"] == "/staff/referral"
    cookie = answer.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=900"):
        assert word in cookie
    value = session.cookies["hub-staff"]
    assert len(value) >= 43 and is_in(hub, session)
    assert value not in hub.sql("SELECT encode(id_hash, 'base64') FROM record.staff_session")
    for forged in ("AAAA", "A" * 3000, "A" + value[1:], value[:-1], value + "A", ""):
        assert not is_in(hub, type("", (), {"get": lambda self, url, **options: requests.get(
            url, cookies={"hub-staff": forged}, **options)})()) or forged == value


def test_a_cookie_from_before_is_not_taken_over(hub, member):
    session = requests.Session()
    fixed = "A" * 43
    session.cookies.set("hub-staff", fixed)
    answer = session.post(hub.url + SIGN_IN, hub.credentials(member), allow_redirects=False)
    assert fixed not in answer.headers["Set-Cookie"]
    first = requests.Session()
    first.post(hub.url + SIGN_IN, hub.credentials(member), allow_redirects=False)
    before = first.cookies["hub-staff"]
    first.post(hub.url + SIGN_IN, hub.credentials(member), allow_redirects=False)
    assert first.cookies["hub-staff"] != before
    assert requests.get(hub.url + ACCOUNT, cookies={"hub-staff": before}, allow_redirects=False).status_code == 303


def test_whatever_is_wrong_is_told_in_the_same_words(hub, member):
    texts = set()
    for changes in ({"name": "nobody.at.all"}, {"password": "wrong"}, {"code": "000000"}, {"code": ""}, {"password": ""},
                    {"name": "' OR 1=1 --"}, {"name": ""}):
        answer = attempt(hub, member, **changes)
        assert answer.status_code == 422 and "Set-Cookie" not in answer.headers
        texts.add(re.search(r"There is a problem</h2>\s*<p>([^<]+)", answer.text).group(1))
    assert len(texts) == 1
    for key in hub.keys["uhdb"], hub.keys["workers"]:
        answer = requests.post(hub.url + SIGN_IN, {"key": key}, allow_redirects=False)
        assert answer.status_code == 422 and "Set-Cookie" not in answer.headers


def test_a_code_is_taken_once_and_an_old_one_never(hub, member):
    password, key = hub.members[member]
    fields = hub.credentials(member)
    assert requests.post(hub.url + SIGN_IN, fields, allow_redirects=False).status_code == 303
    assert requests.post(hub.url + SIGN_IN, fields, allow_redirects=False).status_code == 422
    old = one_time_code(key, time.time() - 90)
    assert attempt(hub, member, code=old).status_code == 422 or old == one_time_code(key)


def test_after_five_wrong_attempts_the_right_one_waits_and_others_do_not(hub, member):
    other = "m.other.five"
    hub.member(other, "coordinator")
    for _ in range(5):
        assert attempt(hub, member, password="wrong").status_code == 422
    assert attempt(hub, member).status_code == 422
    assert attempt(hub, other).status_code == 303
    assert "left_alone" in ledger(hub, member)
    hub.sql(f"UPDATE record.staff_account SET locked_until = now() - interval '1 s' WHERE id = '{member}'")
    assert attempt(hub, member).status_code == 303
    assert hub.sql(f"SELECT failures FROM record.staff_account WHERE id = '{member}'").strip() == "0"


def test_one_address_cannot_try_without_end(home):
    hub = Installation(home, outbound=False, settings=["staff_form: true"])
    try:
        hub.start()
        began, tried = time.monotonic(), 0
        while True:
            # Wherever it says that it is.
            answer = requests.get(hub.url + "/staff/set-up?invitation=A", headers={"X-Forwarded-For": f"203.0.113.{tried}"})
            if answer.status_code == 429:
                break
            tried += 1
            assert answer.status_code == 410 and tried <= 61 + time.monotonic() - began
        assert tried >= 60 and int(answer.headers["Retry-After"]) >= 1
    finally:
        hub.close()


@pytest.mark.parametrize("password, problem", [
    ("short", "15 characters or more"), ("aaaaaaaaaaaaaaaaaaaa", "different letters"), ("abcdefghijklmnopqrst", "row of the keyboard"),
    ("qwertyuiopasdfghjk", "row of the keyboard"), ("Password Password1", "everybody tries"), ("derby council 123", "everybody tries"),
    ("x" * 10 + "y" * 119 + "abcdef", "128 characters"),
])
def test_a_password_that_is_easily_guessed_is_refused_with_its_reason(hub, password, problem):
    name = "m.password"
    hub.hub("staff", "add", name, "--role", "coordinator", check=False)
    link = hub.hub("staff", "invite", name).strip()
    page = requests.get(link).text
    key = re.search(r'id="code-key">([A-Z2-7 ]+)<', page).group(1)
    answer = requests.post(link.split("?")[0], {
        **hidden(page), "password": password, "again": password, "code": one_time_code(key)}, allow_redirects=False)
    assert answer.status_code == 422 and problem in answer.text and f'value="{password}"' not in answer.text


def test_a_link_is_good_once_and_for_a_day_and_a_new_one_voids_what_was(hub, member):
    session, _ = hub.signed_in(member)
    link = hub.hub("staff", "invite", member).strip()
    assert not is_in(hub, session)
    assert attempt(hub, member).status_code == 422
    newer = hub.hub("staff", "invite", member).strip()
    assert requests.get(link).status_code == 410
    page = requests.get(newer).text
    key = re.search(r'id="code-key">([A-Z2-7 ]+)<', page).group(1)
    fields = {**hidden(page), "password": "another one of five words", "again": "another one of five words",
              "code": one_time_code(key)}
    # The key of the codes is the hub's own making: one that the page did not bring is not taken.
    forged = requests.post(newer.split("?")[0], {**fields, "key": "A" * 70}, allow_redirects=False)
    assert forged.status_code == 422
    assert requests.post(newer.split("?")[0], fields, allow_redirects=False).status_code == 303
    assert requests.post(newer.split("?")[0], fields, allow_redirects=False).status_code == 410
    last = hub.hub("staff", "invite", member).strip()
    hub.sql(f"UPDATE record.staff_invitation SET expires_at = now() WHERE account = '{member}'")
    assert requests.get(last).status_code == 410
    for nonsense in ("", "?invitation=", "?invitation=" + "A" * 43, "?invitation=%00%ff"):
        assert requests.get(newer.split("?")[0] + nonsense).status_code == 410


def test_sessions_end_with_time_with_the_account_and_with_its_roles(hub, member):
    session, _ = hub.signed_in(member)
    hub.sql(f"UPDATE record.staff_session SET seen_at = now() - interval '14 min' WHERE account = '{member}'")
    assert is_in(hub, session)
    hub.sql(f"UPDATE record.staff_session SET seen_at = now() - interval '15 min' WHERE account = '{member}'")
    assert not is_in(hub, session)
    session, _ = hub.signed_in(member)
    hub.sql(f"UPDATE record.staff_session SET opened_at = now() - interval '8 hours' WHERE account = '{member}'")
    assert not is_in(hub, session)
    session, _ = hub.signed_in(member)
    hub.hub("staff", "roles", member, "auditor")
    assert not is_in(hub, session)
    session, answer = hub.signed_in(member)
    assert answer.headers["Location"] == ACCOUNT
    # An auditor enters nothing and fetches nothing.
    for path in "/staff/referral", "/staff/documents":
        assert session.get(hub.url + path).status_code == 403
        token = hidden(session.get(hub.url + ACCOUNT).text)["token"]
        assert session.post(hub.url + path, {"token": token}).status_code == 403
    hub.hub("staff", "disable", member)
    assert not is_in(hub, session)
    assert attempt(hub, member).status_code == 422
    hub.hub("staff", "enable", member)
    assert attempt(hub, member).status_code == 303


def test_another_password_ends_the_other_sessions_and_no_other_site_can_set_it(hub, member):
    here, _ = hub.signed_in(member)
    there, _ = hub.signed_in(member)
    password, _ = hub.members[member]
    wanted = {"current": password, "password": "yet another few words", "again": "yet another few words"}
    token = hidden(here.get(hub.url + ACCOUNT).text)["token"]
    for wrong in ("", "A" * 43, hidden(there.get(hub.url + ACCOUNT).text)["token"]):
        assert here.post(hub.url + ACCOUNT, {**wanted, "token": wrong}).status_code == 403
    assert is_in(hub, there)
    changed = here.post(hub.url + ACCOUNT, {**wanted, "token": token})
    assert changed.status_code == 200 and "Your password is changed" in changed.text
    assert is_in(hub, here) and not is_in(hub, there)
    assert attempt(hub, member).status_code == 422
    assert attempt(hub, member, password="yet another few words").status_code == 303


def test_signing_out_ends_the_session_and_wants_its_own_page(hub, member):
    session, _ = hub.signed_in(member)
    kept = session.cookies["hub-staff"]
    session.post(hub.url + "/staff/sign-out", {"token": "A" * 43}, allow_redirects=False)
    assert is_in(hub, session)
    token = hidden(session.get(hub.url + ACCOUNT).text)["token"]
    out = session.post(hub.url + "/staff/sign-out", {"token": token}, allow_redirects=False)
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert {part.strip() for part in out.headers["Clear-Site-Data"].split(",")} >= {'"cache"', '"storage"'}
    assert requests.get(hub.url + ACCOUNT, cookies={"hub-staff": kept}, allow_redirects=False).status_code == 303


def test_the_command_refuses_what_cannot_be(hub):
    for arguments, problem in [
        (("add", "No Name", "--role", "coordinator"), "no user name"), (("add", "x.y"), "--role"),
        (("add", "x.y", "--role", "partner"), "partner"), (("invite", "nobody"), "no account"),
        (("roles", "nobody", "auditor"), "No account"), (("disable", "nobody"), "No account"),
    ]:
        run = hub.hub("staff", *arguments, check=False)
        assert run.returncode == 64 and problem in run.stderr, (arguments, run.stderr)


def test_a_password_is_typed_or_filled_in_as_one_likes(hub, member):
    session, _ = hub.signed_in(member)
    link = hub.hub("staff", "add", "m.typing", "--role", "auditor").strip()
    for page, wanted in (
        (requests.get(hub.url + SIGN_IN), {"password": "current-password"}),
        (requests.get(link), {"password": "new-password", "again": "new-password"}),
        (session.get(hub.url + ACCOUNT), {"current": "current-password", "password": "new-password", "again": "new-password"}),
    ):
        fields = {}
        for field in re.findall(r"<input [^>]*>", page.text):
            told = dict(re.findall(r'([\w-]+)="([^"]*)"', field))
            if told["type"] == "password":
                fields[told["name"]] = told["autocomplete"]
                assert int(told.get("maxlength", 128)) >= 128 and "pattern" not in told
        assert fields == wanted
        # Nothing can keep from pasting.
        assert "<script" not in page.text and not re.search(r"\son\w+=", page.text)


def test_a_password_is_good_for_as_long_as_nobody_changes_it(hub, member):
    years = "interval '10 years'"
    hub.sql(f"UPDATE record.staff_account SET added_at = added_at - {years} WHERE id = '{member}'")
    session, answer = hub.signed_in(member)
    assert answer.headers["Location"] == "/staff/referral" and is_in(hub, session)


def test_every_page_of_a_session_has_a_way_out_of_it(hub, member):
    session, _ = hub.signed_in(member)
    for path in ACCOUNT, "/staff/referral", "/staff/documents":
        page = session.get(hub.url + path)
        assert page.status_code == 200
        [form] = re.findall(r'<form [^>]*action="/staff/sign-out".*?</form>', page.text, re.DOTALL)
        assert "<button" in form and 'method="post"' in form.lower(), path


def test_neither_password_nor_code_key_nor_link_is_kept_readable(hub, member):
    password, key = hub.members[member]
    link = hub.hub("staff", "invite", member).strip().split("=")[1]
    kept = hub.sql("SELECT password_hash, encode(sealed_code_key, 'escape') FROM record.staff_account; "
                   "SELECT encode(token_hash, 'escape') FROM record.staff_invitation")
    assert "$scrypt$ln=16,r=8,p=2$" in kept
    log = (hub.home / "hub.log").read_text() if (hub.home / "hub.log").exists() else ""
    for secret in (password, key.replace(" ", ""), link):
        assert secret not in kept and secret not in log
