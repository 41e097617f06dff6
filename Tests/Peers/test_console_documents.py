"""What came, what was understood and what left, with values hidden: in a real browser and by plain HTTP."""

import html
import json
import pathlib
import re
import shutil
import sys
import tempfile
import uuid

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7
from pages import LOOKS, browser, check_page, press_until, submit

NOBODY = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
SCRIPT = "<script>alert(1)</script>"
# Of the person: nothing of it may be seen anywhere but where it was asked for.
NUMBER, FAMILY, BORN = "9990000018", "QUILLFEATHER", "19430217"
SECRETS = [NUMBER, FAMILY, BORN, "1943-02-17", "ANNE", "Example Street", "DE1 2FS", "01632960456", "bereavement", "NURSE"]
MEMBERS = {"c.worker": "coordinator", "p.privacy": "privacy_officer", "d.officer": "duty_officer",
           "an.operator": "operator", "an.auditor": "auditor", "an.admin": "administrator"}


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(
        home, partners=(("workers", "staff"), ("uhdb", "partner"), ("derby_riverside_school", "partner")),
        settings=["console: true"])
    try:
        installation.start()
        installation.start_derby_homes()
        for name, role in MEMBERS.items():
            installation.member(name, role)
        installation.sessions = {name: installation.signed_in(name)[0] for name in MEMBERS}
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def received(hub, id, *person):
    """A referral by HL7, worked on: the submission, the referral and the person."""
    receipt = hub.post("uhdb", hl7(id, *person), "application/hl7-v2").json()["receipt_id"]
    [referral] = hub.worked_on(receipt)["referrals"]
    return receipt, referral["referral_id"], referral["person_id"]


@pytest.fixture(scope="module")
def known(hub):
    """Somebody with a share that left and one that was refused: the ids."""
    submission, referral, person = received(hub, "SEEN1", FAMILY, NUMBER, BORN)
    hub.agree(person, ("derby_homes", "housing_support"))
    sent = hub.share(person, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(sent) == "delivered", why="delivery")
    refused = hub.share(person, "council_asc", "care_support")
    assert refused["state"] == "refused", refused
    return {"submission": submission, "referral": referral, "person": person, "sent": sent, "refused": refused["share_id"],
            "decision": refused["decision"]}


def documents(id):
    return f"/console/messages/{id}/documents"


def sent_page(id):
    return f"/console/messages/{id}/sent"


def get(hub, path, name="c.worker"):
    return hub.sessions[name].get(hub.url + path, allow_redirects=False)


def hidden(text):
    """What a page's form sends besides."""
    return dict(re.findall(r'<input type="hidden" name="(token|ask)" value="([^"]+)"', text))


def key(text, name):
    """By which a page names a value."""
    return re.search(rf'<dt>{re.escape(html.escape(name))}</dt><dd>.*?name="field" value="([^"]+)"', text, re.S).group(1)


def ask(hub, path, name, value, reason="to_check_an_identity", **fields):
    """Asks for a value of a page: the answer, and what was sent."""
    text = get(hub, path, name).text
    sent = {**hidden(text), "reason": reason, "field": key(text, value), **fields}
    return hub.sessions[name].post(hub.url + path, sent, allow_redirects=False), sent


def revealed(text):
    return [html.unescape(one) for one in re.findall(r'class="revealed">.*?<p class="note">(.*?)</p>', text, re.S)]


def entries(hub, **fields):
    rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view' ORDER BY at").splitlines()
    return [row for row in map(json.loads, rows) if all(row.get(name) == value for name, value in fields.items())]


def shown(hub):
    """Entries of values that were shown."""
    return [entry for entry in entries(hub) if "field" in entry]


def seen(text):
    return [secret for secret in SECRETS if re.search(rf"\b{secret}\b", html.unescape(text), re.I)]


def open_page(hub, browser, name="c.worker", scheme="light", width=1280, scripts=True):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    session = hub.signed_in(name)[0]
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    page = context.new_page()
    page.addresses = []
    page.on("request", lambda request: page.addresses.append(request.url))
    return page


