"""Every page of the console, as its links lead from one to the next: pictured in both themes and gone over by axe; and shown what
partners wrote who would have their scripts run in it.

HUB_PICTURES names the folder in which the pictures are kept (default: .hub/pictures).
"""

import collections
import html.parser
import http.server
import json
import os
import pathlib
import re
import sys
import urllib.parse

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, eventually
from listening_hub import LOOK, listening_hub
from pages import browser, check_page
from secure_server import SecureServer

ROLES = ["operator", "coordinator", "duty_officer", "privacy_officer", "auditor", "administrator"]
PICTURES = pathlib.Path(os.environ.get("HUB_PICTURES") or PROJECT / ".hub/pictures")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# What would run if it were taken for more than text. `#` stands for a number, by which each is known again.
RUNS = [
    "<script>ran='zq#'</script>", "<ScRiPt >ran='zq#'</sCrIpT>", "<script src=//evil.example/zq#></script>",
    "<svg/onload=ran='zq#'>", "<svg><script>ran='zq#'</script></svg>", "<img src=x onerror=ran='zq#'>",
    "<iframe src=javascript:parent.ran='zq#'>", "<iframe srcdoc='<script>parent.ran=`zq#`</script>'>",
    "<a href=javascript:ran='zq#'>x</a>", "<details open ontoggle=ran='zq#'>", "<video><source onerror=ran='zq#'>",
    "<input autofocus onfocus=ran='zq#'>", "<object data=javascript:ran='zq#'>", "<style>@import'//evil.example/zq#'</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example/zq#'>", "<base href=//evil.example/zq#/>",
    "<form action=javascript:ran='zq#'><button>x", "<body onpageshow=ran='zq#'>", "{{{ran='zq#'}}}<b>", "${ran='zq#'}<math><mi>",
]
# Where it might come to stand: in a text, in a value in either quotes, in an element whose text is not markup.
WHERE = ["@", "\">@", "'>@", "</textarea></title></style>@", "&lt;x&gt; --> ]]> @"]
PAYLOADS = [
    where.replace("@", run.replace("#", f"{len(RUNS) * place + number:03}"))
    for place, where in enumerate(WHERE) for number, run in enumerate(RUNS)
]


@pytest.fixture(scope="module")
def hub():
    with listening_hub("console: true") as hub:
        hub.member("e.everyone", *ROLES)
        hub.session = hub.signed_in("e.everyone")[0]
        yield hub


class Page(html.parser.HTMLParser):
    """Where a page leads, what it says, and what in it would run or load something."""

    ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "srcset", "background", "ping"}

    def __init__(self, text):
        super().__init__()
        self.links, self.said, self.wrong = [], [], []
        self.feed(text)
        self.close()
        self.said = " ".join(self.said)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.wrong.append((tag, name, value))
            if name in self.ADDRESSES and not re.match(r"/(?!/)|#|\?|tel:|mailto:", value or ""):
                self.wrong.append((tag, name, value))
        given = dict(attributes)
        if tag in ("iframe", "object", "embed", "base", "style") or tag == "script" and set(given) != {"src", "nonce", "defer"}:
            self.wrong.append((tag, given))
        if tag == "meta" and "http-equiv" in given and (given["http-equiv"] != "refresh" or "url" in given["content"].lower()):
            self.wrong.append((tag, given))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        self.said += [value for name, value in attributes if name in ("value", "title", "aria-label") and value]

    def handle_data(self, data):
        self.said.append(data)


def kind(address):
    """What pages of one kind have in common: their path without ids and what follows."""
    path = urllib.parse.urlsplit(address).path
    path = re.sub(r"/\d+\b", "/NUMBER", ID.sub("ID", path))
    return re.sub(r"/(queues|partners|adapters|users|causes|cause|replays)/[^/]+", r"/\1/NAME", path)


def walk(hub, *starts, each):
    """The pages that links lead to from these, so many of each kind at most, with what they say."""
    kinds = collections.Counter()
    waiting, found = [(start, None) for start in starts], {}
    while waiting:
        address, source = waiting.pop(0)
        if address in found or kinds[kind(address)] >= each:
            continue
        answer = hub.session.get(hub.url + address, timeout=30, allow_redirects=False)
        if answer.status_code in (302, 303):
            waiting.append((answer.headers["Location"].removeprefix(hub.url), address))
            continue
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        assert answer.status_code == 200, f"{source} leads to {address}, which answers {answer.status_code}"
        found[address] = page = Page(answer.text)
        kinds[kind(address)] += 1
        for link in page.links:
            link = urllib.parse.urljoin(address, link).split("#")[0]
            path = urllib.parse.urlsplit(link).path
            if path.startswith("/console") and not path.endswith("/sign-out") and link not in found:
                waiting.append((link, address))
    return found


