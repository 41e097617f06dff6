"""The section Settings of the console: partners and their credentials, adapters and their samples, accounts and rights, the rules."""

import json
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time
import uuid
from urllib.parse import urlencode, urlsplit

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7, one_time_code
from pages import LOOKS, browser, check_page, press_until, submit

SETTINGS = "/console/settings"
PARTNERS, USERS, ADAPTERS = SETTINGS + "/partners", SETTINGS + "/users", SETTINGS + "/adapters"
ADD = SETTINGS + "/add-user"
SCRIPT = "<script>alert(1)</script>"
MEMBERS = {
    "an.admin": "administrator", "second.admin": "administrator", "an.operator": "operator", "an.auditor": "auditor",
    "p.privacy": "privacy_officer", "c.worker": "coordinator",
}
READERS = {"an.admin", "second.admin", "an.operator", "an.auditor", "p.privacy"}


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Installation(
        home, outbound=False, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true", "key_store: { folder: keys }"])
    try:
        hub.hub("partner", "add", "named", "--name", f"{SCRIPT} & \"Sons\"", "--adapter", "uhdb")
        hub.hub("partner", "add", "dchs", "--name", "Community Health", "--adapter", "dchs")
        hub.partner("derbys_police")
        hub.start()
        for name, role in MEMBERS.items():
            hub.member(name, role)
        hub.sessions = {name: hub.signed_in(name)[0] for name in MEMBERS}
        yield hub
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)


# What tests do on pages

def get(hub, name, path):
    return hub.sessions[name].get(hub.url + path, allow_redirects=False)


def token(hub, name):
    return re.search(r'name="token" value="([^"]+)"', get(hub, name, "/console").text).group(1)


def post(hub, who, path, /, confirmed=True, **fields):
    """Sends a form of one's own session, whatever the page shows."""
    fields = {"token": token(hub, who), **({"confirmed": "yes"} if confirmed else {}), **fields}
    return hub.sessions[who].post(hub.url + path, fields, allow_redirects=False)


def live(hub, partner):
    """Which credentials of a partner are live, as the forms of its page that revoke bring it back."""
    return re.search(r'name="seen" value="([0-9a-f]{64})"', get(hub, "an.admin", f"{PARTNERS}/{partner}").text).group(1)


def revoke(hub, who, partner, credential, **fields):
    return post(hub, who, f"{PARTNERS}/{partner}", **{"do": "revoke", "credential": credential, "seen": live(hub, partner), **fields})


def begun(hub, who, path, **fields):
    """Sends a confirmed form but for its last letter; what is given back sends that, and is told the answer's status and text."""
    session, address = hub.sessions[who], urlsplit(hub.url)
    body = urlencode({"token": token(hub, who), "confirmed": "yes", **fields}).encode()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    connection = socket.create_connection((address.hostname, address.port), timeout=20)
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookies}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    # It has come as far as it has, before anything else happens.
    time.sleep(0.3)

    def finish():
        connection.sendall(body[-1:])
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        connection.close()
        return int(answer.split(b" ", 2)[1]), answer.decode()
    return finish


def seen(hub, user):
    """How an account is, as its page's forms bring back."""
    return re.search(r'name="seen" value="([^"]*)"', get(hub, "an.admin", f"{USERS}/{user}").text).group(1)


def change(hub, user, deed, by="an.admin", **fields):
    return post(hub, by, f"{USERS}/{user}", do=deed, **{"seen": seen(hub, user), **fields})


def entries(hub, kind, **fields):
    rows = hub.sql(f"SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = '{kind}' ORDER BY at, id").splitlines()
    return [entry for entry in map(json.loads, rows) if all(entry.get(key) == value for key, value in fields.items())]


def is_let_in(hub, partner):
    return requests.get(f"{hub.url}/v1/receipts/{uuid.uuid4()}", headers=hub.authorised(partner), timeout=10).status_code != 401


def opened(hub, browser, name, scheme="light", width=1280, scripts=True):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in hub.sessions[name].cookies])
    return context.new_page()


