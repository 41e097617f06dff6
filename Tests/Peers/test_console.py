"""The console in a real browser without scripts: the flow of the messages, and the life of one of them."""

import html
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7
from pages import LOOKS, browser, check_page, press_until, submit

NOBODY = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true"])
    try:
        installation.start()
        installation.member("c.worker", "coordinator")
        installation.member("an.admin", "administrator")
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def receipt(hub):
    """Of a referral that was worked on."""
    answer = hub.post("uhdb", hl7("FLOW1", "FLOWER", "9990000018", "19500102"), "application/hl7-v2")
    assert answer.status_code == 202
    hub.worked_on(answer.json()["receipt_id"])
    return answer.json()["receipt_id"]


def open_page(hub, browser, name, scheme="light", width=1280):
    """A page of a browser in which somebody has signed in, by keyboard."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(hub.url + "/staff/sign-in")
    for field, value in hub.credentials(name).items():
        press_until(page, f"#{field}")
        page.keyboard.type(value)
    submit(page, "button[type=submit]")
    return page


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_a_receipt_is_followed_by_keyboard_from_the_flow_to_its_life(hub, browser, receipt, scheme, width):
    page = open_page(hub, browser, "c.worker", scheme, width)
    assert page.url == hub.url + "/console"
    check_page(page)
    assert page.locator("h4", has_text="uhdb").count() == 1
    press_until(page, "nav a[href='/console/messages']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    check_page(page)
    press_until(page, "#id")
    page.keyboard.type(receipt)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == f"{hub.url}/console/messages/{receipt}"
    check_page(page)
    words = page.locator(".life h2").all_text_contents()
    assert words[0].startswith("A document came") and any(word.startswith("A referral was stored") for word in words), words
    assert "FLOWER" not in page.content() and "9990000018" not in page.content()
    page.context.close()


def test_the_figures_change_by_themselves_and_keep_nobody_signed_in(hub, browser, receipt):
    page = open_page(hub, browser, "c.worker", "dark", 320)
    assert page.url == hub.url + "/console"
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(hub.url + "/console?over=5min")
    sender = page.locator(".station", has=page.locator("h4", has_text="uhdb"))
    before = int(sender.locator("strong").nth(1).inner_text())
    held = page.locator("#live-way a").first.get_attribute("href")
    press_until(page, f"#live-way a[href='{held}']")
    assert hub.post("uhdb", hl7("FLOW3", "FLOWER", "9990000018", "19500102"), "application/hl7-v2").status_code == 202
    eventually(lambda: int(sender.locator("strong").nth(1).inner_text()) == before + 1, why="the page shows what came")
    # Every few seconds each process adds what it has counted.
    eventually(lambda: float(sender.locator("strong").nth(0).inner_text()) > 0, within=20, why="the rate has moved")
    came = page.locator(".legend strong").first
    eventually(lambda: int(came.inner_text()) >= 1, within=20, why="the drawing has it")
    # Whoever stands on a link goes on standing on it, though all about it was replaced.
    assert page.evaluate("document.activeElement.getAttribute('href')") == held
    check_page(page)
    page.get_by_text("The same as a table").click()
    assert page.locator("#live-rows tr").count() == 30
    check_page(page)
    page.get_by_role("button", name="Stop updating").press("Enter")
    stopped = page.locator("#live-at").inner_text()
    page.wait_for_timeout(2_500)
    assert page.locator("#live-at").inner_text() == stopped and "stand still" in page.locator("#live-state").inner_text()
    page.get_by_role("button", name="Go on updating").press("Enter")
    eventually(lambda: page.locator("#live-at").inner_text() != stopped, why="it goes on")
    assert problems == []
    # What a page asks by itself is not somebody who is there: sixteen minutes later the session is over.
    hub.sql("UPDATE record.staff_session SET seen_at = seen_at - interval '16 minutes' WHERE account = 'c.worker'")
    page.locator("#live-state", has_text="You are signed out").wait_for(timeout=30_000)
    page.context.close()


def test_what_changes_is_told_to_nobody_without_a_session_and_ends_with_the_hub(hub):
    import requests
    assert requests.get(hub.url + "/console/feed").status_code == 204
    session = hub.signed_in("an.admin")[0]
    with session.get(hub.url + "/console/feed?over=nonsense", stream=True, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream" and answer.headers["Cache-Control"] == "no-store"
        lines = answer.iter_lines(decode_unicode=True)
        assert next(lines) == "event: parts" and "live-headline" in next(lines)
        # One who listens and one who has stopped reading: the hub waits for neither.
        with socket.create_connection(("127.0.0.1", int(hub.url.rsplit(":", 1)[1]))) as deaf:
            cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(f"GET /console/feed HTTP/1.1\r\nHost: hub\r\nCookie: {cookie}\r\n\r\n".encode())
            time.sleep(3)
            began = time.monotonic()
            hub.server.stop()
            assert time.monotonic() - began < 15
            assert not any(line.startswith("event: ended") for line in lines)
    hub.start()


def test_shortcuts_are_shown_used_and_switched_off(hub, browser, receipt):
    page = open_page(hub, browser, "c.worker")
    page.keyboard.press("?")
    check_page(page)
    assert "Messages" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("m")
    assert page.url == hub.url + "/console/messages"
    page.keyboard.press("/")
    # Whoever types is not led elsewhere.
    page.keyboard.type("gf?")
    assert page.locator("#id").input_value() == "gf?" and page.locator("dialog").count() == 0
    page.locator("h1").click()
    page.keyboard.press("?")
    press_until(page, "#has-shortcuts")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.keyboard.press("?")
    assert page.url == hub.url + "/console/messages" and not page.locator("#has-shortcuts").is_checked()
    # Signing out leaves that as it is.
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    assert any(cookie["name"] == "hub-shortcuts" and cookie["value"] == "off" for cookie in page.context.cookies(hub.url + "/console"))
    page.context.close()


def test_no_script_runs_but_the_consoles_own(hub, browser):
    page = open_page(hub, browser, "c.worker")
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    answer = page.goto(hub.url + "/console")
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{22})'", policy).group(1)
    assert "unsafe" not in policy and policy.startswith("default-src 'none';")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
    }""")
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in refused)
    again = page.goto(hub.url + "/console").headers["content-security-policy"]
    assert nonce not in again
    page.context.close()