def signed_in_page(hub, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True)
    context.add_cookies([
        {"name": cookie.name, "value": cookie.value, "url": hub.url, "secure": True} for cookie in hub.session.cookies])
    # What a page refuses is told to it as an event, before any of its own scripts.
    context.add_init_script("""
        window.refused = [];
        document.addEventListener("securitypolicyviolation", event => refused.push(event.blockedURI + " " + event.violatedDirective));
    """)
    return context.new_page()


def test_every_page_is_pictured_and_has_nothing_that_axe_finds(hub, browser, subtests):
    for scheme in "light", "dark":
        (PICTURES / scheme).mkdir(parents=True, exist_ok=True)
        for picture in (PICTURES / scheme).glob("*.png"):
            picture.unlink()
    kinds = {}
    for address in walk(hub, "/console", each=3):
        kinds.setdefault(kind(address), address)
    assert len(kinds) >= 25, sorted(kinds)
    page = signed_in_page(hub, browser)
    for name, address in sorted(kinds.items()):
        with subtests.test(name):
            assert page.goto(hub.url + address).status == 200
            for scheme in "light", "dark":
                page.emulate_media(color_scheme=scheme)
                for width in 320, 1280:
                    page.set_viewport_size({"width": width, "height": 900})
                    check_page(page)
                page.screenshot(path=PICTURES / scheme / (name.strip("/").replace("/", ".") + ".png"), full_page=True)
            # Whoever shares a picture of a page's title or address tells nobody's data.
            assert "TWIN" not in page.title() + page.url and "ANNE" not in page.title() + page.url
    print(f"{len(kinds)} kinds of pages are in {PICTURES}")
    page.context.close()


# What partners write.

def texts(value, path=()):
    """The places of a document's texts."""
    if isinstance(value, str):
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from texts(inner, (*path, key))


def with_text(value, path, text):
    if not path:
        return text
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = with_text(value[path[0]], path[1:], text)
    return changed


def envelope(number):
    """With every field that holds a text."""
    return {
        "message_id": f"Z{number}", "sender": "derby_riverside_school", "sent_at": "2026-11-22T09:30:00Z", "type": "referral",
        "marking": "OFFICIAL-SENSITIVE",
        "person": {
            "given": f"Ann{number}", "family": f"Zed{number}", "also_known_as": ["Annie"],
            "dob": f"19{number % 80 + 10}-0{number % 9 + 1}-{number % 28 + 1:02}", "sex": "F", "language": "en", "phone": ["01632 960111"],
            "email": "a@example.org", "preferred_contact": "phone",
            "identifiers": [{"type": "upn", "value": "B801200005001", "source": "school"}]},
        "address": {"lines": [f"{number} Example Street"], "town": "Derby", "postcode": "DE1 2FS", "uprn": "100030300001"},
        "reason": "Would like company", "needs": ["loneliness"], "risks": [{"code": "dog", "detail": "A dog", "to_visitors": True}],
        "urgency": "routine", "consent": {"known": True, "agreed": "yes", "by": "self", "on": "2026-11-20", "note": "Said so"},
        "household": [{"relation": "son", "given": "Bob", "family": "Zed", "dob": "1990-01-02"}],
        "referrer": {"name": "A Teacher", "role": "Head", "organisation": "School", "phone": "01632 960112", "email": "t@example.org"},
        "safeguarding": {"concern": False, "raised_with": "Nobody", "raised_at": "2026-11-21T09:30:00Z"},
        "attachments": [{"name": "note.txt", "media_type": "text/plain", "content_base64": "aGVsbG8="}],
        "extensions": {"more": "Unknown"},
    }


def sent(hub, document):
    answer = hub.post("derby_riverside_school", json.dumps(document), "application/json")
    assert answer.status_code in (202, 400, 403, 409, 415, 422), answer.text
    return answer.json().get("receipt_id") if answer.status_code == 202 else None