def added(hub, name, *roles):
    """A new account's link."""
    answer = post(hub, "an.admin", ADD, name=name, **{f"role_{role}": "yes" for role in roles})
    assert answer.status_code == 200, answer.text
    return re.search(r'id="secret">([^<]+)<', answer.text).group(1).replace("&amp;", "&")


def set_up(hub, name, link):
    """The owner's part."""
    page = requests.get(link).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    key = re.search(r'id="code-key">([A-Z2-7 ]+)<', page).group(1)
    hub.members[name] = (f"correct horse battery {name}", key)
    return requests.post(link.split("?")[0], {**fields, "password": hub.members[name][0], "again": hub.members[name][0],
                                              "code": one_time_code(key)}, allow_redirects=False)


# Each page

@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_in_each_look(hub, browser, scheme, width):
    page = opened(hub, browser, "an.admin", scheme, width)
    for path in (SETTINGS, PARTNERS, f"{PARTNERS}/uhdb", f"{PARTNERS}/named", f"{PARTNERS}/uhdb/key", ADAPTERS,
                 f"{ADAPTERS}/uhdb", USERS, f"{USERS}/c.worker", f"{USERS}/an.admin", ADD, SETTINGS + "/rights",
                 SETTINGS + "/policy"):
        page.goto(hub.url + path)
        check_page(page)
        assert page.locator("h1").count() == 1 and page.locator("footer details p").count() > 0
        assert page.locator("header nav a[aria-current]").inner_text() == "Settings"
    page.goto(hub.url + f"{PARTNERS}/uhdb")
    page.get_by_role("button", name="Suspend it").click()
    check_page(page)
    page.goto(hub.url + ADD)
    page.get_by_role("button", name="Add the user").click()
    assert page.title().startswith("Error: ")
    check_page(page)
    page.context.close()


def test_the_overview_says_what_to_see_to(hub):
    hub.hub("partner", "key", "dchs", "--days", "5", "--to-file", hub.home / "secrets/ends")
    link = hub.hub("staff", "add", "not.yet", "--role", "auditor")
    try:
        text = get(hub, "an.auditor", SETTINGS).text
        assert "the last API key of dchs" in text and "not.yet has no second factor yet" in text
        assert "notice-1.rules-1" in text and "record " in text
        # Nobody sees by it who has an account, who may not see accounts.
        operators = get(hub, "an.operator", SETTINGS).text
        assert "not.yet" not in operators and "Accounts of staff" not in operators and USERS not in operators
        assert "the last API key of dchs" in operators
    finally:
        hub.hub("staff", "disable", "not.yet")
    assert "no second factor yet" not in get(hub, "an.auditor", SETTINGS).text
    assert link.strip().split("=")[-1] not in text


def test_no_page_has_a_secret(hub):
    secrets = [key.split("_")[2] for key in hub.keys.values()]
    hashes = hub.sql("SELECT encode(secret_hash, 'hex') FROM record.api_key UNION SELECT password_hash FROM record.staff_account "
                     "WHERE password_hash IS NOT NULL UNION SELECT encode(sealed_code_key, 'hex') FROM record.staff_account "
                     "WHERE sealed_code_key IS NOT NULL").split()
    assert len(secrets) >= 3 and len(hashes) > len(MEMBERS)
    for path in SETTINGS, PARTNERS, f"{PARTNERS}/uhdb", USERS, f"{USERS}/c.worker", SETTINGS + "/policy":
        text = get(hub, "an.admin", path).text
        assert not [secret for secret in secrets + hashes if secret in text], path


# Partners