def test_why_a_share_was_refused_is_on_its_page(hub, receipt):
    person = hub.worked_on(receipt)["referrals"][0]["person_id"]
    share = hub.staff("POST", "/v1/shares", {
        "person_id": person, "recipient": "derby_homes", "purpose": "housing_support"}).json()
    assert share["state"] == "refused", share
    session = hub.signed_in("c.worker")[0]
    text = session.get(f"{hub.url}/console/messages/{person}").text
    assert f'href="/console/messages/{share["share_id"]}"' in text
    text = session.get(f"{hub.url}/console/messages/{share['share_id']}").text
    assert "It may not leave" in text and share["decision"]["reason"] in text and "As the person is told: “" in text


def test_it_is_whole_without_scripts_and_asks_nobody_else(hub, browser, receipt):
    session = hub.signed_in("c.worker")[0]
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{hub.url}/console/messages/{receipt}")
    assert page.locator(".life li").count() >= 3
    page.goto(hub.url + "/console")
    assert page.locator(".station").count() >= 2
    assert len(asked) <= 4 and all(url.startswith(hub.url + "/") for url in asked), asked
    context.close()


def test_that_somebody_looked_is_on_the_ledger(hub, receipt):
    session = hub.signed_in("c.worker")[0]
    def looks(about):
        rows = hub.sql(f"SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'").splitlines()
        return sum(f'"about":"{about}"' in row and "staff/c.worker" in row for row in rows)
    before = looks(receipt)
    answer = session.get(f"{hub.url}/console/messages/{receipt}")
    assert answer.status_code == 200 and looks(receipt) == before + 1
    message = re.search(r"<dd>(\d+)</dd>", answer.text).group(1)
    assert looks(message) == 0
    assert session.get(f"{hub.url}/console/messages/{message}").status_code == 200
    assert looks(message) == 1


def token(hub, session):
    return re.search(r'name="token" value="([^"]+)"', session.get(hub.url + "/console").text).group(1)


def test_what_is_typed_in_the_wrong_field_comes_into_no_address_no_log_and_not_onto_the_ledger(hub, browser):
    page = open_page(hub, browser, "c.worker")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for typed in "999 000 0018", "Quillfeather":
        page.goto(hub.url + "/console/messages")
        page.fill("#id", typed)
        page.locator("#id").press("Enter")
        page.get_by_text("That is not an id").first.wait_for()
        asked += [page.url, page.title()]
    page.context.close()
    session = hub.signed_in("c.worker")[0]
    # Not even by an address that somebody made up.
    assert session.get(hub.url + "/console/messages/9990000018").status_code == 404
    assert hub.hub("trace", "9990000018", check=False).returncode == 64
    entries = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'")
    for place in " ".join(asked), entries, (hub.home / "hub.log").read_text():
        assert "9990000018" not in place.replace(" ", "").replace("%20", "").replace("+", "") and "quillfeather" not in place.lower()
    # And of what nothing is known, no entry keeps what it was.
    assert session.get(hub.url + f"/console/messages/{NOBODY}").status_code == 404
    assert NOBODY not in hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'")


