"""What every answer carries, and what a browser or a client of old may not do: headers, other sites' requests, methods, TLS."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess

import pytest
import requests

from listening_hub import LOOK, eventually, hl7, listening_hub

EVIL = "https://evil.example"
JSON = "application/json"


@pytest.fixture(scope="module")
def hub():
    with listening_hub() as hub:
        hub.member("c.answers", "coordinator")
        yield hub


@pytest.fixture(scope="module")
def document(hub):
    return requests.get(hub.url + "/openapi.json", timeout=10).json()


# MARK: headers


ANSWERS = {
    "health": ("GET", "/healthz", 200), "description": ("GET", "/openapi.json", 200), "page": ("GET", "/refer", 200),
    "style": ("GET", "/staff/form.css", 200), "sign-in": ("GET", "/staff/sign-in", 200), "redirect": ("GET", "/staff", 303),
    "page of no session": ("GET", "/staff/referral", 303), "mistaken form": ("POST", "/staff/sign-in", 422),
    "link that is none": ("GET", "/staff/set-up?invitation=A", 410), "metadata": ("GET", "/fhir/R4/metadata", 200),
    "nobody": ("GET", "/v1/referrals", 401), "no token": ("POST", "/oauth2/token", 400),
    "no such path": ("GET", "/no/such/path", 404), "no such thing": ("GET", "/v1/receipts/none", 404),
    "refused": ("GET", "/v1/matches", 403), "repeat of a referral": ("POST", "/v1/referrals", 202),
}


def check_headers(answer, is_page=False):
    told = answer.headers
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "same-origin"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in told["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy and "unsafe" not in told["Content-Security-Policy"]
    seconds, *more = told["Strict-Transport-Security"].split("; ")
    assert int(seconds.removeprefix("max-age=")) >= 31_536_000 and more == ["includeSubDomains"]
    assert "Server" not in told and "X-Powered-By" not in told


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_tells_browsers_what_they_may_not_do(hub, name):
    method, path, status = ANSWERS[name]
    headers, body = {}, None
    if path.startswith("/v1/") and status != 401:
        headers, body = hub.authorised("uhdb", **{"Content-Type": "application/hl7-v2"}), hl7("ANSWER")
    answer = requests.request(method, hub.url + path, headers=headers, data=body, allow_redirects=False, timeout=10)
    assert answer.status_code == status, answer.text
    check_headers(answer)
    if answer.content:
        kind = answer.headers["Content-Type"]
        assert re.fullmatch(r"text/(html|css); charset=utf-8|application/([a-z]+\+)?json", kind), kind
        if "json" in kind:
            json.loads(answer.content.decode())


def test_an_answer_out_of_memory_carries_them_too(hub):
    answer = requests.post(hub.url + "/v1/emergency/lookup", json=LOOK, cert=hub.rooms["emas"].pair, timeout=10)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    check_headers(answer)


def test_figures_and_health_of_the_other_listener_carry_them_but_for_tls(hub):
    for path in "/metrics", "/healthz":
        told = requests.get(f"http://127.0.0.1:{hub.admin_port}{path}", timeout=10).headers
        assert told["X-Content-Type-Options"] == "nosniff" and "frame-ancestors 'none'" in told["Content-Security-Policy"]
        # A browser takes it over TLS alone (RFC 6797 section 7.2).
        assert "Strict-Transport-Security" not in told


def test_the_cookie_of_staff_is_this_hosts_over_tls_alone_and_no_scripts(hub):
    session, answer = hub.signed_in("c.answers")
    for told in answer, session.get(hub.url + "/staff/account", timeout=10):
        name, *flags = told.headers["Set-Cookie"].split("; ")
        assert name.startswith("__Host-hub-staff=")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
        assert not [flag for flag in flags if flag.lower().startswith("domain")]
    # By the name that it has without TLS it is none.
    cookie = session.cookies["__Host-hub-staff"]
    for name, status in (("__Host-hub-staff", 200), ("hub-staff", 303)):
        page = requests.get(hub.url + "/staff/account", cookies={name: cookie}, allow_redirects=False, timeout=10)
        assert page.status_code == status


# MARK: other sites


FOREIGN = {
    "a form": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": EVIL},
    "a script": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": EVIL, "Content-Type": "text/plain"},
    "a site beside": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "https://other.localhost"},
    "no such word": {"Sec-Fetch-Site": "same-origin, cross-site"}, "an older browser": {"Origin": EVIL},
    "a page of no origin": {"Origin": "null"}, "another port": {"Origin": "https://localhost:1"},
    "no TLS": {"Origin": "http://localhost"}, "the name within": {"Origin": "https://localhost.evil.example"},
}


def looks(hub):
    return hub.staff("GET", "/v1/emergency/looks").text.count('"lookup_id"')


@pytest.mark.parametrize("name", FOREIGN)
def test_another_sites_page_does_nothing_with_a_browsers_certificate(hub, name):
    """The browser adds the control room's certificate by itself; what would act is refused before it is read."""
    before, room = looks(hub), hub.rooms["emas"].pair
    shares = hub.sql("SELECT count(*) FROM record.share")
    for path, body in (("/v1/emergency/lookup", LOOK), ("/v1/emergency/key-safe", {"reveal": "A", "caller_id": "x"}),
                       ("/v1/shares", {}), ("/oauth2/token", {})):
        answer = requests.post(
            hub.url + path, json.dumps(body), headers={"Content-Type": JSON, **FOREIGN[name]}, cert=room, timeout=10)
        assert answer.status_code == 403 and answer.json()["type"] == "urn:lac:problem:foreign_site", answer.text
        check_headers(answer)
    for path in "/v1/referrals", "/staff/account":
        read = requests.get(hub.url + path, headers={**FOREIGN[name], "Sec-Fetch-Mode": "cors"}, cert=room, timeout=10)
        assert read.status_code == 403
    assert looks(hub) == before and hub.sql("SELECT count(*) FROM record.share") == shares