@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_partner_is_suspended_by_keyboard_and_its_next_call_is_refused(hub, browser, scripts):
    assert is_let_in(hub, "derbys_police")
    page = opened(hub, browser, "an.admin", scripts=scripts)
    page.goto(hub.url + PARTNERS)
    with page.expect_navigation():
        press_until(page, f'a[href="{PARTNERS}/derbys_police"]', within=100)
        page.keyboard.press("Enter")
    submit(page, "main form:has([value=suspend]) button")
    assert "Suspend derbys_police?" in page.inner_text("h1") and "every way" in page.inner_text("main")
    assert is_let_in(hub, "derbys_police")
    submit(page, "main form button")
    assert "It is suspended" in page.inner_text("[role=status]") and page.url.endswith("?done=suspended")
    time.sleep(1.1)
    assert not is_let_in(hub, "derbys_police")
    submit(page, "main form:has([value=resume]) button")
    submit(page, "main form button")
    assert "It is let in again" in page.inner_text("[role=status]")
    time.sleep(1.1)
    assert is_let_in(hub, "derbys_police")
    said = entries(hub, "partner_changed", partner="derbys_police", actor="staff/an.admin")
    assert [entry["state"] for entry in said[-2:]] == ["disabled", "enabled"]
    page.context.close()


def test_whoever_saw_it_otherwise_changes_nothing(hub):
    path = f"{PARTNERS}/named"
    assert post(hub, "an.admin", path, do="suspend", seen="active").headers["Location"].endswith("done=suspended")
    again = post(hub, "second.admin", path, do="suspend", seen="active")
    assert again.status_code == 409 and "somebody else did something meanwhile" in again.text
    assert len(entries(hub, "partner_changed", partner="named", state="disabled")) == 1
    assert post(hub, "second.admin", path, do="resume", seen="suspended").status_code == 303


def test_no_address_says_what_was_not_done(hub):
    for path in f"{PARTNERS}/derbys_police", f"{USERS}/c.worker":
        for done in "revoked", "overtaken", "suspended", "disabled", "x", SCRIPT:
            text = get(hub, "an.operator" if path.startswith(PARTNERS) else "an.auditor", f"{path}?done={done}").text
            assert 'role="status"' not in text and SCRIPT not in text, (path, done)


def test_a_key_is_changed_over(hub):
    page = get(hub, "an.admin", f"{PARTNERS}/uhdb/key").text
    before = hub.keys["uhdb"]
    fields = {"seen": re.search(r'name="seen" value="([^"]*)"', page).group(1), "days": "30"}
    assert fields["seen"] == before.split("_")[1]
    answer = post(hub, "an.admin", f"{PARTNERS}/uhdb/key", **fields)
    key = re.search(r'id="secret">(hub_\w+)<', answer.text).group(1)
    assert answer.headers["Cache-Control"] == "no-store"
    # The form that is sent again, as by a page that is loaded again, makes no other.
    again = post(hub, "an.admin", f"{PARTNERS}/uhdb/key", **fields)
    assert again.status_code == 409 and 'id="secret"' not in again.text
    assert post(hub, "an.admin", f"{PARTNERS}/uhdb/key", seen=" ".join(sorted([before.split("_")[1], key.split("_")[1]])), days="").status_code == 409
    assert get(hub, "an.admin", f"{PARTNERS}/uhdb/key").status_code == 409
    assert is_let_in(hub, "uhdb")
    hub.keys["uhdb"] = key
    assert is_let_in(hub, "uhdb")
    prefix = before.split("_")[1]
    asked = revoke(hub, "an.admin", "uhdb", prefix, confirmed=False)
    assert "never good again" in asked.text and key.split("_")[1] in asked.text
    both = live(hub, "uhdb")
    assert revoke(hub, "an.admin", "uhdb", prefix, seen=both).status_code == 303
    assert revoke(hub, "an.admin", "uhdb", prefix).status_code == 409
    # Whoever thought that the partner had that key left does not take the other.
    late = revoke(hub, "second.admin", "uhdb", key.split("_")[1], seen=both)
    assert late.status_code == 409 and "somebody else did something meanwhile" in late.text
    time.sleep(1.1)
    hub.keys["uhdb"], new = before, key
    assert not is_let_in(hub, "uhdb")
    hub.keys["uhdb"] = new
    assert is_let_in(hub, "uhdb")
    said = entries(hub, "partner_changed", partner="uhdb", actor="staff/an.admin")
    assert [(entry["state"], entry["api_key"]) for entry in said] == [("key_issued", new.split("_")[1]), ("key_revoked", prefix)]
    everything = hub.dump() + (hub.home / "hub.log").read_text() + get(hub, "an.admin", f"{PARTNERS}/uhdb").text
    assert new.split("_")[2] not in everything


