"""The console's section Queues in a real browser: how each stands, a pause with its end, and the way to a partner."""

import json
import pathlib
import re
import shutil
import sys
import tempfile

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7
from pages import LOOKS, browser, check_page, press_until, submit

INTAKE = "/console/queues/intake"
HOMES = "/console/queues/out.derby_homes"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true"])
    try:
        installation.start()
        for name, role in ("an.operator", "operator"), ("c.worker", "coordinator"):
            installation.member(name, role)
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def operator(hub):
    return hub.signed_in("an.operator")[0]


@pytest.fixture(autouse=True)
def flowing(hub):
    """Each test finds queues that flow, and leaves them so."""
    yield
    for queue in "intake", "out.derby_homes":
        hub.hub("queue", "resume", queue)


def open_page(hub, browser, session, path, scheme="light", width=1280, scripts=True):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    page = context.new_page()
    page.goto(hub.url + path)
    return page


def token(session, hub, path=INTAKE):
    return re.search(r'name="token" value="([^"]+)"', session.get(hub.url + path).text).group(1)


def send(hub, session, path, **fields):
    return session.post(
        hub.url + path, {"token": token(session, hub), **fields}, allow_redirects=False)


def standing(hub, queue):
    return next(row for row in map(json.loads, hub.hub("queue", "list", "--json").splitlines()) if row["queue"] == queue)


def changes(hub):
    rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'queue_changed' ORDER BY at, id")
    return [json.loads(row) for row in rows.splitlines()]


def facts(text):
    """What a page tells, less its help."""
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", text.split("<footer")[0], re.S))