@pytest.mark.parametrize("headers", [
    {}, {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Site": "none"}, {"Origin": "own"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "own"},
], ids=str)
def test_the_hubs_own_pages_and_programs_are_let_in(hub, headers):
    headers = {name: value.replace("own", hub.url) if name == "Origin" else value for name, value in headers.items()}
    answer = requests.post(
        hub.url + "/v1/emergency/lookup", json=LOOK, headers=headers, cert=hub.rooms["emas"].pair, timeout=10)
    assert answer.status_code == 200, answer.text


def test_a_link_from_elsewhere_opens_a_page_and_does_nothing(hub):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(hub.url + "/refer", headers=visit, timeout=10).status_code == 200
    session, _ = hub.signed_in("c.answers")
    assert session.get(hub.url + "/staff/account", headers=visit, timeout=10).status_code == 200
    # By a session of staff nothing is sent from there, with the right token too.
    token = re.search(r'name="token" value="([^"]+)"', session.get(hub.url + "/staff/account", timeout=10).text).group(1)
    for path in "/staff/referral", "/staff/account", "/staff/sign-out":
        for site in FOREIGN.values():
            headers = {**site, "Content-Type": "application/x-www-form-urlencoded"}
            refused = session.post(hub.url + path, {"token": token}, headers=headers, allow_redirects=False, timeout=10)
            assert refused.status_code == 403, path
    assert session.get(hub.url + "/staff/account", allow_redirects=False, timeout=10).status_code == 200


def test_no_other_origin_is_let_read_an_answer(hub):
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in "/healthz", "/openapi.json", "/refer", "/staff/sign-in", "/v1/referrals", "/v1/emergency/lookup", "/no/such":
        for method, headers in (("OPTIONS", asks), ("GET", {"Origin": EVIL}), ("GET", {"Origin": "null"})):
            answer = requests.request(method, hub.url + path, headers=headers, timeout=10)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], (method, path)


# MARK: methods


def test_what_changes_something_is_never_a_get(hub, document):
    """GET, which a link, an image or a look ahead makes, does nothing where the document has none."""
    counts = ("SELECT (SELECT count(*) FROM record.submission), (SELECT count(*) FROM record.share), "
              "(SELECT count(*) FROM record.agreement), (SELECT count(*) FROM ledger.entry)")
    before, tried = hub.sql(counts), 0
    for path, operations in document["paths"].items():
        if "get" in operations or path == "/oauth2/token":
            continue
        known = hub.known.get(path.split("/{")[0], "")
        for method in "GET", "HEAD":
            for who in "workers", "uhdb":
                answer = requests.request(
                    method, hub.url + path.replace("{id}", known), headers=hub.authorised(who), timeout=10)
                assert answer.status_code in (401, 404, 405), (method, path, answer.status_code)
                tried += 1
    assert tried >= 4 * 8 and hub.sql(counts) == before
    # A page that signs out or sends is not opened by a link either.
    session, _ = hub.signed_in("c.answers")
    for path in "/staff/sign-out", "/oauth2/token":
        assert session.get(hub.url + path, allow_redirects=False, timeout=10).status_code in (404, 405)
    assert session.get(hub.url + "/staff/account", allow_redirects=False, timeout=10).status_code == 200


def test_trace_echoes_nothing(hub, document):
    paths = {path.replace("{id}", hub.known.get(path.split("/{")[0], "")) for path in document["paths"]}
    for path in paths | {"/", "/refer", "/staff/sign-in"}:
        answer = requests.request(
            "TRACE", hub.url + path, headers={**hub.authorised("workers"), "X-Echo": "canary-4711"}, timeout=10)
        assert answer.status_code in (401, 404, 405), path
        assert "canary-4711" not in answer.text and "canary-4711" not in str(answer.headers)


# MARK: TLS


def test_plain_http_at_the_port_of_tls_gets_no_answer_and_no_redirect(hub):
    """A program that has the wrong address fails, and does not send its key twice, once in clear."""
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://localhost:{hub.port}/v1/referrals", headers=hub.authorised("uhdb"), timeout=10)


def newest(hub, version, ciphers=None):
    """The version that a client which knows none beyond this one comes to speak."""
    context = ssl.create_default_context(cafile=hub.authority)
    context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as client:
            return client.version()