def test_a_certificate_whose_noted_end_has_passed_is_revoked_there(hub):
    certificate, name = str(uuid.uuid4()), str(uuid.uuid4())
    hub.sql(f"""
        INSERT INTO record.client_certificate (id, partner, expires_at, key_hash, name) VALUES
            ('{certificate}', 'named', now() - interval '3 days', sha256('{certificate}'), NULL),
            ('{name}', 'named', NULL, NULL, 'pas.named.example')""")
    page = get(hub, "an.operator", f"{PARTNERS}/named").text
    assert "live: its noted end has passed" in page and "pas.named.example" in page and "Revoke" not in page
    page = get(hub, "an.admin", f"{PARTNERS}/named").text
    assert f">Revoke {certificate}</button>" in page and f">Revoke {name}</button>" in page
    assert revoke(hub, "an.admin", "named", certificate).headers["Location"].endswith("done=revoked")
    assert revoke(hub, "an.admin", "named", certificate).status_code == 409
    assert hub.sql(f"SELECT revoked_at IS NOT NULL FROM record.client_certificate WHERE id = '{certificate}'").strip() == "t"
    assert entries(hub, "partner_changed", partner="named", state="certificate_revoked", actor="staff/an.admin")
    assert revoke(hub, "an.admin", "named", name).status_code == 303


def test_a_client_key_is_revoked_there(hub):
    # Its partner chose its name, which may be anything.
    kid = '<b>"key" & 1</b>'
    hub.sql(f"INSERT INTO record.client_key (partner, kid, expires_at, pem) VALUES ('named', '{kid}', now() - interval '1 hour', 'pem')")
    page = get(hub, "an.admin", f"{PARTNERS}/named").text
    assert kid not in page and ">ended<" in page and "Revoke named/" in page
    assert revoke(hub, "an.admin", "named", f"named/{kid}").status_code == 303
    assert hub.sql(f"SELECT revoked_at IS NOT NULL FROM record.client_key WHERE partner = 'named'").strip() == "t"


def test_a_key_that_ends_is_followed_by_one_that_ends(hub):
    hub.hub("partner", "add", "ending", "--name", "Ending", "--adapter", "uhdb")
    hub.hub("partner", "key", "ending", "--days", "90", "--to-file", hub.home / "secrets/ending")
    page = get(hub, "an.admin", f"{PARTNERS}/ending/key").text
    assert 'name="days" value="90"' in page and "Leave it empty" not in page
    prefix = re.search(r'name="seen" value="([^"]*)"', page).group(1)
    answer = post(hub, "an.admin", f"{PARTNERS}/ending/key", seen=prefix, days="")
    assert answer.status_code == 422 and 'id="days-error"' in answer.text
    assert hub.sql("SELECT count(*) FROM record.api_key WHERE partner = 'ending'").strip() == "1"
    assert 'id="secret"' in post(hub, "an.admin", f"{PARTNERS}/ending/key", seen=prefix, days="90").text


def test_a_key_is_no_way_to_a_first_key_nor_to_another_partners(hub):
    assert get(hub, "an.admin", f"{PARTNERS}/named/key").status_code == 409
    assert post(hub, "an.admin", f"{PARTNERS}/named/key", seen="", days="").status_code == 409
    prefix = hub.keys["derbys_police"].split("_")[1]
    assert post(hub, "an.admin", f"{PARTNERS}/named", do="revoke", credential=prefix, seen=live(hub, "derbys_police")).status_code == 400
    assert is_let_in(hub, "derbys_police")


