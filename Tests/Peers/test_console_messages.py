"""The console's list of messages, its search for persons and its files, in a real browser and by plain HTTP."""

import csv
import html
import io
import pathlib
import re
import shutil
import sys
import tempfile
import urllib.parse

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, hl7
from pages import LOOKS, browser, check_page, press_until, submit

LIST, FILE, SAVED = (f"/console/messages{part}" for part in ("", ".csv", "/saved"))
PERSONS = "/console/persons"
# Of the person who is looked for: nothing of it may be seen anywhere but in the page's own fields.
NUMBER, FAMILY, BORN, POSTCODE = "9990000018", "QUILLFEATHER", "19430217", "DE1 2FS"
# More than two pages of rows that tests do not need to be worked on.
MANY = 130


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true"])
    try:
        installation.start()
        installation.member("c.worker", "coordinator")
        installation.member("an.operator", "operator")
        installation.member("an.admin", "administrator")
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def receipt(hub):
    """Of a referral of the person who is looked for; beside it one that cannot be parsed, and many of long ago."""
    answer = hub.post("uhdb", hl7("FIND1", FAMILY, NUMBER, BORN), "application/hl7-v2")
    assert answer.status_code == 202
    hub.worked_on(answer.json()["receipt_id"])
    assert hub.post("uhdb", "{ no document", "application/json").status_code == 400
    hub.sql(
        "INSERT INTO record.submission (receipt, received_at, finished_at, size, state, sender, channel, format) "
        "SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(number), 15, '0'))::uuid, "
        "at, at, 1, 'accepted', 'uhdb', 'mllp', 'hl7v2' "
        f"FROM generate_series(1, {MANY}) AS number CROSS JOIN LATERAL (SELECT '2025-03-30 00:00+00'::timestamptz "
        "+ number * interval '1 hour' AS at) AS moment")
    return answer.json()["receipt_id"]


@pytest.fixture(scope="module")
def sessions(hub):
    return {name: hub.signed_in(name)[0] for name in ("c.worker", "an.operator", "an.admin")}


@pytest.fixture(scope="module")
def staff(sessions):
    return sessions["c.worker"]


def token(session, hub, path=LIST):
    return re.search(r'name="token" value="([^"]+)"', session.get(hub.url + path).text).group(1)


def receipts(text):
    return re.findall(r'<dt>receipt</dt><dd><a href="/console/messages/([0-9a-f-]{36})"', text)


def link(text, words):
    """Where a link leads, as a browser reads it."""
    found = re.search(rf'<a href="([^"]*)"[^>]*>{words}</a>', text)
    return found and html.unescape(found.group(1))


def search(hub, session, **fields):
    return session.post(hub.url + PERSONS, {"token": token(session, hub, PERSONS), **fields})


