"""Staff sign in by the council's identity provider: OpenID Connect with a provider of others, in a real browser too."""

import pathlib
import re
import shutil
import sys
import tempfile
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation
from pages import browser, check_page

LEAVE = "/staff/sign-in/provider"
RETURN = "/staff/sign-in/return"


@pytest.fixture(scope="module")
def provider():
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def hub(provider):
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, outbound=False, settings=[
        "staff_form: true",
        f"staff_provider: {{ issuer: '{provider}', client_id: hub, client_secret: 'file:secrets/client-secret', "
        "roles: { lac-coordinators: coordinator, lac-audit: auditor }, acr: [second-factor], amr: [mfa] }",
    ])
    (home / "secrets/client-secret").write_text("s3cret & more")
    installation.configure(f"port: {installation.port} }}", f"port: {installation.port}, url: '{installation.url}' }}")
    try:
        installation.start()
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def known(provider, subject, **claims):
    """Somebody whom the provider knows."""
    said = {"preferred_username": subject, "roles": ["lac-coordinators"], "amr": ["pwd", "mfa"], **claims}
    answer = requests.put(f"{provider}/users/{subject}", json={name: value for name, value in said.items() if value is not None})
    assert answer.status_code == 204, answer.text
    return subject


def left(hub):
    """A browser that has left for the provider, and where it went."""
    session = requests.Session()
    answer = session.get(hub.url + LEAVE, allow_redirects=False)
    assert answer.status_code == 303
    return session, answer