@pytest.mark.parametrize("days", ["0", "-1", "3651", "1.5", "ten", "9" * 30, SCRIPT, "\0"])
def test_days_that_are_none_make_no_key(hub, days):
    prefix = hub.keys["derbys_police"].split("_")[1]
    answer = post(hub, "an.admin", f"{PARTNERS}/derbys_police/key", seen=prefix, days=days)
    assert answer.status_code == 422 and 'id="days-error"' in answer.text and SCRIPT not in answer.text
    assert hub.sql("SELECT count(*) FROM record.api_key WHERE partner = 'derbys_police'").strip() == "1"


# Accounts

@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_user_is_added_by_keyboard_and_signs_in_by_the_link(hub, browser, scripts):
    name = "new.one" if scripts else "new.two"
    page = opened(hub, browser, "an.admin", scripts=scripts)
    page.goto(hub.url + USERS)
    with page.expect_navigation():
        press_until(page, f'a[href="{ADD}"]', within=100)
        page.keyboard.press("Enter")
    press_until(page, "#name")
    page.keyboard.type(name)
    press_until(page, "#role_auditor")
    page.keyboard.press("Space")
    submit(page, "main form button")
    assert page.url == hub.url + ADD
    # What looks for findings is a script itself.
    if scripts:
        check_page(page)
    link = page.inner_text("#secret")
    page.goto(hub.url + f"{USERS}/{name}")
    assert "its link is good until" in page.inner_text("main") and link not in page.content()
    assert set_up(hub, name, link).status_code == 303
    session, answer = hub.signed_in(name)
    assert answer.status_code == 303
    assert session.get(hub.url + SETTINGS).status_code == 200
    assert session.get(hub.url + ADD).status_code == 403
    page.reload()
    assert "a password and a code, both set up" in page.inner_text("main") and "in 1 browser" in page.inner_text("main")
    # Shut out, by keyboard.
    submit(page, "main form:has([value=disable]) button")
    submit(page, "main form button")
    assert "It is shut out" in page.inner_text("[role=status]")
    assert session.get(hub.url + SETTINGS, allow_redirects=False).status_code == 303
    assert hub.signed_in(name)[1].status_code == 422
    said = entries(hub, "staff_changed", account=name, actor="staff/an.admin")
    assert [entry["state"] for entry in said] == ["added", "invited", "disabled"]
    page.context.close()


@pytest.mark.parametrize("name", ["", "a", "A.Name", "with space", "-x", "x" * 41, SCRIPT, "é.è", "a\0b", "new/../x"])
def test_what_is_no_user_name_is_not_taken(hub, name):
    answer = post(hub, "an.admin", ADD, name=name, role_auditor="yes")
    assert answer.status_code == 422 and 'id="name-error"' in answer.text and SCRIPT not in answer.text


def test_an_account_needs_a_role_that_there_is_and_a_name_of_its_own(hub):
    for fields in ({}, {"role_partner": "yes"}, {"role_control_room": "yes"}, {"role_auditor": "no"}, {"role_root": "yes"}):
        answer = post(hub, "an.admin", ADD, name="no.roles", **fields)
        assert answer.status_code == 422 and 'id="choice-error"' in answer.text
    assert post(hub, "an.admin", ADD, name="c.worker", role_administrator="yes").status_code == 422
    assert "coordinator" in hub.hub("staff", "list").split("c.worker")[1].splitlines()[0]