def follow(page, selector, within=80):
    """Goes by Tab to a link, and where it leads."""
    press_until(page, selector, within)
    with page.expect_navigation():
        page.keyboard.press("Enter")


# What somebody does: by keyboard alone, and without scripts

@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_field_is_revealed_with_a_reason_by_keyboard(hub, browser, known, scripts):
    page = open_page(hub, browser, scripts=scripts)
    page.goto(f"{hub.url}/console/messages/{known['referral']}")
    follow(page, f"a[href='{documents(known['referral'])}']")
    assert page.locator("h1").text_content() == "Documents" and seen(page.content()) == []
    before = len(shown(hub))
    # First without a reason: it is told what is missing, and nothing is shown.
    button = f"button[value='{key(page.content(), 'Family name')}']"
    submit(page, button, 80)
    assert "Choose why you need to see the value" in page.locator(".mistakes").text_content()
    assert seen(page.content()) == [] and len(shown(hub)) == before
    press_until(page, ".mistakes a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "reason"
    page.keyboard.type("To check")
    assert page.locator("#reason").input_value() == "to_check_an_identity"
    submit(page, button, 80)
    assert page.locator(".revealed .note").all_text_contents() == [FAMILY]
    assert seen(page.content()) == [FAMILY]
    assert page.locator(".notice").text_content().startswith("Family name is shown below")
    [entry] = shown(hub)[before:]
    assert (entry["part"], entry["field"], entry["reason"], entry["actor"]) == (
        "understood", "person.family", "to_check_an_identity", "staff/c.worker")
    assert entry["referral"] == known["referral"] and entry["person"] == known["person"]
    # Whoever comes back, or has it sent again, sees it hidden.
    page.reload()
    assert seen(page.content()) == [] and "nothing was shown now" in page.locator(".notice").text_content()
    assert len(shown(hub)) == before + 1
    page.goto(hub.url + documents(known["referral"]))
    assert seen(page.content()) == []
    assert FAMILY.lower() not in page.title().lower() and not any(seen(address) for address in page.addresses)
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_why_a_referral_was_not_shared_is_found_by_keyboard(hub, browser, known, scripts):
    page = open_page(hub, browser, scripts=scripts)
    page.goto(hub.url + "/console")
    follow(page, "nav a[href='/console/messages']")
    follow(page, f"main a[href='/console/messages/{known['submission']}']", 200)
    assert page.locator("h1").text_content() == "What happened"
    follow(page, f"a[href='{documents(known['submission'])}']")
    row = page.locator("section[aria-labelledby=sent] li", has_text="Not shared")
    assert row.count() == 1 and known["decision"]["explanation"] in row.text_content()
    follow(page, f"a[href='/console/messages/{known['refused']}']", 200)
    refusal = page.locator(".life li", has_text="It may not leave")
    assert refusal.locator(".why").text_content() == f"As the person is told: “{known['decision']['explanation']}”"
    follow(page, f"a[href='{sent_page(known['refused'])}']")
    assert page.locator("h2").first.text_content() == "Nothing was sent"
    assert known["decision"]["explanation"] in page.locator("main").text_content()
    assert page.locator("#reveal").count() == 0
    page.context.close()


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_can_be_read_by_all(hub, browser, known, scheme, width):
    page = open_page(hub, browser, scheme=scheme, width=width)
    page.goto(hub.url + documents(known["referral"]))
    check_page(page)
    page.locator("button[name=field]").first.click()
    assert page.locator(".mistakes").count() == 1
    check_page(page)
    for path, name in (documents(known["referral"]), "PID-5.1"), (sent_page(known["sent"]), "Family name"):
        page.goto(hub.url + path)
        check_page(page)
        page.select_option("#reason", "to_contact_the_person")
        page.click(f"button[value='{key(page.content(), name)}']")
        assert page.locator(".revealed .note").all_text_contents() == [FAMILY]
        check_page(page)
    page.goto(hub.url + sent_page(known["refused"]))
    check_page(page)
    page.context.close()


# What is hidden, and what leads where

def test_values_are_hidden_and_lead_to_their_places_and_back(hub, known):
    for id in known["submission"], known["referral"]:
        before = len(shown(hub))
        answer = get(hub, documents(id))
        text = answer.text
        assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"] and seen(text) == []
        understood = re.search(r'<div id="(u\d+)"><dt>Family name</dt>.*?</div>', text, re.S)
        place = re.search(r'<a href="#(r\d+)">PID-5.1</a>', understood.group(0)).group(1)
        back = re.search(rf'<div id="{place}"><dt>PID-5.1</dt>.*?</div>', text, re.S).group(0)
        assert f'<a href="#{understood.group(1)}">Family name</a>' in back
        assert "<dt>MSH-9.1</dt><dd>\n<code>REF</code>" in text and "<code>referral</code>" in text
        assert len(shown(hub)) == before
    # That the page was opened is on the ledger, as of the API.
    assert entries(hub, part="masked", submission=known["submission"], actor="staff/c.worker")
    assert entries(hub, part="masked", referral=known["referral"], person=known["person"], actor="staff/c.worker")


def test_a_value_of_the_document_is_shown_alone_and_once(hub, known):
    answer, fields = ask(hub, documents(known["submission"]), "p.privacy", "NTE-3", "other", reference="inc-0042")
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    assert revealed(answer.text) == ["Lonely since a bereavement; would like company"] and seen(answer.text) == ["bereavement"]
    [entry] = entries(hub, part="received", field="NTE-3")
    assert (entry["reason"], entry["reference"], entry["actor"]) == ("other", "INC-0042", "staff/p.privacy")
    assert entry["submission"] == known["submission"] and entry["id"] == fields["ask"] and not seen(json.dumps(entry))
    again = hub.sessions["p.privacy"].post(hub.url + documents(known["submission"]), fields)
    assert again.status_code == 200 and revealed(again.text) == [] and "nothing was shown now" in again.text
    assert len(entries(hub, part="received", field="NTE-3")) == 1
    # For the next value, reason and reference stand where they were entered.
    assert 'value="other" selected' in answer.text and "inc-0042" in answer.text
    # The trace of the referral tells who saw what, and why.
    life = get(hub, f"/console/messages/{known['referral']}").text
    assert "<dd>NTE-3</dd>" in life and "<dd>INC-0042</dd>" in life and seen(life) == []


@pytest.mark.parametrize("changed", [
    {"reason": ""}, {"reason": "because"}, {"reason": "other"}, {"reason": "other", "reference": FAMILY},
    {"reason": "other", "reference": NUMBER}, {"field": ""}, {"field": "received-99999"}, {"field": "sent-0"},
    {"field": "received--1"}, {"ask": ""}, {"ask": NOBODY}, {"ask": "8f0d6c1e-52b7-4b0e-9d3a-6f1c2e7a9b40"}, {"token": "another"}], ids=str)
def test_nothing_is_shown_for_a_form_that_is_not_whole(hub, known, changed):
    path = documents(known["referral"])
    before = len(shown(hub))
    answer, _ = ask(hub, path, "c.worker", "PID-5.1", **changed)
    assert answer.status_code == (403 if "token" in changed else 409 if "ask" in changed else 422)
    assert revealed(answer.text) == [] and len(shown(hub)) == before
    # What was typed stands in the field alone.
    left = re.sub(r"<textarea.*?</textarea>", "", answer.text, flags=re.S)
    assert seen(left) == []


def test_whoever_may_not_read_is_refused(hub, known):
    fields = {**hidden(get(hub, documents(known["referral"])).text), "reason": "to_check_an_identity", "field": "understood-1"}
    for name, role in MEMBERS.items():
        may = role in ("coordinator", "privacy_officer")
        may_see_sent = may or role == "duty_officer"
        for id in known["referral"], known["submission"], NOBODY:
            assert get(hub, documents(id), name).status_code == (403 if not may else 404 if id == NOBODY else 200)
        for id in known["sent"], known["refused"], NOBODY:
            assert get(hub, sent_page(id), name).status_code == (403 if not may_see_sent else 404 if id == NOBODY else 200)
        if role != "administrator":
            life = get(hub, f"/console/messages/{known['referral']}", name).text
            assert (documents(known["referral"]) in life) == may
        if not may:
            answer = hub.sessions[name].post(hub.url + documents(known["referral"]), fields)
            assert answer.status_code == 403 and seen(answer.text) == []
        if not may_see_sent:
            assert hub.sessions[name].post(hub.url + sent_page(known["sent"]), fields).status_code == 403
    for path in documents("x"), documents("9990000018"), sent_page(known["referral"]), documents(known["sent"]):
        assert get(hub, path).status_code == 404


# What left

def test_what_left_is_shown_only_where_it_is_what_left(hub, known):
    path = sent_page(known["sent"])
    text = get(hub, path, "d.officer").text
    assert seen(text) == [] and "to the last byte what the ledger says left" in text and known["sent"] in text
    digest = json.loads(hub.sql(
        f"SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'release' AND share = '{known['sent']}'"))["bytes_hash"]
    assert f'<code class="id">{digest}</code>' in text and f"<dt>Share: id</dt><dd>\n<code>{known['sent']}</code>" in text
    answer, _ = ask(hub, path, "d.officer", "Family name", "to_look_into_an_incident", reference="INC-7")
    assert revealed(answer.text) == [FAMILY] and seen(answer.text) == [FAMILY]
    [entry] = entries(hub, part="sent", field="person.family", share=known["sent"], reference="INC-7")
    assert entry["actor"] == "staff/d.officer" and entry["person"] == known["person"]
    # The person is known by another name since: what left cannot be made again.
    submission, _, person = received(hub, "SEEN2", "CANARYWING", "9990000026", "19520303")
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", why="delivery")
    assert "to the last byte" in get(hub, sent_page(share)).text
    received(hub, "SEEN3", "OTHERWING", "9990000026", "19520303")
    text = get(hub, sent_page(share)).text
    assert "It cannot be shown as it left" in text and "id=\"reveal\"" not in text and "WING" not in text
    # Once the person is erased there is nothing to make it of, nor to read.
    hub.sql(f"DELETE FROM record.person_key WHERE person = '{person}'")
    answer = get(hub, sent_page(share))
    assert answer.status_code == 200 and "It was destroyed" in answer.text
    answer = get(hub, documents(submission))
    assert answer.status_code == 200 and answer.text.count("The person was erased") == 2 and "WING" not in answer.text


def test_only_what_the_partners_form_took_is_listed_as_left(hub):
    body = {
        "message_id": f"L{uuid.uuid4()}", "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00", "type": "referral",
        "person": {"given": "Una", "family": "Leaver", "dob": "1951-03-11", "also_known_as": ["Oona"], "phone": ["01632960457"],
                   "visitor_gender": "female"},
        "address": {"lines": ["3 Example Street"], "postcode": "DE1 2FS"},
        "reason": "Lonely", "referrer": {"name": "A Teacher"}, "needs": ["housing"]}
    receipt = hub.post("derby_riverside_school", json.dumps(body), "application/json").json()["receipt_id"]
    [referral] = hub.worked_on(receipt)["referrals"]
    person = referral["person_id"]
    understood = re.findall(r"<dt>(.*?)</dt>", get(hub, documents(referral["referral_id"])).text)
    assert {"Also known as", "Preferred gender of a visitor", "Phone"} <= set(understood)
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", why="delivery")
    text = get(hub, sent_page(share)).text
    left = set(re.findall(r"<dt>(.*?)</dt>", text[text.index("What left"):]))
    assert {"Family name", "First names", "Phone", "Share: id", "Agreement: id"} <= left, left
    assert not {"Also known as", "Preferred gender of a visitor", "Share: level", "Share: recipient", "Sender: id"} & left, left


def test_a_share_that_left_and_was_stopped_later_may_have_arrived(hub):
    _, referral, person = received(hub, "STOP1", "STOPPER", "9990000077", "19430218")
    hub.agree(person, ("derby_homes", "housing_support"))
    hub.others.pop().stop()
    try:
        share = hub.share(person, "derby_homes", "housing_support")["share_id"]
        eventually(lambda: hub.sql(f"SELECT attempts FROM record.share WHERE id = '{share}'").strip() != "0", why="an attempt")
        changed = hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"restricted_on": "2026-11-01"})
        assert changed.status_code == 200, changed.text
        eventually(lambda: hub.share_state(share) == "cancelled", why="stopping")
    finally:
        hub.start_derby_homes()
    text = get(hub, sent_page(share)).text
    assert "before it left" not in text and "then stopped; it may have arrived" in text
    groups = re.search(r"<dt>Kinds of facts</dt><dd>(.*?)</dd>", text).group(1)
    assert "name" in groups.lower() and "address" in groups.lower(), groups
    assert "then stopped; it may have arrived" in get(hub, documents(referral)).text