@pytest.mark.parametrize("asked", ["", "nonsense", NOBODY, "'; DROP TABLE record.person; --", "<script>alert(1)</script>",
                                   "%00", "9" * 400, "999999999999", "-1"])
def test_what_is_no_id_or_nobodys_is_not_found(hub, asked):
    session = hub.signed_in("c.worker")[0]
    answer = session.post(hub.url + "/console/messages/find", {"id": asked, "token": token(hub, session)})
    assert answer.status_code == 404 and "There is a problem" in answer.text and "<script>" not in answer.text
    if asked:
        answer = session.get(f"{hub.url}/console/messages/{asked.replace('/', '%2F')}")
        assert answer.status_code in (400, 404) and "<script>" not in answer.text


def test_a_pause_and_dead_letters_are_seen(hub):
    session = hub.signed_in("c.worker")[0]
    assert "Everything flows" in session.get(hub.url + "/console").text
    hub.hub("queue", "pause", "intake", "--reason", "<b>maintenance</b>")
    try:
        text = session.get(hub.url + "/console").text
        assert "<title>Referrals to be worked on: paused" in text
        assert "Paused: &lt;b&gt;maintenance&lt;/b&gt;" in text
        assert hub.post("uhdb", hl7("FLOW2", "FLOWER", "9990000018", "19500102"), "application/hl7-v2").status_code == 202
        assert re.search(r"Referrals to be worked on.*?<dt>Waiting</dt><dd>1</dd>", session.get(hub.url + "/console").text, re.S)
    finally:
        hub.hub("queue", "resume", "intake")
    eventually(lambda: "Everything flows" in session.get(hub.url + "/console").text, why="it flows again")


def test_whoever_may_not_read_traces_is_not_led_to_them(hub, receipt):
    session, answer = hub.signed_in("an.admin")
    assert answer.headers["Location"] == "/console"
    text = session.get(hub.url + "/console").text
    assert "/console/messages" not in text
    assert session.get(f"{hub.url}/console/messages/{receipt}").status_code == 403


def test_whoever_follows_a_link_comes_to_its_page_once_signed_in(hub, receipt):
    import requests
    path = f"/console/messages/{receipt}"
    session = requests.Session()
    page = session.get(hub.url + path)
    assert page.url.startswith(hub.url + "/staff/sign-in?next=") and f'name="next" value="{path}"' in page.text
    wrong = session.post(hub.url + "/staff/sign-in", {"name": "c.worker", "password": "x", "next": path})
    assert wrong.status_code == 422 and f'name="next" value="{path}"' in wrong.text
    answer = session.post(
        hub.url + "/staff/sign-in", {**hub.credentials("c.worker"), "next": path}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)


def test_a_link_on_another_site_leads_whoever_is_signed_in_to_its_page(hub, receipt):
    session = hub.signed_in("c.worker")[0]
    path = f"/console/messages/{receipt}"
    # A browser sends no cookie along with what another site leads to.
    import requests
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    first = requests.get(hub.url + path, headers=elsewhere, allow_redirects=False)
    between = requests.get(hub.url + first.headers["Location"], headers=elsewhere)
    assert between.status_code == 200 and "One moment" in between.text and "password" not in between.text
    onward = html.unescape(re.search(r'url=([^"]+)"', between.text).group(1))
    assert onward == first.headers["Location"]
    there = session.get(hub.url + onward, headers={"Sec-Fetch-Site": "same-origin"}, allow_redirects=False)
    assert (there.status_code, there.headers["Location"]) == (303, path)


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example", "/console/../staff", "/staff/account", "javascript:alert(1)"])
def test_no_link_leads_elsewhere(hub, path):
    import requests
    assert "evil" not in (shown := requests.get(hub.url + "/staff/sign-in", params={"next": path}).text) and "javascript" not in shown
    answer = requests.post(
        hub.url + "/staff/sign-in", {**hub.credentials("c.worker"), "next": path}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")


def test_nobody_is_let_in_without_a_session_and_the_pages_are_kept_by_no_cache(hub, receipt):
    import requests
    for path in "/console", "/console/messages", f"/console/messages/{receipt}":
        answer = requests.get(hub.url + path, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/staff/sign-in")
        assert answer.headers["Cache-Control"] == "no-store"
    answer = hub.signed_in("c.worker")[0].get(hub.url + "/console")
    assert answer.headers["Cache-Control"] == "no-store" and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    script = requests.get(hub.url + "/console/console.js")
    assert script.status_code == 200 and script.headers["Content-Type"].startswith("text/javascript")
    style = requests.get(hub.url + "/console/console.css")
    assert style.status_code == 200 and len(style.content) < 16_000 and style.headers["Content-Type"].startswith("text/css")