def test_roles_links_and_sessions_of_an_account(hub):
    assert set_up(hub, "r.changing", added(hub, "r.changing", "auditor")).status_code == 303
    session, _ = hub.signed_in("r.changing")
    before = seen(hub, "r.changing")
    asked = change(hub, "r.changing", "roles", confirmed=False, role_operator="yes")
    assert "It may do what these may: operator." in asked.text and session.get(hub.url + "/console/ledger").status_code == 200
    assert change(hub, "r.changing", "roles", role_operator="yes").headers["Location"].endswith("done=roles")
    assert session.get(hub.url + SETTINGS, allow_redirects=False).status_code == 303
    session, _ = hub.signed_in("r.changing")
    assert session.get(hub.url + "/console/ledger").status_code == 403 and session.get(hub.url + PARTNERS).status_code == 200
    # Whoever looks at how it was changes nothing.
    late = change(hub, "r.changing", "roles", by="second.admin", role_administrator="yes", seen=before)
    assert late.status_code == 409 and "somebody else did something meanwhile" in late.text
    assert change(hub, "r.changing", "roles").status_code == 422
    assert change(hub, "r.changing", "sign_out").status_code == 303
    assert session.get(hub.url + SETTINGS, allow_redirects=False).status_code == 303
    session, _ = hub.signed_in("r.changing")
    state = seen(hub, "r.changing")
    answer = change(hub, "r.changing", "invite", seen=state)
    link = re.search(r'id="secret">([^<]+)<', answer.text).group(1)
    assert session.get(hub.url + SETTINGS, allow_redirects=False).status_code == 303
    assert hub.signed_in("r.changing")[1].status_code == 422
    again = change(hub, "r.changing", "invite", seen=state)
    assert again.status_code == 409 and requests.get(link).status_code == 200
    states = [entry["state"] for entry in entries(hub, "staff_changed", account="r.changing", actor="staff/an.admin")]
    assert states == ["added", "invited", "roles_set", "sessions_ended", "invited"]
    assert link.split("=")[-1] not in (hub.home / "hub.log").read_text() + hub.dump()


@pytest.mark.parametrize("deed", ["disable", "sign_out", "roles"])
def test_what_was_in_flight_when_somebody_was_shut_out_is_not_done(hub, deed):
    name = f"x.{deed.replace('_', '.')}"
    hub.member(name, "administrator")
    hub.sessions[name], _ = hub.signed_in(name)
    keys = hub.sql("SELECT count(*) FROM record.api_key")
    prefix = hub.keys["derbys_police"].split("_")[1]
    finishes = [
        begun(hub, name, ADD, name=f"{name}.2", role_administrator="yes"),
        begun(hub, name, f"{PARTNERS}/derbys_police/key", seen=prefix, days="30"),
        begun(hub, name, f"{PARTNERS}/derbys_police", do="suspend", seen="active"),
        begun(hub, name, f"{USERS}/c.worker", do="disable", seen=seen(hub, "c.worker")),
    ]
    assert change(hub, name, deed, role_auditor="yes").status_code == 303
    for finish in finishes:
        status, text = finish()
        assert status == 401 and "You were signed out" in text and 'id="secret"' not in text
    assert hub.sql(f"SELECT count(*) FROM record.staff_account WHERE id = '{name}.2'").strip() == "0"
    assert hub.sql("SELECT count(*) FROM record.api_key") == keys and is_let_in(hub, "derbys_police")
    assert entries(hub, "partner_changed", actor=f"staff/{name}") == entries(hub, "staff_changed", actor=f"staff/{name}") == []
    # The same form in one piece, of somebody who may, is one that is taken.
    assert begun(hub, "second.admin", f"{PARTNERS}/named", do="suspend", seen="active")()[0] == 303
    assert post(hub, "second.admin", f"{PARTNERS}/named", do="resume", seen="suspended").status_code == 303


def test_privacy_officers_are_told_when_somebody_is_let_in_to_persons(hub):
    work, kind = "/console/work", "?kind=given_access"
    hub.member("q.privacy", "privacy_officer")
    hub.sessions["q.privacy"], _ = hub.signed_in("q.privacy")
    assert change(hub, "q.privacy", "invite").status_code == 200
    path = re.search(rf'href="({work}/items/[0-9a-f-]+)"', get(hub, "p.privacy", work + kind).text).group(1)
    page = get(hub, "p.privacy", path).text
    assert "whoever has the link becomes its owner" in page
    assert f'href="{USERS}/q.privacy"' in page and f'href="{USERS}/an.admin"' in page and "staff/an.admin" in page
    assert get(hub, "an.admin", path).status_code == 403 and get(hub, "c.worker", path).status_code == 403
    # Whoever has become the owner says nothing about it, nor does who made it so.
    hub.sql("UPDATE record.staff_account SET roles = '{administrator,privacy_officer}' WHERE id = 'an.admin'")
    try:
        answer = post(hub, "an.admin", path, do="done")
        assert answer.status_code == 422 and "about yourself" in answer.text
    finally:
        hub.sql("UPDATE record.staff_account SET roles = '{administrator}' WHERE id = 'an.admin'")
    link = re.search(r'id="secret">([^<]+)<', change(hub, "q.privacy", "invite").text).group(1).replace("&amp;", "&")
    assert set_up(hub, "q.privacy", link).status_code == 303
    hub.sessions["q.privacy"], _ = hub.signed_in("q.privacy")
    assert post(hub, "q.privacy", path, do="done").status_code == 422
    assert post(hub, "p.privacy", path, do="done").status_code == 303
    assert "given_access" in hub.hub("work", "list") and "account q.privacy, done by staff/an.admin" in hub.hub("work", "list")


