"""The ledger in the console: read, checked, and one entry proved to somebody who does not trust the hub."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually, hl7
from pages import LOOKS, browser, check_page, press_until, submit

LEDGER = "/console/ledger"
VERIFY = pathlib.Path(__file__).resolve().parents[2] / "deploy/ledger-verify.py"


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"), ("uhdb", "partner")), settings=["console: true"])
    try:
        installation.start()
        for name, role in ("an.auditor", "auditor"), ("p.privacy", "privacy_officer"), ("an.operator", "operator"):
            installation.member(name, role)
        answer = installation.post("uhdb", hl7("LEDGER1", "LEDGER", "9990000018", "19500102"), "application/hl7-v2")
        installation.worked_on(answer.json()["receipt_id"])
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def opened(hub, browser, name, scheme="light", width=1280, scripts=True):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts, accept_downloads=True)
    session = hub.signed_in(name)[0]
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": hub.url} for cookie in session.cookies])
    return context.new_page()


def what_is_said(hub, proof, folder):
    """What the program that trusts nobody says of a proof."""
    file, key = folder / "proof.json", folder / "ledger.pub"
    file.write_text(proof)
    key.write_text(hub.hub("ledger", "key"))
    return subprocess.run(
        [sys.executable, VERIFY, "--key", key, "--checkpoints", hub.home / "data/ledger.checkpoints", "--proof", file],
        capture_output=True, text=True)


@pytest.mark.parametrize("scheme, width", LOOKS, ids=str)
def test_each_page_in_each_look(hub, browser, scheme, width):
    page = opened(hub, browser, "an.auditor", scheme, width)
    page.goto(hub.url + LEDGER)
    check_page(page)
    assert "LEDGER1" not in page.content() and "9990000018" not in page.content()
    page.locator(".life h2 a").first.click()
    check_page(page)
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_an_entry_is_verified_by_keyboard(hub, browser, tmp_path, scripts):
    page = opened(hub, browser, "p.privacy", scripts=scripts)
    page.goto(hub.url + LEDGER)
    submit(page, "#check button")
    eventually(lambda: page.reload() and "It holds" in page.locator("#check").inner_text(), every=0.5, why="all is checked")
    with page.expect_navigation():
        press_until(page, ".life li:last-child h2 a", within=600)
        page.keyboard.press("Enter")
    # What was just read may not stand under a signature yet.
    press_until(page, "a[download]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    proof = pathlib.Path(download.value.path()).read_text()
    assert json.loads(proof)["proof"] == "inclusion"
    answer = what_is_said(hub, proof, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    leaf = json.loads(proof)["line"]["leaf"]
    altered = what_is_said(hub, proof.replace(leaf, leaf[::-1]), tmp_path)
    assert altered.returncode == 1, altered.stdout + altered.stderr
    page.context.close()


def test_all_pages_together_have_each_entry_once(hub):
    session = hub.signed_in("an.auditor")[0]
    seen, path = [], LEDGER
    while path:
        text = session.get(hub.url + path).text
        seen += [int(position) for position in re.findall(r'<h2><a href="/console/ledger/(\d+)">', text)]
        older = re.search(r'href="(/console/ledger\?before=\d+)"', text)
        path = older and older.group(1)
    assert seen == list(range(seen[0], -1, -1))


def test_that_somebody_read_is_entered(hub):
    session = hub.signed_in("an.auditor")[0]
    def looks():
        rows = hub.sql("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view'").splitlines()
        return sum('"part":"ledger"' in row and "staff/an.auditor" in row for row in rows)
    for path in LEDGER, LEDGER + "/0", LEDGER + "/0/proof.json":
        before = looks()
        assert session.get(hub.url + path).status_code == 200
        assert looks() == before + 1


def test_whoever_may_not_read_it_does_not(hub):
    session = hub.signed_in("an.operator")[0]
    for path in LEDGER, LEDGER + "/0", LEDGER + "/0/proof.json":
        assert session.get(hub.url + path).status_code == 403
    assert LEDGER not in session.get(hub.url + "/console").text
    token = re.search(r'name="token" value="([^"]+)"', session.get(hub.url + "/console").text).group(1)
    assert session.post(hub.url + LEDGER + "/check", {"token": token}).status_code == 403
    auditor = hub.signed_in("an.auditor")[0]
    assert auditor.post(hub.url + LEDGER + "/check", {"token": token}).status_code == 403


@pytest.mark.parametrize("position", ["99999999999", "-1", "x", "%00", "1" * 400, "1e3", "<script>alert(1)</script>"])
def test_what_is_no_entry_is_not_found(hub, position):
    session = hub.signed_in("an.auditor")[0]
    for path in f"{LEDGER}/{position}", f"{LEDGER}/{position}/proof.json":
        answer = session.get(hub.url + path)
        assert answer.status_code in (400, 404, 409) and "<script>" not in answer.text
    if not position.isdigit():
        assert session.get(hub.url + LEDGER, params={"before": position}).status_code in (400, 404)


def test_a_ledger_that_was_altered_is_told(hub):
    session = hub.signed_in("an.auditor")[0]
    hub.sql(
        "ALTER TABLE ledger.entry DROP CONSTRAINT commitment_holds; SET session_replication_role = replica; UPDATE ledger.entry SET bytes = bytes || ' ' WHERE id = (SELECT entry FROM ledger.position WHERE sequence = 1)")
    token = re.search(r'name="token" value="([^"]+)"', session.get(hub.url + LEDGER).text).group(1)
    session.post(hub.url + LEDGER + "/check", {"token": token})
    text = eventually(lambda: (t := session.get(hub.url + LEDGER).text) and "does not hold" in t and t, why="it is told")
    assert "entry 1 (" in text and "<title>The ledger does not hold" in text