class Answers(http.server.BaseHTTPRequestHandler):
    """A partner that refuses each share, with words of its own."""

    protocol_version = "HTTP/1.1"
    at = 0

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = PAYLOADS[Answers.at % len(PAYLOADS)]
        Answers.at += 1
        body = json.dumps({"type": text, "title": text, "detail": text, "code": text, "errors": [{"code": text, "text": text}]}).encode()
        self.send_response(422)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def planted(hub):
    """What partners control, each with something that would run; the pages from which all of it is found."""
    receipts, free = [], []
    # Each text alone: for some the document is refused, and for more it goes to staff.
    for number, path in enumerate(texts(envelope(0))):
        if id := sent(hub, with_text(envelope(1000 + number), path, PAYLOADS[number % 100])):
            receipts.append(id)
            if hub.worked_on(id)["referrals"]:
                free.append(path)
    assert {("person", "family"), ("person", "given"), ("reason",), ("referrer", "name"), ("address", "town")} <= set(free), free
    # What is kept as it came, all at once, for each; but the birth dates tell persons apart.
    free.remove(("person", "dob"))
    persons = []
    for number, payload in enumerate(PAYLOADS):
        document = envelope(number)
        for path in free:
            document = with_text(document, path, payload)
        id = sent(hub, document)
        assert id, (number, payload)
        receipts.append(id)
        worked = hub.worked_on(id)
        persons += [referral["person_id"] for referral in worked["referrals"]]
    # A hospital's, whose texts come escaped, and tables and file names of a charity.
    for number, payload in enumerate(PAYLOADS):
        text = payload.replace("\\", "\\E\\").replace("&", "\\T\\").replace("^", "\\S\\").replace("|", "\\F\\").replace("~", "\\R\\")
        message = "\r".join([
            rf"MSH|^~\&|{text}|RTG|LACHUB|DERBYLAC|20261101093000+0000||REF^I12^REF_I12|H{number}|P|2.4|||AL|AL|GBR|UNICODE UTF-8",
            f"RF1|P^Pending^HL70283|R^{text}^HL70280|Soc^{text}^L||O^Outpatient^HL70284|{text}^RTG|20261101",
            f"PRD|RP^{text}^HL70286|{text}^TEST||||01632960123||N1",
            f"PID|1||L{number}^^^RTG^PI||{text}^{text}^^^MRS^^L||19500{number % 9 + 1}{number % 28 + 1:02}|2|||{text}^^{text}^^DE1 2FS^GBR^H",
            f"NTE|1||{text}"])
        answer = hub.post("uhdb", message.encode(), "application/hl7-v2")
        assert answer.status_code in (200, 202, 400, 422), answer.text
        if answer.status_code == 202:
            receipts.append(answer.json()["receipt_id"])
    # A control room's.
    import requests
    for payload in PAYLOADS:
        answer = requests.post(hub.url + "/v1/emergency/lookup", cert=hub.rooms["emas"].pair, timeout=10, json={
            **LOOK, "incident_ref": payload, "caller_id": payload, "reason": payload})
        assert answer.status_code in (200, 400, 422), answer.text
    # What a partner answers to a share.
    server = SecureServer(hub.home / "certificates", Answers, hub.homes_port).start()
    try:
        for person in persons[:3]:
            hub.agree(person, ("derby_homes", "housing_support"))
            share = hub.share(person, "derby_homes", "housing_support")["share_id"]
            eventually(lambda: hub.share_state(share) not in ("queued", "sending"), 30, why="the partner's refusal")
        assert Answers.at
    finally:
        server.stop()
    for id in receipts:
        hub.worked_on(id)
    return [f"/console/messages/{id}" for id in receipts], [f"/console/persons/{person}" for person in persons]


def test_nothing_that_a_partner_wrote_runs(hub, browser, planted):
    lives, persons = planted
    found = walk(hub, "/console", *lives, *persons, each=110)
    wrong = {address: page.wrong for address, page in found.items() if page.wrong}
    assert not wrong, wrong
    marked = {address: set(re.findall(r"zq(\d{3})", page.said)) for address, page in found.items()}
    assert set().union(*marked.values()) >= {f"{number:03}" for number in range(100)}, "each of them is shown somewhere"
    page = signed_in_page(hub, browser)
    said, dialogs, asked = [], [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    seen = [address for address, marks in marked.items() if marks]
    kinds = {kind(address) for address in seen}
    for address in seen:
        assert page.goto(hub.url + address).status == 200
        assert page.evaluate("[window.ran ?? null, refused]") == [None, []], address
        assert page.locator("main script, main iframe, main svg script, main img, main base, main style").count() == 0, address
        assert "zq" not in page.title() + page.url
    assert said == [] and dialogs == []
    assert all(url.startswith(hub.url) for url in asked)
    print(f"{len(found)} pages, of which {len(seen)} of {len(kinds)} kinds show what partners wrote: {', '.join(sorted(kinds))}")
    page.context.close()
