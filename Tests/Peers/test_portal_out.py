"""The portal: the person's own copy waits for a member of staff, who fetches it once in a real browser, and is judged until then."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually
from pages import browser, check_page, press_until, submit

DOCUMENTS = "/staff/documents"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(
        home, outbound=False, partners=(("workers", "staff"), ("uhdb", "partner")),
        settings=["staff_form: true", "outbound: { subject: { portal: {} } }"])
    try:
        installation.start()
        installation.member("a.worker", "coordinator")
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def ask(hub, person, purpose="subject_rights", **more):
    answer = hub.staff("POST", "/v1/shares", {"person_id": person, "recipient": "subject", "purpose": purpose, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def waiting(hub, person):
    """A share whose document waits in the portal."""
    share = ask(hub, person, identity_verified=True, requested_by="coordinator-3")
    assert share["state"] == "queued", share
    eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="the portal has it")
    return share["share_id"]


def signed_in(hub):
    return hub.signed_in("a.worker")[0]


def fetch(hub, session, share, **more):
    token = re.search(r'name="token" value="([^"]+)"', session.get(hub.url + DOCUMENTS).text).group(1)
    return session.post(hub.url + DOCUMENTS, {"token": token, "share": share, **more}, allow_redirects=False)


def text_of(file):
    return subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout


def test_without_proof_of_who_asks_a_person_decides(hub):
    person = hub.person("PROOFLESS", "9990000018", "19500102")
    share = ask(hub, person)
    assert (share["state"], share["decision"]["reason"]) == ("parked", "identity_not_verified")
    nameless = hub.staff("POST", "/v1/shares", {
        "person_id": person, "recipient": "subject", "purpose": "subject_rights", "identity_verified": True})
    assert nameless.status_code == 422 and "requested_by" in nameless.text


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 320)], ids=str)
def test_it_is_fetched_once_by_keyboard_in_a_browser(hub, browser, scheme, width):
    person = hub.person("SAMPLE" + scheme.upper(), {"light": "9990000026", "dark": "9990000034"}[scheme], "19511231")
    share = waiting(hub, person)
    assert hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"]["state"] == "waiting"
    assert f"documents that wait at {DOCUMENTS}: 1" in hub.hub("partner", "test", "subject")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(hub.url + DOCUMENTS)
    assert page.url == hub.url + "/staff/sign-in"
    for field, typed in hub.credentials("a.worker").items():
        page.fill(f"#{field}", typed)
    submit(page, "main button", within=200)
    page.goto(hub.url + DOCUMENTS)
    check_page(page)
    press_until(page, "section button", within=200)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".pdf")
    read = text_of(download.value.path())
    assert "Your copy of what we hold about you" in read and "SAMPLE" + scheme.upper() in read.upper()
    page.goto(hub.url + DOCUMENTS)
    assert "No document waits" in page.inner_text("main")
    check_page(page)
    context.close()

    told = hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"]
    assert (told["awaited"], told["state"], told["told_by"]) == ("fetched", "taken", "staff/a.worker")
    assert "share_acknowledged" in hub.hub("trace", share)
    assert hub.sql(f"SELECT sealed IS NULL FROM record.portal_document WHERE share = '{share}'").strip() == "t"
    again = fetch(hub, signed_in(hub), share)
    assert again.status_code == 409 and "not there any more" in again.text


def test_who_is_not_signed_in_or_sends_another_page_gets_nothing(hub):
    share = waiting(hub, hub.person("GUARDED", "9990000042", "19620704"))
    session = signed_in(hub)
    stranger = requests.Session()
    assert stranger.get(hub.url + DOCUMENTS, allow_redirects=False).status_code == 303
    assert stranger.post(hub.url + DOCUMENTS, {"share": share}).status_code == 401
    assert fetch(hub, session, share, token="0" * 64).status_code == 403
    assert fetch(hub, session, "no share").status_code == 400
    assert fetch(hub, session, "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12").status_code == 409
    answer = fetch(hub, session, share)
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF") and answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+\.pdf"', answer.headers["Content-Disposition"])


def test_what_may_no_longer_leave_is_not_given_out_and_is_destroyed(hub):
    person = hub.person("WITHDRAWN", "9990000050", "19500102")
    share = waiting(hub, person)
    changed = hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"deceased_on": "2026-01-02"})
    assert changed.status_code == 200, changed.text
    refused = fetch(hub, signed_in(hub), share)
    assert refused.status_code == 409
    assert hub.share_state(share) == "cancelled"
    # The same without anybody asking for it.
    other = waiting(hub, hub.person("UNASKED", "9990000077", "19500102"))
    hub.sql(f"UPDATE record.person SET deceased_at = now() WHERE id = (SELECT person FROM record.share WHERE id = '{other}')")
    eventually(lambda: hub.share_state(other) == "cancelled", 60, why="it is taken back")
    assert hub.sql(f"SELECT sealed IS NULL FROM record.portal_document WHERE share = '{share}'").strip() == "t"
    assert share not in signed_in(hub).get(hub.url + DOCUMENTS).text


def test_without_pages_for_staff_there_is_no_portal(hub):
    hub.server.stop()
    hub.configure("staff_form: true", "staff_form: false")
    run = hub.hub("serve", check=False)
    assert run.returncode == 78 and "staff_form: true" in run.stderr
    assert "staff_form: true" in hub.hub("doctor", check=False).stdout