def test_why_nothing_was_sent_is_said_of_what_was_withdrawn(hub):
    _, referral, person = received(hub, "DRAWN1", "WITHDRAWER", "9990000085", "19430219")
    agreement = hub.agree(person, ("derby_homes", "housing_support"))
    hub.hub("queue", "pause", "out.derby_homes", "--reason", "test")
    try:
        share = hub.share(person, "derby_homes", "housing_support")["share_id"]
        assert hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals", {}).status_code == 201
    finally:
        hub.hub("queue", "resume", "out.derby_homes")
    assert hub.share_state(share) == "cancelled"
    why = "The person&#39;s agreement was withdrawn."
    for path in sent_page(share), documents(referral):
        assert html.unescape(why) in html.unescape(get(hub, path).text), path
    assert "Nothing was sent" in get(hub, sent_page(share)).text


# Documents of other kinds, and of nobody's

def test_a_hostile_document_shows_nothing_and_runs_nothing(hub, browser):
    body = {
        "message_id": f"H{uuid.uuid4()}", "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00", "type": "referral",
        "person": {"given": SCRIPT, "family": "Canaryson" + SCRIPT, "dob": "1999-03-11"}, "reason": "‮evil\u0007" + SCRIPT,
        "referrer": {"name": "A Teacher"}, f"Canaryname {SCRIPT}": {"9990000018": "x"}}
    receipt = hub.post("derby_riverside_school", json.dumps(body), "application/json").json()["receipt_id"]
    hub.worked_on(receipt)
    path = documents(receipt)
    text = get(hub, path).text
    assert "<script>" not in text and "Canary" not in text and NUMBER not in text and "alert" not in text
    assert re.search(r"<dt>\(name \d+\)\.\(name 1\)</dt>", text)
    answer, _ = ask(hub, path, "c.worker", "Reason for the referral", "to_mend_a_mapping")
    [value] = revealed(answer.text)
    assert "<script>" not in answer.text and value == "‹U+202E›evil" + SCRIPT
    answer, _ = ask(hub, path, "c.worker", "reason", "to_mend_a_mapping")
    assert revealed(answer.text) == ["‹U+202E›evil‹U+0007›" + SCRIPT] and "<script>" not in answer.text
    page = open_page(hub, browser)
    page.goto(hub.url + path)
    page.select_option("#reason", "to_mend_a_mapping")
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    page.click(f"button[value='{key(page.content(), 'person.family')}']")
    assert SCRIPT in page.locator(".revealed .note").text_content()
    page.context.close()