def open_page(hub, browser, name, scheme="light", width=1280, scripts=True):
    """A page of a browser in which somebody is signed in."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts, accept_downloads=True)
    session = hub.signed_in(name)[0]
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    return context.new_page()


# What somebody does to find a referral by NHS number, and to take a filtered list: by keyboard, and by pointer without scripts.

def test_a_referral_is_found_by_nhs_number_by_keyboard(hub, browser, receipt):
    page = open_page(hub, browser, "c.worker")
    page.goto(hub.url + LIST)
    press_until(page, f"a[href='{PERSONS}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press_until(page, "#nhs_number")
    page.keyboard.type("999 000 0019")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "check digit" in page.locator("#nhs_number-error").text_content()
    press_until(page, "#nhs_number")
    page.keyboard.press("Control+A")
    page.keyboard.type("999 000 0018")
    submit(page, "main button[type=submit]")
    assert page.url == hub.url + PERSONS
    assert page.locator(".found h3").text_content() == "A. Q., born 1943, DE1"
    assert NUMBER not in page.title() and FAMILY not in page.content() and "1943-02" not in page.content()
    press_until(page, ".found .life a")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".life h2", has_text="A referral was stored").count() == 1
    page.context.close()


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_can_be_read_by_all(hub, browser, receipt, scheme, width):
    page = open_page(hub, browser, "c.worker", scheme, width)
    page.goto(hub.url + LIST + "?from=2025-04-01")
    page.fill("#name", f"Since April, {scheme}, {width}")
    page.check("#shared")
    page.click("button:has-text('Save it')")
    assert page.locator(".saved .quiet").count() >= 1
    check_page(page)
    for address in LIST + "?state=quarantined", LIST + "?sender=nobody&from=2026-03-02&to=2026-03-01", PERSONS:
        page.goto(hub.url + address)
        check_page(page)
    for number in "9990000019", NUMBER:
        page.fill("#nhs_number", number)
        page.click("main button[type=submit]")
        check_page(page)
    assert page.locator(".found h3").count() == 1
    page.goto(hub.url + LIST)
    page.click(".saved .quiet")
    assert page.url == hub.url + LIST + "?from=2025-04-01"
    page.context.close()


def test_a_referral_is_found_by_nhs_number_without_scripts(hub, browser, receipt):
    page = open_page(hub, browser, "c.worker", scripts=False)
    page.goto(hub.url + LIST)
    page.click(f"a[href='{PERSONS}']")
    page.fill("#nhs_number", NUMBER)
    page.click("main button[type=submit]")
    page.click(".found .life a")
    assert page.locator(".life h2", has_text="A referral was stored").count() == 1
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["by keyboard", "without scripts"])
def test_a_filtered_list_is_taken_as_a_file(hub, browser, receipt, scripts):
    page = open_page(hub, browser, "an.operator", scripts=scripts)
    page.goto(hub.url + LIST)
    page.select_option("#state", "quarantined")
    page.check("#work")
    if scripts:
        page.focus("#work")
        submit(page, "main form:nth-of-type(2) button[type=submit]")
        check_page(page)
        press_until(page, f"a[href^='{FILE}']")
    else:
        page.click("button:has-text('Show them')")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert query == {"state": ["quarantined"], "work": ["open"]}
    with page.expect_download() as taken:
        if scripts:
            page.keyboard.press("Enter")
        else:
            page.click(f"a[href^='{FILE}']")
    assert re.fullmatch(r"messages-\d{8}T\d{6}Z\.csv", taken.value.suggested_filename)
    rows = list(csv.DictReader(taken.value.path().read_text().splitlines()))
    assert [(row["state"], row["open_work"], row["found"]) for row in rows] == [("quarantined", "yes", "not_parseable")]
    page.context.close()


# Lists

def test_a_list_shows_the_newest_first_and_leads_on(hub, staff, receipt):
    text = staff.get(hub.url + LIST).text
    shown = receipts(text)
    assert len(shown) == 50 and shown == sorted(shown, reverse=True) and receipt in shown
    referral = hub.worked_on(receipt)["referrals"][0]["referral_id"]
    assert f'href="/console/messages/{referral}"' in text
    assert FAMILY not in text and NUMBER not in text


def test_paging_goes_through_all_without_gap_or_double_and_back(hub, staff, receipt):
    stored = hub.sql("SELECT receipt FROM record.submission ORDER BY receipt DESC").split()
    pages, address = [], LIST
    while address:
        text = staff.get(hub.url + address).text
        pages.append(receipts(text))
        address, last = link(text, "Older"), text
    assert [receipt for page in pages for receipt in page] == stored and len(pages) == 3
    text = staff.get(hub.url + link(last, "Newer")).text
    assert receipts(text) == pages[1]
    text = staff.get(hub.url + link(text, "Newer")).text
    assert receipts(text) == pages[0]
    text = staff.get(hub.url + link(last, "Newest")).text
    assert receipts(text) == pages[0] and link(text, "Newer") is None


@pytest.mark.parametrize("condition, query", [
    ("sender = 'uhdb'", "sender=uhdb"), ("sender = 'public'", "sender=public"), ("channel = 'mllp'", "channel=mllp"),
    ("state = 'quarantined'", "state=quarantined"), ("state = 'accepted'", "state=accepted"),
    ("findings @> '[{\"code\": \"not_parseable\"}]'", "cause=not_parseable"), ("findings @> '[{\"code\": \"virus\"}]'", "cause=virus"),
    ("receipt IN (SELECT submission FROM record.work_item WHERE state = 'open')", "work=open"),
    ("channel = 'mllp' AND state = 'accepted' AND sender = 'uhdb'", "channel=mllp&state=accepted&sender=uhdb"),
    # A day of 23 hours in London, from 00:00 to 23:00 UTC.
    ("received_at >= '2025-03-30 00:00+00' AND received_at < '2025-03-30 23:00+00'", "from=2025-03-30&to=2025-03-30"),
    # And from 23:00 UTC while summer time is in force.
    ("received_at >= '2025-03-30 23:00+00' AND received_at < '2025-04-01 23:00+00'", "from=2025-03-31&to=2025-04-01"),
])
def test_each_filter_gives_what_the_store_holds(hub, staff, receipt, condition, query):
    expected = hub.sql(f"SELECT receipt FROM record.submission WHERE {condition} ORDER BY receipt DESC").split()
    answer = staff.get(f"{hub.url}{LIST}?{query}")
    assert answer.status_code == 200 and receipts(answer.text) == expected[:50]
    if not expected:
        assert "No message fits" in answer.text
    rows = list(csv.DictReader(io.StringIO(staff.get(f"{hub.url}{FILE}?{query}").content.decode())))
    assert [row["receipt"] for row in rows] == expected
    # The link to the list leads to the list.
    assert receipts(staff.get(hub.url + link(answer.text, "Link to this list")).text) == expected[:50]


@pytest.mark.parametrize("query, field", [
    ("sender=nobody", "sender"), ("sender=" + "x" * 400, "sender"), ("channel=pigeon", "channel"), ("state=%00", "state"),
    ("cause=%3Cscript%3E", "cause"), ("from=2026-03-02&to=2026-03-01", "to"), ("from=yesterday", "from"), ("work=all", "work"),
    ("older=nonsense", "list"), ("newer=" + "9" * 400, "list"), ("older='%20OR%201=1", "list"), ("sender=%FF", "sender"),
    ("older=01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12&newer=01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12", "list"),
])
def test_what_cannot_be_asked_for_is_said(hub, staff, receipt, query, field):
    answer = staff.get(f"{hub.url}{LIST}?{query}")
    assert answer.status_code == 422 and f'<li><a href="#{field}">' in answer.text and f'id="{field}"' in answer.text
    assert "<script>" not in answer.text and receipts(answer.text) == []
    if field != "list":
        assert staff.get(f"{hub.url}{FILE}?{query}").status_code == 422


def test_a_place_that_is_no_receipt_is_a_place_all_the_same(hub, staff, receipt):
    for place in "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff":
        for direction in "older", "newer":
            assert staff.get(f"{hub.url}{LIST}?{direction}={place}").status_code == 200


def test_lists_are_saved_shared_and_deleted(hub, sessions, receipt):
    worker, operator = sessions["c.worker"], sessions["an.operator"]

    def save(session, **fields):
        return session.post(
            hub.url + SAVED, {"token": token(session, hub), "query": "state=quarantined", **fields}, allow_redirects=False)

    answer = save(worker, name=" <b>Not  read</b> ", shared="yes")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}?state=quarantined")
    assert save(worker, name="My own").status_code == 303
    text = worker.get(hub.url + LIST).text
    assert link(text, "&lt;b&gt;Not read&lt;/b&gt;") == f"{LIST}?state=quarantined" and link(text, "My own")
    text = operator.get(hub.url + LIST).text
    assert "Not read" in text and "shared by c.worker" in text and "My own" not in text and "/deletion" not in text
    for name, why in ("", "1 to 60"), ("x" * 61, "1 to 60"), ("My own", "list of that name"):
        answer = save(worker, name=name)
        assert answer.status_code == 422 and why in answer.text
    for query in "", "sender=uhdb&state=accepted&from=2025-03-30&work=open":
        answer = save(worker, name=f"As it is, {len(query)}", query=query)
        assert answer.headers["Location"] == (f"{LIST}?{query}" if query else LIST)
    assert save(worker, name="Bad", query="state=nonsense").status_code == 422
    deletions = re.findall(r'action="(/console/messages/saved/[^"]+/deletion)"', worker.get(hub.url + LIST).text)
    assert len(deletions) == 4
    for path, session, status in (deletions[0], operator, 404), (SAVED + "/nonsense/deletion", worker, 404):
        assert session.post(hub.url + path, {"token": token(session, hub)}).status_code == status
    for path in deletions:
        answer = worker.post(hub.url + path, {"token": token(worker, hub)}, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith(LIST)
    assert "/deletion" not in worker.get(hub.url + LIST).text
    assert "Not read" not in operator.get(hub.url + LIST).text


# Files

def test_a_file_is_kept_by_no_cache_and_that_it_was_taken_is_on_record(hub, sessions, receipt):
    before = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'").count('"part":"list"')
    answer = sessions["an.operator"].get(hub.url + FILE)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Content-Type"].startswith("text/csv")
    assert re.fullmatch(r'attachment; filename="messages-\d{8}T\d{6}Z\.csv"', answer.headers["Content-Disposition"])
    lines = answer.content.decode().split("\r\n")
    assert lines.pop() == "" and len(lines) == MANY + 3
    assert all(re.fullmatch(r'"[^"=+@\-\t\r]?[^"]*"(,"([^"=+@\-\t\r][^"]*)?")*', line) for line in lines)
    entries = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'")
    assert entries.count('"part":"list"') == before + 1 and "staff/an.operator" in entries


def test_a_file_has_so_many_rows_at_most_and_says_so_in_its_name(hub, sessions, receipt):
    hub.sql(
        "INSERT INTO record.submission (receipt, received_at, finished_at, size, state, sender, channel, format) "
        "SELECT ('017d00000000700080' || lpad(to_hex(number), 14, '0'))::uuid, '2021-11-08', '2021-11-08', 1, 'accepted', 'uhdb', "
        "'email', 'json' FROM generate_series(1, 10001) AS number")
    try:
        answer = sessions["an.operator"].get(hub.url + FILE + "?channel=email")
        assert re.search(r'-newest-10000\.csv"$', answer.headers["Content-Disposition"])
        rows = [row["receipt"] for row in csv.DictReader(io.StringIO(answer.content.decode()))]
        assert len(rows) == 10_000 and rows == sorted(set(rows), reverse=True)
    finally:
        hub.sql("DELETE FROM record.submission WHERE channel = 'email'")


# Persons

@pytest.mark.parametrize("fields", [
    {"nhs_number": NUMBER}, {"nhs_number": " 999-000 0018"}, {"family_name": "Quillfeather"}, {"birth_date": "17/2/1943"},
    {"family_name": "QUILLFEATHER", "birth_date": "1943-02-17"}, {"postcode": "{postcode}"},
    {"nhs_number": NUMBER, "family_name": "quillfeather", "birth_date": "17.2.1943"},
], ids=lambda fields: "+".join(fields))
def test_a_person_is_found_by_what_one_has(hub, staff, receipt, fields):
    fields = {name: value.format(postcode=POSTCODE) for name, value in fields.items()}
    answer = search(hub, staff, **fields)
    assert answer.status_code == 200 and "One person fits" in answer.text and answer.headers["Cache-Control"] == "no-store"
    person = hub.worked_on(receipt)["referrals"][0]["person_id"]
    assert f'href="{PERSONS}/{person}"' in answer.text


@pytest.mark.parametrize("fields", [
    {"nhs_number": "9990000026"}, {"family_name": "Quillfeathers"}, {"birth_date": "18/2/1943"},
    {"nhs_number": NUMBER, "family_name": "Other"}, {"family_name": "'; DROP TABLE record.person; --"},
])
def test_nobody_is_found_by_what_is_nobodys(hub, staff, receipt, fields):
    answer = search(hub, staff, **fields)
    assert answer.status_code == 200 and "Nobody fits" in answer.text


@pytest.mark.parametrize("fields, field, why", [
    ({}, "nhs_number", "one field at least"), ({"nhs_number": "9990000019"}, "nhs_number", "check digit"),
    ({"nhs_number": "999"}, "nhs_number", "10 digits"), ({"nhs_number": "9" * 400}, "nhs_number", "too long"),
    ({"family_name": "12"}, "family_name", "in letters"), ({"family_name": "Ng"}, "family_name", "another field"),
    ({"birth_date": "31/2/1950"}, "birth_date", "day, month and year"), ({"birth_date": "1/1/2999"}, "birth_date", "day, month"),
    ({"postcode": "<script>alert(1)</script>"}, "postcode", "5 to 7"), ({"postcode": "ZZ99 3VZ"}, "postcode", "no fixed abode"),
])
def test_what_cannot_be_looked_for_is_said_at_its_field(hub, staff, fields, field, why):
    answer = search(hub, staff, **fields)
    assert answer.status_code == 422 and "<title>Error: Find a person" in answer.text and "<script>" not in answer.text
    assert why in re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.S).group(1)


def test_each_search_is_on_record_and_nothing_that_was_typed_is_anywhere(hub, browser, receipt):
    def looks():
        rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view' ORDER BY id").splitlines()
        return [row for row in rows if '"part":"search"' in row]

    before = len(looks())
    page = open_page(hub, browser, "c.worker")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(hub.url + PERSONS)
    for field, value in ("nhs_number", NUMBER), ("family_name", FAMILY), ("birth_date", "17/2/1943"):
        page.fill(f"#{field}", value)
    page.click("main button[type=submit]")
    assert page.locator(".found h3").count() == 1
    addresses = [*asked, page.url, page.title(), page.evaluate("JSON.stringify(history.state)") or ""]
    page.context.close()
    person = hub.worked_on(receipt)["referrals"][0]["person_id"]
    found = looks()[before:]
    assert len(found) == 2 and all("staff/c.worker" in row for row in found) and sum(person in row for row in found) == 1
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics").text
    for place in " ".join(addresses), " ".join(found), (hub.home / "hub.log").read_text(), figures:
        for typed in NUMBER, FAMILY, "quillfeather", "17/2/1943", "17%2F2", "1943-02-17":
            assert typed.lower() not in place.lower()


# Rights

def test_who_may_list_may_not_look_for_persons(hub, sessions, receipt):
    operator, admin, worker = sessions["an.operator"], sessions["an.admin"], sessions["c.worker"]
    text = operator.get(hub.url + LIST).text
    assert receipts(text) and PERSONS not in text and PERSONS in worker.get(hub.url + LIST).text
    assert operator.get(hub.url + PERSONS).status_code == 403
    assert operator.post(hub.url + PERSONS, {"token": token(operator, hub), "nhs_number": NUMBER}).status_code == 403
    for path in LIST, FILE, PERSONS:
        assert admin.get(hub.url + path).status_code == 403
    assert admin.post(hub.url + SAVED, {"token": "x", "name": "x"}).status_code == 403


def test_forms_of_another_session_do_nothing(hub, sessions, receipt):
    worker, other = sessions["c.worker"], token(sessions["an.operator"], hub)
    for path, fields in (PERSONS, {"nhs_number": NUMBER}), (SAVED, {"name": "Stolen"}), (SAVED + "/x/deletion", {}):
        for forged in {"token": other, **fields}, fields:
            answer = worker.post(hub.url + path, forged)
            assert answer.status_code == 403 and "another session" in answer.text
        assert requests.post(hub.url + path, {"token": other, **fields}).status_code == 401
    assert hub.sql("SELECT count(*) FROM record.saved_filter WHERE name = 'Stolen'").strip() == "0"
    for path in LIST, FILE, PERSONS:
        answer = requests.get(hub.url + path, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/staff/sign-in")