def test_tls_before_1_3_is_refused(hub):
    assert newest(hub, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    for version, ciphers in ((ssl.TLSVersion.TLSv1_2, None), (ssl.TLSVersion.TLSv1_2, "AES128-SHA"),
                             (ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM")):
        with pytest.raises(ssl.SSLError, match="(?i)protocol.version|alert"):
            newest(hub, version, ciphers)


# MARK: what is left behind


def log(hub):
    return (hub.home / "hub.log").read_text()


def test_whoever_is_refused_stands_in_the_log_by_what_is_no_secret(hub):
    """So many lines for each address as a second has: asked until it is there."""
    wrong = "hub_00000000_" + "0" * 52

    def told(what, **request):
        def is_there():
            assert requests.get(hub.url + "/v1/matches", timeout=10, **request).status_code in (401, 403)
            return next((line for line in log(hub).splitlines() if all(word in line for word in what)), None)

        return eventually(is_there, why=str(what))

    nobody = ["a caller was refused", "address=127.0.0.1", "code=unauthorized"]
    told(nobody)
    told([*nobody, "credential=api_key"], headers={"Authorization": f"Bearer {wrong}"})
    told([*nobody, "credential=access_token"], headers={"Authorization": "Bearer hubt_wrong"})
    told(["a caller was refused", "address=127.0.0.1", "code=forbidden", "caller=uhdb", "operation=read_match"],
         headers=hub.authorised("uhdb"))
    assert wrong not in log(hub) and hub.keys["uhdb"] not in log(hub)
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text
    for code in "unauthorized", "forbidden":
        assert re.search(rf'^hub_refused_requests_total{{[^}}]*"{code}"}} [1-9]', figures, re.MULTILINE), code


def test_signing_in_and_failing_to_stand_in_the_log_with_the_account_and_nothing_that_was_typed(hub):
    hub.signed_in("c.answers")
    typed = {"password": "typed in the wrong field", "code": "000000"}
    requests.post(hub.url + "/staff/sign-in", {**hub.credentials("c.answers"), **typed}, timeout=10)
    requests.post(hub.url + "/staff/sign-in", {**typed, "name": "typed-as-a-name"}, timeout=10)
    lines = log(hub).splitlines()
    for text in "somebody signed in", "a password or a code was wrong":
        assert any(text in line and "account=c.answers" in line for line in lines), text
    assert "typed" not in log(hub) and hub.members["c.answers"][0] not in log(hub)


def test_a_line_of_the_log_is_one_event_and_begins_with_its_time_and_zone(hub):
    """Nothing that a caller chooses begins a line of its own."""
    for value in "a\r\nerror hub: forged", "a\nb", "%0aerror hub: forged":
        requests.get(hub.url + "/v1/matches/" + requests.utils.quote(value), headers=hub.authorised("uhdb"), timeout=10)
        requests.post(hub.url + "/staff/sign-in", {"name": value, "password": value, "code": value}, timeout=10)
    lines = log(hub).splitlines()
    begins = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} (info|notice|warning|error) hub:")
    assert lines and [line for line in lines if not begins.match(line)] == []
    assert "forged" not in log(hub)


def test_what_the_hub_writes_lies_where_the_guide_says(hub):
    """`data`, the drop folder and what is claimed of it, and standard error: a referral leaves nothing anywhere else."""
    assert hub.post("uhdb", hl7("WRITTEN"), "application/hl7-v2").status_code == 202
    pid = hub.server.process.pid
    made = {path.name for path in hub.home.iterdir()} - {"hub.yaml", "secrets", "certificates", "clients"}
    assert made == {"data", "drop", "drop.state", "hub.log"}
    data = {path.name for path in (hub.home / "data").iterdir()}
    assert data <= {"postgresql", "postgresql-socket", "keys", "ledger.checkpoints", "ledger.pub", "emergency.journal",
                    "emergency.snapshot"}, data
    # Nor is a file open, deleted or not, that lies outside.
    opened = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed since the listing
            opened.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    files = {name for name in opened if name.startswith("/") and not name.startswith(("/dev/", "/proc/", "/sys/"))}
    assert str(hub.home / "hub.log") in files and not [name for name in files if not name.startswith(str(hub.home))]


def test_no_other_user_of_the_database_is_let_in_to_the_private_one(hub):
    """Neither the name that PostgreSQL's own installations have, nor a password."""
    assert hub.sql("SELECT current_user").strip() == "hub"
    folder = hub.home / "data/postgresql-socket"
    assert folder.stat().st_mode & 0o077 == 0
    for user in "postgres", "root", "hub_console":
        program = [word if word != "hub" else user for word in hub.program("psql", "-XqAt", "-c", "SELECT 1")[:-1]]
        run = subprocess.run(
            [*program, "hub"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
            env={**os.environ, "PGPASSWORD": "postgres"})
        assert run.returncode != 0 and run.stdout == "" and "no pg_hba.conf entry" in run.stderr, (user, run.stderr)
    # Nor does it listen anywhere but at that socket.
    assert hub.sql("SHOW listen_addresses").strip() == ""