def refer(hub, name):
    answer = hub.post("uhdb", hl7(name, "QUEUER", "9990000018", "19500102"), "application/hl7-v2")
    assert answer.status_code == 202
    return answer.json()["receipt_id"]


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_in_each_look(hub, browser, operator, scheme, width):
    hub.worked_on(refer(hub, f"LOOK{scheme}{width}"))
    page = open_page(hub, browser, operator, "/console/queues", scheme, width)
    check_page(page)
    assert page.locator("tbody th a").all_text_contents()[-1] == "Referrals to be worked on"
    for path in INTAKE, HOMES:
        page.goto(hub.url + path)
        check_page(page)
        assert page.locator("h1").count() == 1
    page.locator("form.find button").click()
    assert page.locator("[role=alert] a").get_attribute("href") == "#reason"
    check_page(page)
    page.locator("#reason").fill("maintenance")
    page.locator("form.find button").click()
    assert "You have paused it" in page.locator("[role=status]").inner_text()
    check_page(page)
    hub.hub("queue", "resume", "out.derby_homes")
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_partner_is_paused_by_keyboard_for_a_while(hub, browser, operator, scripts):
    page = open_page(hub, browser, operator, "/console", scripts=scripts)

    def press(selector):
        press_until(page, selector, 90)

    press(f".station a[href='{HOMES}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press("#reason")
    page.keyboard.type("Their <b>certificate</b> is renewed")
    press("#end-1h")
    page.keyboard.press("ArrowUp")
    press("form.find button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == f"{hub.url}{HOMES}?done=paused"
    words = page.locator("main").inner_text()
    assert "You have paused it" in words and "Their <b>certificate</b> is renewed" in words and "It goes on by itself at" in words
    now = hub.sql("SELECT round(extract(epoch FROM paused_until - paused_at) / 60) FROM queue.queue WHERE name = 'out.derby_homes'")
    assert now.strip() == "30"
    press("form[action$=resume] button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == f"{hub.url}{HOMES}?done=resumed" and "It goes on." in page.locator("[role=status]").inner_text()
    assert standing(hub, "out.derby_homes")["state"] == ""
    page.context.close()


def test_a_pause_is_in_force_at_the_queue_and_ends_by_itself(hub, operator):
    answer = send(hub, operator, f"{INTAKE}/pause", reason="our maintenance", end="1h")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{INTAKE}?done=paused")
    receipt = refer(hub, "PAUSED1")
    assert standing(hub, "intake")["ready"] == 1
    text = operator.get(hub.url + INTAKE).text
    assert re.search(r"<dt>Waiting</dt><dd>1</dd>", text) and "not while nothing is taken from it" in text
    assert "‖" in text and "our maintenance" in text
    assert hub.receipt(receipt)["status"] == "waiting"
    hub.sql("UPDATE queue.queue SET paused_until = now() WHERE name = 'intake'")
    hub.worked_on(receipt)
    text = operator.get(f"{hub.url}{INTAKE}?done=paused").text
    assert "You have paused it" not in text and f'action="{INTAKE}/pause"' in text


def test_who_paused_is_on_the_ledger_and_why_is_not(hub, operator):
    before = len(changes(hub))
    send(hub, operator, f"{INTAKE}/pause", reason="a secret reason", end="hand")
    since = re.search(r'name="since" value="(\d+)"', operator.get(hub.url + INTAKE).text).group(1)
    assert send(hub, operator, f"{INTAKE}/resume", since=since).headers["Location"] == f"{INTAKE}?done=resumed"
    hub.hub("queue", "pause", "intake", "--reason", "a secret reason", "--until", "30min")
    hub.hub("queue", "resume", "intake")
    hub.hub("queue", "resume", "intake")
    told = [(row["queue"], row["state"], row["actor"], "until" in row) for row in changes(hub)[before:]]
    assert told == [
        ("intake", "paused", "staff/an.operator", False), ("intake", "resumed", "staff/an.operator", False),
        ("intake", "paused", "command", True), ("intake", "resumed", "command", False)]
    assert "secret" not in json.dumps(changes(hub))


def test_what_somebody_else_did_meanwhile_stays(hub, operator):
    send(hub, operator, f"{INTAKE}/pause", reason="first", end="hand")
    since = re.search(r'name="since" value="(\d+)"', operator.get(hub.url + INTAKE).text).group(1)
    answer = send(hub, operator, f"{INTAKE}/pause", reason="second", end="30min")
    assert answer.headers["Location"] == f"{INTAKE}?done=overtaken"
    assert standing(hub, "intake")["state"] == "paused: first"
    assert "somebody else did something meanwhile" in operator.get(f"{hub.url}{INTAKE}?done=overtaken").text
    hub.hub("queue", "pause", "intake", "--reason", "third")
    assert send(hub, operator, f"{INTAKE}/resume", since=since).headers["Location"] == f"{INTAKE}?done=overtaken"
    assert standing(hub, "intake")["state"] == "paused: third"


@pytest.mark.parametrize("fields, field", [
    ({"reason": "", "end": "1h"}, "reason"), ({"reason": " \n ", "end": "1h"}, "reason"), ({"end": "1h"}, "reason"),
    ({"reason": "<script>" * 63, "end": "1h"}, "reason"), ({"reason": "a\0b", "end": "1h"}, "reason"),
    ({"reason": "x"}, "end"), ({"reason": "x", "end": "for ever"}, "end"),
], ids=lambda value: str(value)[:40])
def test_a_mistake_is_told_at_its_field_and_nothing_is_paused(hub, operator, fields, field):
    answer = send(hub, operator, f"{INTAKE}/pause", **fields)
    assert answer.status_code == 422 and "There is a problem" in answer.text and "<title>Error:" in answer.text
    assert f'<a href="#{field}">' in answer.text and f'id="{field}-error"' in answer.text and f'id="{field}"' in answer.text
    assert "<script>" not in answer.text
    assert standing(hub, "intake")["state"] == ""


def test_whoever_may_not_mend_sees_and_does_nothing(hub, operator):
    worker = hub.signed_in("c.worker")[0]
    for path in INTAKE, HOMES:
        text = worker.get(hub.url + path).text
        assert "How it goes" in text and text.count("<form") == 1 and "Pause it" not in text
    assert f'href="{HOMES}"' in worker.get(hub.url + "/console").text
    assert worker.get(f"{hub.url}{INTAKE}/pause").status_code == 403
    for path, fields in (("pause", {"reason": "x", "end": "1h"}), ("resume", {"since": "1"}), ("trial", {})):
        assert send(hub, worker, f"{INTAKE}/{path}", **fields).status_code == 403
    # A form of another session, of no session, and with none at all.
    other = hub.signed_in("an.operator")[0]
    fields = {"token": token(other, hub), "reason": "x", "end": "1h"}
    for path in "pause", "resume", "trial":
        assert operator.post(f"{hub.url}{INTAKE}/{path}", fields, allow_redirects=False).status_code == 403
        assert requests.post(f"{hub.url}{INTAKE}/{path}", fields, allow_redirects=False).status_code == 401
        assert operator.post(f"{hub.url}{INTAKE}/{path}", allow_redirects=False).status_code in (400, 403)
    assert standing(hub, "intake")["state"] == ""
    assert requests.get(hub.url + INTAKE, allow_redirects=False).headers["Location"].startswith("/staff/sign-in")


@pytest.mark.parametrize("name", ["nowhere", "%00", "<script>alert(1)</script>", "out.derby_homes'--", "9" * 400])
def test_a_queue_that_is_not_there_is_not_found(hub, operator, name):
    path = f"/console/queues/{name.replace('/', '%2F')}"
    answer = operator.get(hub.url + path)
    assert answer.status_code in (400, 404) and "<script>" not in answer.text
    for step, fields in (("pause", {"reason": "x", "end": "1h"}), ("resume", {"since": "1"}), ("trial", {})):
        assert send(hub, operator, f"{path}/{step}", **fields).status_code in (400, 404)


def test_how_it_goes_is_told(hub, operator):
    hub.worked_on(refer(hub, "PACE1"))
    told = facts(operator.get(hub.url + INTAKE).text)
    assert re.fullmatch(r"[\d,]+ (a second|a minute|an hour)", told["Acknowledged"])
    assert re.match(r"half within .* m?s, 95 of 100 within ", told["The attempt alone"])
    assert "<time" in told["Last success"] and told["Time to empty"] == "nothing waits"
    hub.hub("queue", "policy", "out.derby_homes", "attempts=7")
    text = operator.get(hub.url + HOMES).text
    told = facts(text)
    assert told["Acknowledged"] == "none in the last 10 minutes" and told["Last success"] == "none on record"
    assert told["Breaker"] == "closed: messages go" and told["Reached by"] == "HTTPS"
    assert re.search(r"<code>attempts</code></th><td[^>]*>7</td><td[^>]*>set by command<", text)
    assert re.search(r"<code>breaker_failures</code></th><td[^>]*>5</td><td[^>]*>the configuration or the adapter<", text)
    assert "Certificate outbound.derby_homes.https_mtls.certificate" in text
    hub.hub("queue", "policy", "out.derby_homes", "attempts=default")


def test_the_way_to_a_partner_is_tried(hub, browser, operator):
    page = open_page(hub, browser, operator, HOMES)
    submit(page, "form[action$=trial] button", 90)
    words = page.locator("[role=status]").inner_text()
    assert "The way does not work" in words and "passed: certificate" in words
    assert "failed: connection, TLS and an answer" in words
    check_page(page)
    hub.start_derby_homes()
    submit(page, "form[action$=trial] button", 90)
    words = page.locator("[role=status]").inner_text()
    assert "Every step went well. No document was sent." in words and "failed" not in words
    assert hub.homes_received() == []
    page.context.close()
    # There is no way to the hub itself.
    assert send(hub, operator, f"{INTAKE}/trial").status_code == 404


def test_what_fails_at_a_partner_is_told(hub, operator):
    person = hub.person(id="FAILS1")
    hub.agree(person, ("derby_homes", "housing_support"))
    for other in hub.others:
        other.stop()
    share = hub.share(person, "derby_homes", "housing_support")
    assert share["state"] == "queued", share
    told = eventually(lambda: re.search(
        r"<dt>Last failure</dt><dd><time[^>]*>[^<]*</time>, <code>(\w+)</code>: it waits for another attempt",
        operator.get(hub.url + HOMES).text), why="the failure")
    assert told.group(1)