def test_an_account_that_is_shut_out_is_given_no_link(hub):
    hub.member("s.out", "auditor")
    assert change(hub, "s.out", "disable").status_code == 303
    before = hub.sql("SELECT password_hash FROM record.staff_account WHERE id = 's.out'")
    answer = change(hub, "s.out", "invite")
    assert answer.status_code == 422 and "let it sign in again first" in answer.text and 'value="invite"' not in answer.text
    assert hub.sql("SELECT password_hash FROM record.staff_account WHERE id = 's.out'") == before != ""
    assert change(hub, "s.out", "enable").status_code == 303
    assert hub.signed_in("s.out")[1].status_code == 303


def test_nobody_changes_their_own_account(hub):
    state = re.search(r'name="seen" value="([^"]*)"', get(hub, "second.admin", f"{USERS}/an.admin").text).group(1)
    for deed in "roles", "disable", "enable", "invite", "sign_out":
        answer = post(hub, "an.admin", f"{USERS}/an.admin", do=deed, seen=state, role_operator="yes")
        assert answer.status_code == 422 and "Nobody changes their own account" in answer.text
    assert get(hub, "an.admin", SETTINGS).status_code == 200
    assert 'name="do"' not in get(hub, "an.admin", f"{USERS}/an.admin").text


# Adapters

def test_adapters_are_tested_when_somebody_asks(hub):
    assert "not run since" in get(hub, "an.operator", ADAPTERS).text
    answer = post(hub, "an.operator", f"{ADAPTERS}/uhdb")
    assert answer.status_code == 303
    def tested():
        text = get(hub, "an.operator", f"{ADAPTERS}/uhdb").text
        return "Tested" in text and text
    text = eventually(tested, why="the samples are run")
    assert "uhdb/samples/in/referral-i12.hl7" in text and ">passed<" in text and ">failed<" not in text
    assert "changed:" not in text.lower() and "built in" in text and "cannot be read" not in text
    assert "hl7v2/message.map.yaml" in text
    listed = get(hub, "an.operator", ADAPTERS).text
    assert re.search(r"\d+ passed", listed) and "not tested yet" in listed


# Who may not

