"""Members of the public tell the team about somebody: in a real browser, by keyboard alone, without a script."""

import html
import json
import re
import shutil
import tempfile

import pytest
import requests

from installation import Installation, eventually
from pages import browser, check_page, press_until, submit


@pytest.fixture(scope="module")
def hub():
    home = tempfile.mkdtemp(prefix="hub-")
    installation = Installation(
        home, outbound=False,
        settings=["public_form: { phone: 01632 960999, privacy_notice: 'https://council.example/privacy' }"],
    )
    installation.partner("workers", kind="staff")
    installation.start()
    yield installation
    installation.close()
    shutil.rmtree(home, ignore_errors=True)


def page_of(browser, **options):
    context = browser.new_context(java_script_enabled=options.pop("script", True), **options)
    page = context.new_page()
    page.foreign = []
    page.on("request", lambda request: page.foreign.append(request.url))
    return page


def form_fields(answer):
    """What the page hides, and where it is."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text.split("<main")[1]))


FILLED = {
    "over_13": "yes", "subject": "other", "relation": "neighbour", "person_knows": "no", "given": "Zoë", "family": "Example",
    "age": "80", "postcode": "DE1 2FS", "reason": "Would like company.",
}


def send(hub, **answers):
    begun = form_fields(requests.get(hub.url + "/refer"))["form"]
    return requests.post(hub.url + "/refer", {**FILLED, "form": begun, "page": "check", "send": "yes", **answers})


def send_from(hub, forwarded):
    """The status for a form whose sender, or a proxy, says where it is from."""
    begun = form_fields(requests.get(hub.url + "/refer"))["form"]
    fields = {**FILLED, "form": begun, "page": "check", "send": "yes"}
    return requests.post(hub.url + "/refer", fields, headers={"X-Forwarded-For": forwarded}).status_code


def reference(text):
    return re.search(r"<strong>([0-9a-f-]{36})</strong>", text).group(1)


@pytest.mark.parametrize(
    "scheme, width", [("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)], ids=lambda value: str(value)
)
def test_by_keyboard_alone_without_a_finding_of_axe(hub, browser, scheme, width):
    page = page_of(browser, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(hub.url + "/refer")
    check_page(page)
    submit(page, "button")

    # Nothing chosen: the mistake is on top, and its link leads to the field.
    submit(page, "main button[type=submit]:not([name])")
    assert page.title().startswith("Error: ")
    check_page(page)
    press_until(page, ".mistakes a")
    page.keyboard.press("Enter")
    press_until(page, "#over_13")
    page.keyboard.press("Space")
    assert page.locator("#over_13").is_checked()
    submit(page, "main button:not([name])")

    for steps in (
        [("#subject", ["Space", "ArrowDown"])],
        [("#relation", ["Space", "ArrowDown"]), ("#person_knows", ["Space"]), ("#your_name", "A Sender")],
        [("#given", "Zoë"), ("#family", "O'Example <b>"), ("#age", "80")],
        [("#address_1", "1 Test Street"), ("#postcode", "DE1 2FS")],
        [("#reason", "She has collapsed once before.\nWould like company.")],
    ):
        check_page(page)
        for selector, keys in steps:
            press_until(page, selector)
            if isinstance(keys, str):
                page.keyboard.type(keys)
            else:
                for key in keys:
                    page.keyboard.press(key)
        submit(page, "main button:not([name])")

    assert page.locator("h1").inner_text() == "Is someone in danger now?"
    check_page(page)
    submit(page, "main button:not([name])")
    assert page.locator("h1").inner_text() == "Check your answers before sending"
    assert page.get_by_text("O'Example <b>").is_visible()
    check_page(page)
    submit(page, "button[name=send]")
    assert page.locator("h1").inner_text() == "Thank you, we have it"
    check_page(page)
    receipt = page.locator(".panel strong").inner_text()
    assert all(url.startswith(hub.url) for url in page.foreign), "nothing from elsewhere"
    assert "?" not in "".join(page.foreign), "no answer in an address"
    eventually(lambda: hub.receipt(receipt)["status"] == "accepted", why="a case")
    page.context.close()


def test_without_a_script_and_back_to_change_an_answer(hub, browser):
    page = page_of(browser, script=False)
    page.goto(hub.url + "/refer")
    page.get_by_role("button", name="Start now").click()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Myself").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("First name").fill("Ann")
    page.get_by_label("Last name").fill("Example")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Phone number").fill("01632 960001")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Back").click()
    assert page.get_by_label("Phone number").input_value() == "01632 960001"
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What is happening").fill("Unigrwydd – hoffwn gwmni.")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Change Who are you telling us about?").click()
    page.get_by_label("Somebody else").check()
    page.get_by_role("button", name="Continue").click()
    # Another answer asks for more, and then leads back to the check.
    page.get_by_label("I am a friend").check()
    page.get_by_label("I am not sure").check()
    page.get_by_role("button", name="Continue").click()
    assert page.locator("h1").inner_text() == "Check your answers before sending"
    page.get_by_role("button", name="Send").click()
    receipt = page.locator(".panel strong").inner_text()
    eventually(lambda: hub.receipt(receipt)["status"] == "accepted", why="a case")
    page.context.close()


def test_sent_twice_has_one_effect_and_changed_it_is_told(hub):
    begun = form_fields(requests.get(hub.url + "/refer"))["form"]
    first, second = send(hub, form=begun), send(hub, form=begun)
    assert first.status_code == second.status_code == 200
    assert reference(first.text) == reference(second.text)
    changed = send(hub, form=begun, reason="Something else")
    assert changed.status_code == 409 and "sent already" in changed.text


def test_what_a_child_writes_is_kept_apart_until_a_guardian_permits(hub):
    def held():
        listed = hub.hub("work", "list", "--kind", "under_13", "--json").splitlines()
        return {item["about"].split()[-1]: item for item in map(json.loads, listed)}

    quiet = reference(send(hub, over_13="no", harm="no").text)
    hurt = reference(send(hub, over_13="no", harm="yes").text)
    items = held()
    assert items[hurt]["code"] == "concern_of_harm" and items[quiet]["code"] == "guardian_permission"
    assert list(items)[0] == hurt, "what is due at once comes first"
    assert items[hurt]["due"] <= items[hurt]["since"] < items[quiet]["due"]
    assert hub.receipt(quiet)["status"] == "held"
    permit = ["work", "permit", items[quiet]["id"], "--by", "worker-1", "--permission", "consent:2026-11"]
    assert quiet in hub.hub(*permit)
    assert hub.hub(*permit, check=False).returncode == 65, "once"
    eventually(lambda: hub.receipt(quiet)["status"] == "accepted", why="a case")
    assert hub.receipt(hurt)["status"] == "held"
    # Destroyed when its time has come, and the item with it.
    hub.sql(f"UPDATE record.document SET destroy_at = now() WHERE receipt = '{hurt}'")
    eventually(lambda: not held(), within=90, why="the end of the hold")
    hub.hub("ledger", "verify")


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 422), (b"page=check&send=yes", 200), (b"page=nowhere", 422), (b"%%%=&&&=%zz", 400), (b"a=1&a=2", 400),
        (b"\x00\xff" * 500, 422), (b"reason=" + b"x" * 300_000, 413),
    ],
    ids=["nothing", "sent at once", "no such page", "bad escapes", "twice", "any bytes", "too long"],
)
def test_any_body_is_answered_with_a_page(hub, body, status):
    answer = requests.post(hub.url + "/refer", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.status_code == status
    assert "</html>" in answer.text and "<strong>Is someone in danger" in answer.text


def test_pages_are_kept_nowhere_and_run_nothing(hub):
    answer = requests.get(hub.url + "/refer")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert "Set-Cookie" not in answer.headers and "<script" not in answer.text


@pytest.mark.parametrize("page", ["contact", "reason", "check"])
def test_what_is_written_is_no_template(hub, page):
    written = "{{team}} {{{given}}} {{#fields}} {{> page}} ${7*7} <%= 7*7 %>"
    begun = form_fields(requests.get(hub.url + "/refer"))["form"]
    answer = requests.post(hub.url + "/refer", {
        **FILLED, "form": begun, "page": page, "go": page, "reason": written, "town": written, "given": written})
    assert answer.status_code == 200 and written in html.unescape(answer.text)


def test_one_place_cannot_send_without_end():
    home = tempfile.mkdtemp(prefix="hub-")
    hub = Installation(home, outbound=False, settings=["public_form: { sends_per_hour: 3, behind_proxy: true }"])
    try:
        hub.start()
        codes = [send(hub).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        assert send_from(hub, "203.0.113.9, 198.51.100.7") == 200, "another address is not held to it"
        # Whatever a sender wrote before what the proxy added: it is the same address.
        rest = [send_from(hub, f"203.0.113.{number}, 198.51.100.7") for number in range(3)]
        assert rest == [200, 200, 429]
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)


def test_without_a_proxy_nobody_says_where_they_are_from(home):
    hub = Installation(home, outbound=False, settings=["public_form: { sends_per_hour: 3 }"])
    try:
        hub.start()
        assert [send_from(hub, f"198.51.100.{number}") for number in range(4)] == [200, 200, 200, 429]
    finally:
        hub.close()


def test_without_configuration_there_is_no_form():
    home = tempfile.mkdtemp(prefix="hub-")
    hub = Installation(home, outbound=False)
    try:
        hub.start()
        assert requests.get(hub.url + "/refer").status_code == 404
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