def test_a_number_or_a_date_as_a_name_is_hidden_for_good(hub):
    names = ["9990000018", "17/02/1943", "x[9990000018]", "x[9223372036854775807]"]
    body = {
        "message_id": f"N{uuid.uuid4()}", "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00", "type": "referral",
        "person": {"given": "Una", "family": "Canaryson", "dob": "1999-03-11"}, "reason": "Lonely",
        "referrer": {"name": "A Teacher"}, "extensions": {"year_group": "9", **{name: f"answer {name}" for name in names}}}
    receipt = hub.post("derby_riverside_school", json.dumps(body), "application/json").json()["receipt_id"]
    [referral] = hub.worked_on(receipt)["referrals"]
    path = documents(referral["referral_id"])

    def told(text):
        return [one for one in ("9990000018", "9990000019", "17/02", "9223372036854775807") if one in html.unescape(text)]

    text = get(hub, path).text
    assert "<dt>Addition: year_group</dt>" in text and told(text) == []
    named = sorted(set(re.findall(r"<dt>(Addition: \(name \d+\))</dt>", text)))
    assert len(named) == len(names)
    for name in named:
        answer, _ = ask(hub, path, "c.worker", name)
        [value] = revealed(answer.text)
        assert value.startswith("answer "), value
    assert [entry["field"][:11] for entry in entries(hub, part="understood", referral=referral["referral_id"])] == ["extensions."] * 4
    assert told(hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry")) == []
    assert told(get(hub, f"/console/messages/{referral['referral_id']}").text) == []
    # Where the document is gone, the places from which values came are named in words.
    hub.sql(f"DELETE FROM record.document WHERE receipt = '{receipt}'")
    assert told(get(hub, path).text) == []


@pytest.mark.parametrize("body, kind", [
    (b"{ Canary no document", "application/json"), (b"MSH|^~\\&|Canary", "application/hl7-v2"),
    (b"[" * 5000, "application/json"), (b"\x00\xff\xfeCanary", "application/xml")], ids=["json", "hl7", "deep", "bytes"])
def test_what_cannot_be_read_is_said_with_its_size(hub, body, kind):
    answer = hub.post("uhdb", body, kind)
    assert answer.status_code in (400, 422), answer.text
    receipt = answer.json()["receipt_id"]
    answer = get(hub, documents(receipt))
    assert answer.status_code == 200 and f"It has {len(body)} bytes." in answer.text
    assert "Canary" not in answer.text and "id=\"reveal\"" not in answer.text


def test_a_document_that_was_destroyed_is_said_to_be(hub):
    submission, referral, _ = received(hub, "GONE1", "GONEBIRD", "9990000034", "19400405")
    hub.sql(f"DELETE FROM record.document WHERE receipt = '{submission}'")
    answer = get(hub, documents(referral))
    assert answer.status_code == 200 and "The document was destroyed on " in answer.text
    # Where a value came from is still said, in words.
    assert "From PID-5.1" in answer.text and "GONEBIRD" not in answer.text
    answer, _ = ask(hub, documents(referral), "c.worker", "Family name")
    assert revealed(answer.text) == ["GONEBIRD"]


def test_of_a_batch_each_referral_has_its_own_part(hub):
    first, second = (hl7(f"B{number}", f"FLOCK{number}", str(9990000042 + 8 * number), "19410506") for number in range(2))
    batch = b"\r".join([rb"BHS|^~\&|PAS|RTG|LACHUB|DERBYLAC|20261101", first, second, b"BTS|2", b""])
    answer = hub.post("uhdb", batch, "application/hl7-v2")
    assert answer.status_code == 202, answer.text
    receipt = answer.json()["receipt_id"]
    referrals = [one["referral_id"] for one in hub.worked_on(receipt)["referrals"]]
    assert len(referrals) == 2
    text = get(hub, documents(receipt)).text
    assert all(documents(id) in text for id in referrals) and "FLOCK" not in text and "PID" not in text
    for number, id in enumerate(referrals):
        answer, _ = ask(hub, documents(id), "c.worker", "PID-5.1")
        assert revealed(answer.text) == [f"FLOCK{number}"] and "1 part of the same document about others" in answer.text


# Nothing is left behind: the last of all, since it looks at what the others did

def test_no_value_is_in_a_log_or_on_the_ledger(hub, known):
    log = (hub.home / "hub.log").read_text()
    ledger = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry")
    for secret in [*SECRETS, "CANARYWING", "Canaryson", "Canaryname", "GONEBIRD", "FLOCK"]:
        assert secret not in log and secret not in ledger, secret
    assert hub.hub("ledger", "verify")