def sent_back(address, subject):
    """Where the provider sends somebody who signs in."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False)
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["Location"]


def sign_in(hub, subject):
    session, answer = left(hub)
    return session, session.get(sent_back(answer.headers["Location"], subject), allow_redirects=False)


def test_a_browser_leaves_with_everything_that_makes_the_way_back_safe(hub, provider):
    session, answer = left(hub)
    address = urlsplit(answer.headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}" == provider
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == hub.url + RETURN and asked["acr_values"] == "second-factor"
    assert "openid" in asked["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] not in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Lax" in answer.headers["Set-Cookie"]
    again = {name: values[0] for name, values in parse_qs(urlsplit(left(hub)[1].headers["Location"]).query).items()}
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_a_link_of_another_site_begins_no_sign_in(hub):
    for site in ("cross-site", "same-site"):
        answer = requests.get(
            hub.url + LEAVE, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"] == "/staff/sign-in", site
        assert "Set-Cookie" not in answer.headers
    for site in ("same-origin", "none"):
        answer = requests.get(hub.url + LEAVE, headers={"Sec-Fetch-Site": site}, allow_redirects=False)
        assert answer.headers["Location"].startswith("http"), site


@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 320)], ids=str)
def test_somebody_signs_in_there_and_is_in_here(hub, provider, browser, scheme, width):
    subject = known(provider, f"b.browser.{scheme}")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(hub.url + "/staff/referral")
    check_page(page)
    page.get_by_role("link", name="Sign in with your council account").click()
    page.wait_for_url(provider + "/**")
    page.fill("input[name=sub]", subject)
    page.locator("button").first.click()
    page.wait_for_url(hub.url + "/staff/referral")
    assert f"Signed in as {subject}" in page.inner_text("main")
    page.goto(hub.url + "/staff/account")
    assert page.locator("#password").count() == 0
    check_page(page)
    cookie = next(cookie for cookie in context.cookies() if cookie["name"] == "hub-staff")
    assert cookie["sameSite"] == "Strict" and cookie["httpOnly"]
    assert all(cookie["name"] != "hub-sign-in" for cookie in context.cookies())
    context.close()


def test_the_roles_are_the_providers_at_each_sign_in(hub, provider):
    subject = known(provider, "c.changing")
    first, _ = sign_in(hub, subject)
    assert first.get(hub.url + "/staff/referral", allow_redirects=False).status_code == 200
    known(provider, subject, roles=["lac-audit", "something-else"])
    second, _ = sign_in(hub, subject)
    assert second.get(hub.url + "/staff/referral").status_code == 403
    # What was open with the old roles has ended.
    assert first.get(hub.url + "/staff/referral", allow_redirects=False).status_code == 303
    row = next(line for line in hub.hub("staff", "list").splitlines() if line.startswith(subject))
    assert "provider" in row and "auditor" in row and "coordinator" not in row
    hub.hub("staff", "disable", subject)
    assert second.get(hub.url + "/staff/account", allow_redirects=False).status_code == 303
    _, answer = sign_in(hub, subject)
    assert answer.status_code == 403 and "hub-staff=" not in answer.headers.get("Set-Cookie", "")
    assert hub.hub("staff", "invite", subject, check=False).returncode == 64


@pytest.mark.parametrize("claims, told", [
    ({"amr": ["pwd"]}, "second factor"), ({"amr": None}, "second factor"), ({"amr": "mfa!"}, "second factor"),
    ({"amr": None, "acr": "password-only"}, "second factor"), ({"roles": []}, "No role"), ({"roles": None}, "No role"),
    ({"roles": ["coordinator"]}, "No role"), ({"roles": [{"a": 1}]}, "No role"), ({"preferred_username": None}, "could not be used"),
    ({"preferred_username": "<script>"}, "could not be used"), ({"preferred_username": 7}, "could not be used"),
])
def test_who_lacks_something_is_not_let_in_and_is_told_what(hub, provider, claims, told):
    _, answer = sign_in(hub, known(provider, "d.denied", **claims))
    assert answer.status_code == 403 and told in answer.text
    assert "hub-staff=" not in answer.headers.get("Set-Cookie", "")
    assert not re.search("^d.denied", hub.hub("staff", "list"), re.MULTILINE)


@pytest.mark.parametrize("claims", [{"amr": None, "acr": "second-factor"}, {"amr": "mfa"}, {"roles": "lac-coordinators"}])
def test_a_second_factor_is_told_in_either_way(hub, provider, claims):
    subject = known(provider, f"e.factor.{len(str(claims))}", **claims)
    session, _ = sign_in(hub, subject)
    assert session.get(hub.url + "/staff/account", allow_redirects=False).status_code == 200


def test_an_address_is_known_by_what_stands_before_its_sign(hub, provider):
    session, _ = sign_in(hub, known(provider, "f-1", preferred_username="F.Example@Derby.example"))
    assert "f.example" in session.get(hub.url + "/staff/account").text
    # A name that is somebody's is nobody else's: neither another subject's nor a local account's.
    _, answer = sign_in(hub, known(provider, "f-2", preferred_username="f.example@elsewhere.example"))
    assert answer.status_code == 403
    hub.member("g.local", "coordinator")
    _, answer = sign_in(hub, known(provider, "g-1", preferred_username="g.local"))
    assert answer.status_code == 403


def test_the_way_back_is_taken_once_by_the_browser_that_left(hub, provider):
    subject = known(provider, "h.once")
    session, answer = left(hub)
    back = sent_back(answer.headers["Location"], subject)
    # Another browser, one that left for another sign-in, another state, no state, no code, and another's answer.
    assert requests.get(back).status_code == 403
    assert left(hub)[0].get(back).status_code == 403
    for old, new in ((r"state=[^&]+", "state=AAAA"), (r"state=[^&]+&?", ""), (r"code=[^&]+", "error=access_denied")):
        assert session.get(re.sub(old, new, back)).status_code == 403
    assert session.get(back + "&iss=https://elsewhere.example").status_code == 403
    assert session.get(back, allow_redirects=False).status_code == 200
    assert requests.get(back, cookies=session.cookies).status_code in (403, 503)


def test_an_answer_of_another_code_lets_nobody_in(hub, provider):
    session, answer = left(hub)
    back = sent_back(answer.headers["Location"], known(provider, "i.code"))
    for code in ("nonsense", "%00", "A" * 5_000):
        refused = session.get(re.sub(r"code=[^&]+", f"code={code}", back))
        assert refused.status_code in (403, 503) and "hub-staff=" not in refused.headers.get("Set-Cookie", "")
    # A code that was given for another sign-in is of another challenge.
    other, elsewhere = left(hub)
    stolen = re.search(r"code=([^&]+)", sent_back(elsewhere.headers["Location"], "i.code")).group(1)
    refused = session.get(re.sub(r"code=[^&]+", f"code={stolen}", back))
    assert refused.status_code in (403, 503)


def test_without_the_provider_it_is_said_and_accounts_here_still_sign_in(hub):
    hub.member("j.local", "coordinator")
    hub.server.stop()
    config = (hub.home / "hub.yaml").read_text()
    try:
        (hub.home / "hub.yaml").write_text(re.sub(r"issuer: '[^']+'", "issuer: 'http://127.0.0.1:9'", config))
        hub.start()
        answer = requests.get(hub.url + LEAVE, allow_redirects=False)
        assert answer.status_code == 503 and "does not answer" in answer.text
        assert hub.signed_in("j.local")[1].status_code == 303
    finally:
        hub.server.stop()
        (hub.home / "hub.yaml").write_text(config)
        hub.start()


def test_a_provider_that_calls_itself_otherwise_is_none(hub, provider):
    hub.server.stop()
    config = (hub.home / "hub.yaml").read_text()
    try:
        hub.configure(f"issuer: '{provider}'", f"issuer: '{provider}/'")
        hub.start()
        answer = requests.get(hub.url + LEAVE, allow_redirects=False)
        assert answer.status_code == 503 and "Location" not in answer.headers
        assert "calls itself otherwise" in (hub.home / "hub.log").read_text()
    finally:
        hub.server.stop()
        (hub.home / "hub.yaml").write_text(config)
        hub.start()


@pytest.mark.parametrize("old, new, problem", [
    ("acr: [second-factor], amr: [mfa]", "name_claim: upn", "no second factor"),
    ("lac-audit: auditor", "lac-audit: partner", "must be one of operator"),
    ("roles: { lac-coordinators: coordinator, lac-audit: auditor }, ", "", "staff_provider.roles is missing"),
    ("client_id: hub, ", "", "client_id is missing"),
    ("issuer: 'http://localhost", "issuer: 'http://provider.example", "must be https"),
])
def test_settings_that_cannot_be_keep_the_hub_from_starting(hub, old, new, problem, tmp_path):
    config = (hub.home / "hub.yaml").read_text()
    assert old in config
    file = hub.home / "wrong.yaml"
    file.write_text(config.replace(old, new))
    run = hub.hub("serve", "--config", file, check=False)
    assert run.returncode == 78 and problem in run.stderr, run.stderr


def test_a_browsers_own_forms_pass_where_the_listener_has_an_address(hub, browser):
    hub.member("k.browser", "coordinator")
    context = browser.new_context()
    page = context.new_page()
    page.goto(hub.url + "/staff/sign-in")
    for field, typed in hub.credentials("k.browser").items():
        page.fill(f"#{field}", typed)
    page.locator("main button").first.click()
    page.wait_for_url(hub.url + "/staff/referral")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(hub.url + "/staff/sign-in")
    context.close()