@pytest.mark.parametrize("name", MEMBERS)
def test_who_may_read_and_who_may_change(hub, name):
    is_admin = MEMBERS[name] == "administrator"
    sees_staff = is_admin or MEMBERS[name] in ("auditor", "privacy_officer")
    for path in SETTINGS, PARTNERS, f"{PARTNERS}/derbys_police", ADAPTERS, f"{ADAPTERS}/uhdb", SETTINGS + "/rights", SETTINGS + "/policy":
        assert get(hub, name, path).status_code == (200 if name in READERS else 403), path
    for path in USERS, f"{USERS}/c.worker":
        assert get(hub, name, path).status_code == (200 if sees_staff else 403), path
    for path in ADD, f"{PARTNERS}/derbys_police/key":
        assert get(hub, name, path).status_code == (200 if is_admin else 403), path
    if is_admin:
        return
    before = hub.sql("SELECT count(*) FROM ledger.entry WHERE kind IN ('staff_changed', 'partner_changed')")
    prefix = hub.keys["derbys_police"].split("_")[1]
    for path, fields in (
        (f"{PARTNERS}/derbys_police", {"do": "suspend", "seen": "active"}), (f"{PARTNERS}/derbys_police", {"do": "revoke", "credential": prefix, "seen": live(hub, "derbys_police")}),
        (f"{PARTNERS}/derbys_police/key", {"seen": prefix, "days": ""}), (ADD, {"name": "mine.now", "role_administrator": "yes"}),
        (f"{USERS}/{name}", {"do": "roles", "seen": seen(hub, name), "role_administrator": "yes"}),
        (f"{USERS}/second.admin", {"do": "disable", "seen": ""}),
    ):
        assert post(hub, name, path, **fields).status_code == 403, path
    # Another session's form is nobody's.
    foreign = {"token": token(hub, "an.operator" if name != "an.operator" else "c.worker"), "confirmed": "yes"}
    for path in f"{PARTNERS}/derbys_police", ADD, f"{USERS}/c.worker":
        answer = hub.sessions["an.admin"].post(hub.url + path, {**foreign, "do": "suspend", "seen": "active", "name": "x.y", "role_auditor": "yes"})
        assert answer.status_code == 403
    assert hub.sql("SELECT count(*) FROM ledger.entry WHERE kind IN ('staff_changed', 'partner_changed')") == before
    if name not in READERS:
        assert f'href="{SETTINGS}"' not in get(hub, name, "/console").text


@pytest.mark.parametrize("part", ["x", "%00", "..%2f..", "a" * 300, SCRIPT, "' OR 1=1 --", "é"])
def test_what_there_is_not_is_not_found(hub, part):
    for path in f"{PARTNERS}/{part}", f"{PARTNERS}/{part}/key", f"{USERS}/{part}", f"{ADAPTERS}/{part}", f"{SETTINGS}/policy/{part}":
        answer = get(hub, "an.admin", path)
        assert answer.status_code in (400, 404) and SCRIPT not in answer.text, path
    for path in f"{PARTNERS}/{part}", f"{USERS}/{part}", f"{ADAPTERS}/{part}":
        assert post(hub, "an.admin", path, do="suspend", seen="active").status_code in (400, 404), path


@pytest.mark.parametrize("fields", [
    {}, {"do": ""}, {"do": "delete"}, {"do": SCRIPT}, {"do": "suspend"}, {"do": "suspend", "seen": "x"}, {"do": "resume", "seen": "active"},
    {"do": "roles"}, {"do": "roles", "role_root": "yes", "role_partner": "yes"}, {"do": "invite "},
    {"do": "revoke"}, {"do": "revoke", "credential": SCRIPT}, {"do": "revoke", "credential": "x" * 5000}, {"do": "revoke", "credential": "\0"},
])
def test_a_form_that_no_page_has_changes_nothing(hub, fields):
    before = hub.sql("SELECT count(*) FROM ledger.entry WHERE kind IN ('staff_changed', 'partner_changed')")
    # As whoever has seen how things stand now: so that it is the rest of the form that is refused.
    for path, seen_now in (f"{PARTNERS}/derbys_police", live(hub, "derbys_police")), (f"{USERS}/c.worker", seen(hub, "c.worker")):
        answer = post(hub, "an.admin", path, **{"seen": seen_now, **fields})
        assert answer.status_code in (400, 409, 422) and SCRIPT not in answer.text, path
    assert post(hub, "an.admin", f"{USERS}/c.worker", do="roles", seen=SCRIPT, role_auditor="yes").status_code == 409
    assert hub.sql("SELECT count(*) FROM ledger.entry WHERE kind IN ('staff_changed', 'partner_changed')") == before


def test_a_name_that_is_a_script_is_shown_and_runs_nothing(hub, browser):
    page = opened(hub, browser, "an.admin")
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    for path in PARTNERS, f"{PARTNERS}/named":
        page.goto(hub.url + path)
        assert SCRIPT in page.inner_text("main") and SCRIPT not in page.content()
    page.get_by_role("button", name="Suspend it").click()
    assert SCRIPT in page.inner_text("h1") and SCRIPT not in page.content()
    assert alerts == []
    page.context.close()
