"""The console's dead letters in a real browser: what was set aside and why, who looks after it, and trying it again."""

import pathlib
import re
import shutil
import sys
import tempfile
import threading
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7
from pages import LOOKS, browser, check_page, press_until, submit

LIST = "/console/dead-letters"
NOBODY = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
PAYLOAD = "</textarea><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true"])
    try:
        installation.start()
        installation.member("an.operator", "operator")
        installation.member("c.worker", "coordinator")
        installation.member("an.admin", "administrator")
        installation.hub("queue", "policy", "intake", "attempts=1")
        installation.hub("queue", "policy", "out.derby_homes", "attempts=1")
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def operator(hub):
    return hub.signed_in("an.operator")[0]


@pytest.fixture(scope="module")
def worker(hub):
    return hub.signed_in("c.worker")[0]


def open_page(hub, browser, session, path, scheme="light", width=1280, scripts=True):
    """A page of somebody's session, which a browser of its own takes over."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    page = context.new_page()
    page.goto(hub.url + path)
    return page


def bury(hub, count):
    """Has the hub take referrals that its database will not store; their receipts."""
    before = dead(hub, "intake")
    hub.sql("ALTER TABLE record.referral ADD CONSTRAINT refused CHECK (false) NOT VALID")
    receipts = []
    for _ in range(count):
        id = uuid.uuid4().hex[:12]
        answer = hub.post("uhdb", hl7(id, "BURIED", "9990000018", "19500102"), "application/hl7-v2")
        assert answer.status_code == 202
        receipts.append(answer.json()["receipt_id"])
    eventually(lambda: dead(hub, "intake") == before + count, why="the dead letters")
    hub.sql("ALTER TABLE record.referral DROP CONSTRAINT refused")
    return receipts


def fill(hub, queue, cause, count):
    """Puts so many dead letters of a cause of its own beside a queue, behind the hub's back; the path of their group."""
    fingerprint = int(hub.sql(f"""
        WITH message AS (
            INSERT INTO queue.message (era, queue, priority, payload)
            SELECT (SELECT max(number) FROM queue.era), id, 2, '\\x01'
            FROM queue.queue, generate_series(1, {count})
            WHERE name = '{queue}'
            RETURNING id, era, queue, priority
        ), letter AS (
            INSERT INTO queue.dead_letter (id, died_at, fingerprint, era, queue, priority, attempt, lost, cause_code, cause_text)
            SELECT id, now() - interval '1 s', hashtextextended('{cause}', 0), era, queue, priority, 3, 0, '{cause}', 'filled'
            FROM message
            RETURNING fingerprint
        )
        SELECT max(fingerprint) FROM letter"""))
    return f"{LIST}/{queue}/{fingerprint % 2 ** 64:x}"


def dead(hub, queue):
    return int(hub.sql(
        f"SELECT count(*) FROM queue.dead_letter WHERE queue = (SELECT id FROM queue.queue WHERE name = '{queue}')"))


def group_of(hub, queue, cause):
    fingerprint = int(hub.sql(f"""
        SELECT min(fingerprint) FROM queue.dead_letter
        WHERE cause_code = '{cause}' AND queue = (SELECT id FROM queue.queue WHERE name = '{queue}')"""))
    return f"{LIST}/{queue}/{fingerprint % 2 ** 64:x}"


def token(session, hub, path=LIST):
    return re.search(r'name="token" value="([^"]+)"', session.get(hub.url + path).text).group(1)


def send(session, hub, path, **fields):
    return session.post(
        hub.url + path, {"token": token(session, hub), **fields}, allow_redirects=False, timeout=30)


def is_over(session, hub, path):
    """The text of a replay's page once nothing more happens on it."""
    def text():
        answer = session.get(hub.url + path)
        return "Refresh" not in answer.headers and answer.text
    return eventually(text, 40, every=0.25, why="the end of the replay")


def everything(hub):
    """All that is set aside, alive or has happened."""
    return [hub.sql(f"SELECT * FROM queue.{table} ORDER BY 1, 2") for table in ("dead_letter", "state", "history")]


def test_with_nothing_set_aside_the_page_says_so(hub, browser, operator):
    page = open_page(hub, browser, operator, "/console")
    press_until(page, f"nav a[href='{LIST}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Nothing is set aside" in page.content()
    check_page(page)
    page.context.close()


def test_one_and_then_its_group_are_tried_again_by_keyboard_and_without_scripts(hub, browser, operator):
    receipts = bury(hub, 3)
    # A share that dies, too: its partner is not there.
    person = hub.person("SHARED", "9990000026", "19610203")
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "failed", why="the share's failure")
    cause = hub.sql("SELECT cause_code FROM queue.dead_letter d JOIN queue.queue q ON q.id = d.queue WHERE name = 'out.derby_homes'").strip()
    answer = send(operator, hub, group_of(hub, "out.derby_homes", cause) + "/replays")
    assert answer.status_code == 303

    page = open_page(hub, browser, operator, LIST, scripts=False)
    group = group_of(hub, "intake", "database")
    press_until(page, f"a[href='{group}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Referrals to be worked on" in page.content() and "BURIED" not in page.content()
    submit(page, "button[name=message]")
    assert "/dead-letters/replays/" in page.url and "It begins in" in page.content()
    # It shows the end by itself, without scripts and without a key pressed.
    page.wait_for_selector("text=The message is back in its queue.", timeout=20_000)
    # The latest was the first on the page.
    assert hub.worked_on(receipts[-1])["referrals"]
    assert all(hub.receipt(receipt)["status"] == "waiting" for receipt in receipts[:-1])

    press_until(page, f"a[href='{group}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    submit(page, "main form[action$='/replays'] button:not([name])")
    page.wait_for_selector("text=All 2 are back in their queue.", timeout=20_000)
    assert all(hub.worked_on(receipt)["referrals"] for receipt in receipts)
    assert hub.sql("SELECT count(*) FROM queue.dead_letter WHERE cause_code = 'database'").strip() == "0"
    page.goto(hub.url + group)
    assert "None is set aside for this cause any more" in page.content()
    page.context.close()

    # What was brought back is on the ledger, by whom.
    text = is_over(operator, hub, answer.headers["Location"])
    assert "The message is back in its queue." in text
    entries = hub.sql(f"SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE share = '{share}'").splitlines()
    assert sum("share_requested" in entry and "staff/an.operator" in entry for entry in entries) == 1, entries
    eventually(lambda: hub.share_state(share) == "failed", why="the second failure")


@pytest.fixture(scope="module")
def group(hub):
    """A group of 45 that nobody tries again."""
    hub.hub("queue", "pause", "out.uhdb", "--reason", "a test")
    return fill(hub, "out.uhdb", "connect_timeout", 45)


def test_undone_within_ten_seconds_everything_is_as_it_was(hub, browser, operator, group):
    before = everything(hub)
    page = open_page(hub, browser, operator, group)
    submit(page, "main form[action$='/replays'] button:not([name])")
    check_page(page)
    # The button has the focus: one key undoes it.
    assert page.evaluate("document.activeElement.textContent") == "Undo"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Undone by an.operator. Nothing was brought back" in page.content()
    check_page(page)
    page.context.close()
    path = page.url.removeprefix(hub.url)
    begins = hub.sql(f"SELECT begins_at - asked_at FROM record.replay WHERE id = '{path.split('/')[-1]}'").strip()
    assert begins == "00:00:10"
    # As if its time had come: nothing that looks for work takes it up.
    hub.sql("UPDATE record.replay SET begins_at = now() - interval '1 minute' WHERE state = 'cancelled'")
    answer = send(operator, hub, group + "/replays")
    hub.sql(f"UPDATE record.replay SET begins_at = now(), wanted = 1, message = 0 WHERE id = '{answer.headers['Location'].split('/')[-1]}'")
    assert "0 of 1 are back" in is_over(operator, hub, answer.headers["Location"])
    assert everything(hub) == before


def test_its_progress_is_seen_and_it_stops_after_the_part_under_way(hub, browser, operator):
    path = fill(hub, "out.uhdb", "stopped_cause", 3_500)
    code = "cause_code = 'stopped_cause'"
    with hub.holding(f"""DO $$BEGIN
            PERFORM FROM queue.dead_letter WHERE id = (
                SELECT id FROM queue.dead_letter WHERE {code} ORDER BY id OFFSET 1500 LIMIT 1) FOR UPDATE;
            END$$"""):
        replay = send(operator, hub, path + "/replays").headers["Location"]
        hub.sql(f"UPDATE record.replay SET begins_at = now() WHERE id = '{replay.split('/')[-1]}'")
        eventually(lambda: "1,000 of 3,500" in operator.get(hub.url + replay).text, why="the first part")
        for scheme, width in LOOKS:
            page = open_page(hub, browser, operator, replay, scheme, width)
            assert page.locator("progress").get_attribute("value") == "1000"
            assert page.locator("button", has_text="Stop").count() == 1
            check_page(page)
            page.context.close()
        assert operator.get(hub.url + replay).headers["Refresh"] == f"2; url={replay}?by=itself"
        # What a page asks by itself keeps nobody signed in.
        seen = "SELECT max(seen_at) FROM record.staff_session WHERE account = 'an.operator'"
        before = hub.sql(seen)
        for _ in range(3):
            answer = operator.get(hub.url + replay + "?by=itself")
            assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        assert hub.sql(seen) == before
        assert "Set-Cookie" in operator.get(hub.url + replay).headers and hub.sql(seen) != before
        answer = requests.get(hub.url + replay + "?by=itself", allow_redirects=False)
        assert answer.status_code == 303 and "itself" not in answer.headers["Location"]
        # Asked for again it is the same one, and its group's page leads there.
        assert send(operator, hub, path + "/replays").headers["Location"] == replay
        assert f'href="{replay}"' in operator.get(hub.url + path).text
        answers = []
        stop = threading.Thread(target=lambda: answers.append(send(operator, hub, replay + "/cancel")))
        stop.start()
        eventually(
            lambda: "cancel_replay" in (waits := hub.sql(
                "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) or "cancelled_by" in waits,
            why="the wait for the part under way")
    stop.join(30)
    assert answers and answers[0].headers["Location"] == replay
    assert "Stopped by an.operator. 2,000 of 3,500 are back" in is_over(operator, hub, replay)
    assert hub.sql(f"SELECT count(*) FROM queue.dead_letter WHERE {code}").strip() == "1500"


def test_a_draft_of_the_mapping_is_tried_without_storing_anything(hub, browser, worker, operator):
    receipts = bury(hub, 2)
    group = group_of(hub, "intake", "database")
    before = everything(hub), hub.sql("TABLE record.referral; TABLE record.submission"), hub.sql("SELECT count(*) FROM record.person")
    page = open_page(hub, browser, worker, group)
    press_until(page, f"a[href='{group}/draft']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("option").all_text_contents() == ["uhdb/referral.map.yaml", "uhdb/update.map.yaml"]
    submit(page, "form.find button")
    text = page.locator("#draft").input_value()
    assert "always University Hospitals" in text
    submit(page, "form[method=post] button:not(.quiet)")
    assert "The draft changes nothing in the 2 documents" in page.content()
    page.fill("#draft", text.replace("always University Hospitals", "always The Hospitals"))
    submit(page, "form[method=post] button:not(.quiet)")
    assert "The draft changes 2 of the 2 documents" in page.content()
    assert page.locator(".letters code").all_text_contents() == ["referral.referrer.organisation"]
    assert "University Hospitals" not in page.locator(".letters").inner_text() and "BURIED" not in page.content()
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        check_page(page)
    page.fill("#draft", PAYLOAD + "\nextends: ../../x")
    submit(page, "form[method=post] button:not(.quiet)")
    assert "uhdb/referral.map.yaml" in page.locator(".mistake").first.inner_text() and "<script>" not in page.content()
    check_page(page)
    page.context.close()
    after = everything(hub), hub.sql("TABLE record.referral; TABLE record.submission"), hub.sql("SELECT count(*) FROM record.person")
    assert after == before
    for receipt in receipts:
        views = hub.sql(f"SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view' AND submission = '{receipt}'").splitlines()
        assert len(views) == 2 and all("staff/c.worker" in view for view in views), views
    # An operator sees no document, not even in part.
    assert operator.get(hub.url + group + "/draft").status_code == 403
    assert "/draft" not in operator.get(hub.url + group).text
    fields = {"file": "uhdb/referral.map.yaml", "draft": text}
    assert send(operator, hub, group + "/draft", **fields).status_code == 403
    for change, status in (({"file": "uhdb/adapter.yaml"}, 400), ({"file": "derby_homes/x"}, 400), ({"file": ""}, 400)):
        assert send(worker, hub, group + "/draft", **{**fields, **change}).status_code == status
    assert send(worker, hub, group + "/draft").status_code == 400
    assert worker.get(hub.url + group + "/draft?file=uhdb/adapter.yaml").status_code == 404
    assert worker.get(hub.url + f"{LIST}/intake/1/draft").status_code == 404
    hub.hub("queue", "replay", "intake", "--cause", "database")
    assert all(hub.worked_on(receipt)["referrals"] for receipt in receipts)


def test_a_hostile_draft_is_refused_and_the_hub_goes_on(hub, worker):
    bury(hub, 1)
    group = group_of(hub, "intake", "database")
    deep = "PID-3 + " * 19 + "PID-3"
    slow = f"({deep})"
    for _ in range(12):
        slow = f"({deep} | where {slow})"
    aliases = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [*a, *a]" for n in range(9))
    drafts = [
        'person.given: "' + "(" * 60_000, 'person.given: "' + "(" * 60_000 + '"', "x" * 70_000, aliases,
        "person: " + "[" * 50_000, "person: " + "['" + "]', ['" * 9_000, "person:\n" + "- " * 30_000, f'notes: "{slow}"']
    for draft in drafts:
        answer = send(worker, hub, group + "/draft", file="uhdb/referral.map.yaml", draft=draft)
        assert answer.status_code == 422 and 'class="mistake"' in answer.text, draft[:40]
        assert requests.get(hub.url + "/readyz", timeout=5).status_code == 200
    assert "it takes too long" in answer.text
    # While one is tried there is no other: the first waits for the ledger, on which it is entered that documents were read.
    session_token = token(worker, hub)

    def first():
        while send(worker, hub, group + "/draft", file="uhdb/referral.map.yaml", draft="notes: RF1-3.2").status_code == 429:
            pass

    with hub.holding("LOCK TABLE ledger.entry IN ACCESS EXCLUSIVE MODE"):
        sent = threading.Thread(target=first)
        sent.start()

        def refused():
            answer = worker.post(hub.url + group + "/draft", {
                "token": session_token, "file": "uhdb/referral.map.yaml", "draft": "{{{"}, timeout=30)
            return answer.status_code == 429 and "Another draft is being tried" in answer.text
        eventually(refused, why="the second is refused")
    sent.join(30)
    hub.hub("queue", "replay", "intake", "--cause", "database")


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_in_each_look(hub, browser, operator, worker, group, scheme, width):
    send(operator, hub, group + "/owner", owner="me")
    send(operator, hub, group + "/note", note="The partner's firewall was changed; they are told.\nBack on Monday.")
    for session, paths in ((operator, (LIST, group, f"{LIST}?queue=out.uhdb")), (worker, (group,))):
        for path in paths:
            page = open_page(hub, browser, session, path, scheme, width)
            assert "The recipient cannot be reached" in page.content()
            check_page(page)
            page.context.close()


def test_all_letters_of_a_group_are_reached_page_by_page_and_lead_to_their_lives(hub, operator, group):
    path, ids = group, []
    for count in 20, 20, 5:
        text = operator.get(hub.url + path).text
        found = re.findall(r'href="/console/messages/(\d+)"', text)
        assert len(found) == count
        ids += found
        path = (re.search(r'href="([^"]+\?from=[^"]+)"', text) or [None, None])[1]
    assert path is None and len(set(ids)) == 45 and ids == sorted(ids, key=int, reverse=True)
    assert operator.get(f"{hub.url}/console/messages/{ids[0]}").status_code == 200


def test_who_looks_after_it_and_what_is_noted_stays_and_is_only_shown(hub, operator, worker, group):
    assert send(operator, hub, group + "/owner", owner="nobody").status_code == 303
    assert "Nobody looks after it." in operator.get(hub.url + group).text
    assert send(operator, hub, group + "/owner", owner="me").headers["Location"] == group
    assert send(operator, hub, group + "/note", note=f"\r\n {PAYLOAD}\r\nsecond line \0").status_code == 303
    for session in operator, worker:
        text = session.get(hub.url + group).text
        assert "<strong>an.operator</strong> looks after it." in text and "last changed by an.operator" in text
        assert "&lt;/textarea&gt;&lt;script&gt;" in text and "\nsecond line<" in text
        assert "<script>" not in text and "<img" not in text
    listed = operator.get(hub.url + LIST).text
    assert "<dd>an.operator</dd>" in listed and "<dd>a note" in listed and "<script>" not in listed
    longest = "ä😀" * 500
    assert send(operator, hub, group + "/note", note=longest).status_code == 303
    answer = send(operator, hub, group + "/note", note=longest + PAYLOAD)
    assert answer.status_code == 422 and "There is a problem" in answer.text and "<script>" not in answer.text
    assert longest + "&lt;/textarea" in answer.text
    assert hub.sql("SELECT note FROM record.dead_letter_note WHERE queue = 'out.uhdb'").strip() == longest
    assert send(operator, hub, group + "/note", note="").status_code == 303
    assert "<dd>a note" not in operator.get(hub.url + LIST).text


def test_a_cause_that_a_partner_words_is_shown_as_text(hub, operator):
    hub.sql(f"""
        UPDATE queue.dead_letter SET cause_text = '{PAYLOAD}', cause_code = '<b>code' WHERE id IN (
            SELECT id FROM queue.dead_letter WHERE cause_code = 'stopped_cause')""")
    path = group_of(hub, "out.uhdb", "<b>code")
    for text in operator.get(hub.url + LIST).text, operator.get(hub.url + path).text:
        assert "&lt;b&gt;code" in text and "<b>" not in text and "<script>" not in text and "<img" not in text


def test_whoever_may_only_look_changes_nothing(hub, operator, worker, group):
    replay = send(operator, hub, group + "/replays").headers["Location"]
    text = worker.get(hub.url + group).text
    assert "Set aside" in text and "<textarea" not in text and "<form method=\"post\" action=\"/console" not in text
    assert ">Undo</button>" not in worker.get(hub.url + replay).text
    before = hub.sql("SELECT * FROM record.replay ORDER BY id; TABLE record.dead_letter_note")
    for path, fields in ((group + "/owner", {"owner": "me"}), (group + "/note", {"note": "x"}), (group + "/replays", {}),
                         (replay + "/cancel", {})):
        assert send(worker, hub, path, **fields).status_code == 403
        # Of another session, without one at all, and without its token.
        stolen = operator.post(hub.url + path, {**fields, "token": token(worker, hub)}, allow_redirects=False)
        assert stolen.status_code == 403 and "of another session" in stolen.text
        assert operator.post(hub.url + path, fields, allow_redirects=False).status_code == 403
        assert requests.post(hub.url + path, fields, allow_redirects=False).status_code == 401
    assert hub.sql("SELECT * FROM record.replay ORDER BY id; TABLE record.dead_letter_note") == before
    admin = hub.signed_in("an.admin")[0]
    for path in LIST, group, replay:
        assert admin.get(hub.url + path).status_code == 403
        answer = requests.get(hub.url + path, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/staff/sign-in")
        assert operator.get(hub.url + path).headers["Cache-Control"] == "no-store"
    assert LIST not in admin.get(hub.url + "/console").text
    assert send(operator, hub, replay + "/cancel").status_code == 303


@pytest.mark.parametrize("path", [
    "/out.uhdb/0", "/out.uhdb/nonsense", "/out.uhdb/ffffffffffffffffff", "/no.such/1", "/'%20OR%201=1/1", "/%00/1",
    "/out.uhdb/%3Cscript%3E", "/replays/nonsense", f"/replays/{NOBODY}", f"/{'q' * 3000}/1", "?queue=%3Cscript%3E",
    "?queue=%00"])
def test_what_is_not_there_is_not_found(hub, operator, path):
    answer = operator.get(hub.url + LIST + path)
    assert answer.status_code == 404 and "<script>" not in answer.text
    if "?" not in path:
        for action in ("/cancel",) if path.startswith("/replays") else ("/owner", "/note", "/replays"):
            assert send(operator, hub, path=LIST + path + action, owner="me", note="x").status_code == 404


@pytest.mark.parametrize("action, fields, status", [
    ("/owner", {}, 400), ("/owner", {"owner": "c.worker"}, 400), ("/note", {}, 400), ("/replays", {"message": "x"}, 400),
    ("/replays", {"message": "-1"}, 400), ("/replays", {"message": ""}, 400), ("/replays", {"message": "999999999"}, 409)])
def test_a_form_that_makes_no_sense_changes_nothing(hub, operator, group, action, fields, status):
    before = hub.sql("SELECT count(*) FROM record.replay; TABLE record.dead_letter_note")
    assert send(operator, hub, group + action, **fields).status_code == status
    assert hub.sql("SELECT count(*) FROM record.replay; TABLE record.dead_letter_note") == before


@pytest.mark.parametrize("place", ["", "1", "1-", "x-1", "1-0", "1-1-1", "99999999999999999999-1"])
def test_a_place_that_is_none_is_not_found(hub, operator, group, place):
    assert operator.get(f"{hub.url}{group}?from={place}").status_code == 404
