"""Personal data stands nowhere but where it is sealed or asked for: made-up values go in by every door, well-formed and broken, and
are looked for in logs, figures, error answers, addresses, names of files, the database in clear, and what commands print.
"""

import base64
import concurrent.futures
import contextlib
import datetime
import hashlib
import html
import http.server
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import ASSERTION_TYPE, KEYS, Certificate, assertion, claims, pem_of
from installation import PROJECT, Installation, eventually, free_port
from secure_server import SecureServer
from test_consent import FHIR, consent, permit

POSTCODE = "DE1 2FS"
NOBODY = "01a203ba-4b9f-738f-98f1-a506b885f660"
HOUSING, POLICE = ("derby_homes", "housing_support"), ("derbys_police", "support_referral")
FORM = "application/x-www-form-urlencoded"


# What is planted.


class Canaries:
    """Made-up values, none of them used twice, and by which door each went in."""

    def __init__(self):
        parts = (
            "zor qui jov wex nyl tuz hol prax gwy kni mul stro vyn yog".split(),
            "vel num tip ros lig kyw gon pur sil tov wym xul".split(),
            "quin moth jask wyn plor zust lomp nirk syth tull vosk yrn".split())
        words = ["".join(each) for each in itertools.product(*parts)]
        random.Random(7).shuffle(words)
        self.words, self.days = iter(words), itertools.count()
        self.phones, self.numbers = itertools.count(200), itertools.count(1)
        self.planted, self.door = {}, None

    @contextlib.contextmanager
    def at(self, door):
        self.door = door
        yield self
        self.door = None

    def keep(self, value, kind, *forms):
        assert self.door and value not in self.planted
        self.planted[value] = (f"{kind} by {self.door}", {value, *forms})
        return value

    def name(self):
        return self.keep(next(self.words).capitalize(), "name")

    def text(self, kind="free text"):
        """A sentence with one word that is nowhere else."""
        word = next(self.words)
        self.keep(word, kind)
        return f"Asks for {word} each night"

    def street(self):
        word = next(self.words).capitalize()
        self.keep(word, "address")
        return f"17 {word} Rise"

    def email(self):
        return self.keep(f"{next(self.words)}@example.org", "e-mail")

    def local(self, kind="local identifier"):
        """What passes for an identifier, and has somebody's name in it."""
        return self.keep(f"L-{next(self.words).upper()}-7", kind)

    def phone(self):
        tail = next(self.phones)
        assert tail < 999
        return self.keep(f"01632 960{tail}", "phone", f"1632960{tail}")

    def uprn(self):
        return self.keep(f"1000909{next(self.numbers):05}", "address")

    def nhs(self):
        while True:
            number = f"99942{next(self.numbers):04}"
            check = (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(number)) % 11) % 11
            if check != 10:
                value = f"{number}{check}"
                return self.keep(value, "NHS number", f"{value[:3]} {value[3:6]} {value[6:]}",
                    f"{value[:3]}-{value[3:6]}-{value[6:]}")

    def born(self, form="%Y-%m-%d"):
        """A day of birth, as one door writes it; it is looked for in every form."""
        day = datetime.date(1931, 3, 13) + datetime.timedelta(days=17 * next(self.days))
        forms = [day.strftime(each) for each in (
            "%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d%m%Y", "%m/%d/%Y", "%Y/%m/%d", "%d %b %Y", "%d %B %Y",
            "%d/%m/%y")]
        forms.append(f"{day.day}/{day.month}/{day.year}")
        self.keep(forms[0], "birth date", *forms[:10], *(forms[11:] if len(forms[11]) > 8 else []))
        return day.strftime(form)

    # Looking for them.

    def needles(self):
        """Every form in which each may appear, in lower case, with the values that it would tell."""
        told = {}
        for value, (_, forms) in self.planted.items():
            for form in forms:
                for needle in written(form):
                    told.setdefault(needle.lower(), set()).add(value)
        return told


def written(text):
    """The forms in which a text may stand somewhere, as bytes; without those that differ in their case alone."""
    bare = re.sub(r"[^\w@]", "", text)
    forms = {text, "".join(text.split()), urllib.parse.quote(text), urllib.parse.quote_plus(text), html.escape(text)}
    forms |= {bare} if not bare.isdigit() or len(bare) >= 10 else set()
    for cased in {text, text.lower(), text.upper(), text.capitalize(), bare}:
        if len(cased) < 8:
            continue
        data = cased.encode()
        forms.add(data.hex())
        # In base64 a text stands in one of three ways, by what is before it; the ends are left to their neighbours.
        for before in range(3):
            whole = base64.b64encode(b"\0" * before + data).rstrip(b"=").decode()
            inside = whole[(before * 8 + 5) // 6:(before + len(data)) * 8 // 6]
            forms |= {inside, inside.translate(str.maketrans("+/", "-_"))}
    return {form.encode() for form in forms}


class Search:
    def __init__(self, canaries, folder):
        self.told = canaries.needles()
        self.days = {needle for needle in self.told if needle.isdigit() and len(needle) <= 8}
        self.file = folder / "needles"
        self.file.write_bytes(b"\n".join(sorted(set(self.told) - self.days)) + b"\n")

    def values(self, *places):
        """The planted values that bytes, or files, tell in any form; with a little of what stands around each."""
        whole = b"\n".join(place for place in places if isinstance(place, bytes))
        files = [place for place in places if isinstance(place, pathlib.Path)]
        found = self.told_by(self.lines("-", input=whole), whole, "")
        for file in files and self.lines("-lZ", *files).split(b"\0")[:-1]:
            data = pathlib.Path(file.decode()).read_bytes()
            for value, around in self.told_by(self.lines("-", input=data), data, f"{file.decode()}: ").items():
                found.setdefault(value, around)
        return found

    def lines(self, *arguments, **more):
        command = ["grep", "-aiFf", self.file, *(["-o"] if "-lZ" not in arguments else []), *arguments]
        run = subprocess.run(command, capture_output=True, timeout=120, env={**os.environ, "LC_ALL": "C"}, **more)
        assert run.returncode in (0, 1), run.stderr
        return run.stdout

    def told_by(self, lines, data, where):
        matches = {line.lower() for line in lines.splitlines()}
        # Eight digits also stand in other numbers, and in bytes written as hexadecimal digits.
        matches |= self.days & set(re.findall(rb"(?<![0-9a-fA-F])[0-9]{8}(?![0-9a-fA-F])", data))
        found, small = {}, data.lower() if matches else b""
        for match in matches:
            at = small.find(match)
            around = data[max(0, at - 100):at + len(match) + 40].decode(errors="replace")
            for needle, values in self.told.items():
                if needle in match:
                    found |= {value: f"{where}…{around!r}…" for value in values}
        return found


# The hub, and partners who tell more than they should.


class Partner(http.server.BaseHTTPRequestHandler):
    """Refuses what it is sent, and says all of it again in its answer; keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heads.append((self.requestline + "\n" + str(self.headers)).encode())
        self.server.bodies.append(body)
        status = 204 if self.path == "/looks" else self.server.statuses.pop(0) if self.server.statuses else 422
        said = json.loads(body)
        name = json.dumps(said) if self.path != "/looks" else ""
        answer = b"" if status == 204 else json.dumps({
            "type": "urn:person:" + re.sub(r"\W", "-", name)[:150], "title": name, "detail": body.decode(), "status": status,
            "reference": re.sub(r"\W", "-", name)[:150], "errors": [{"code": name[:60], "path": name[:90], "text": name}]}).encode()
        self.send_response(status, re.sub(r"[^\w ]", " ", name)[:200])
        self.send_header("Location", "/persons/" + urllib.parse.quote(name)[:150])
        self.send_header("X-Person", re.sub(r"[^\w ]", " ", name)[:300])
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Watched(Installation):
    """A hub that says all it can say, and of which everything is kept that it answers and prints."""

    def __init__(self, home):
        self.mllp_port = free_port()
        home = pathlib.Path(home)
        (home / "temporary").mkdir()
        self.printed, self.answers, self.door = [], [], None
        super().__init__(
            home, outbound=False,
            partners=[(each, "partner") for each in
                      ("uhdb", "dchs", "derby_community_action", "derbys_police", "derby_homes", "emas")] + [("workers", "staff")],
            settings=[
                "public_form: { phone: 01632 960999 }", "staff_form: true", "intake: { wait_minutes: 0 }",
                f"mllp: [{{ partner: uhdb, port: {self.mllp_port} }}]",
            ])
        self.environment |= {"LOG_LEVEL": "trace", "TMPDIR": str(home / "temporary")}
        self.hub("simulate", "certificates", "--folder", home / "certificates")
        self.others_server = SecureServer(home / "certificates", Partner)
        self.others_server.heads, self.others_server.bodies, self.others_server.statuses = [], [], []
        tls = "ca: certificates/ca.pem, certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 5"
        port = self.others_server.port
        self.url = f"https://localhost:{self.port}"
        self.configure(
            f"listen: {{ host: 127.0.0.1, port: {self.port} }}",
            f"listen: {{ host: 127.0.0.1, port: {self.port}, certificate: certificates/server.pem, key: certificates/server.key, "
            f"client_certificates: true, url: '{self.url}' }}\n"
            f"emergency: {{ journal_mebibytes: 4, duty: {{ https: {{ url: 'https://localhost:{port}/looks', {tls} }} }} }}")
        self.route("derby_homes", f"{{ https: {{ url: 'https://localhost:{port}/housing', {tls} }} }}")
        self.route("derbys_police", "{ folder: {} }")
        self.route("subject", "{ portal: {} }")
        self.server = self.serving()
        self.partner("charity", adapter="envelope")
        self.room = Certificate(home / "secrets", "emas")
        self.hub("partner", "certificate", "emas", "--file", self.room.path)
        self.others_server.start()

    def hub(self, *arguments, check=True, stdin=None, shows=False):
        """`shows`: the command is there to show a person."""
        run = super().hub(*arguments, check=False, stdin=stdin)
        if not shows:
            self.printed.append(f"$ hub {arguments[0]}\n{run.stdout}{run.stderr}".encode())
        assert not check or run.returncode == 0, (arguments, run.stdout, run.stderr)
        return run.stdout if check else run

    def call(self, method, path, key=None, body=None, media_type=None, **more):
        """Any request, as a partner or a staff system by its key."""
        headers = {"Content-Type": media_type} if media_type else {}
        headers |= self.authorised(key) if key else {}
        headers |= more.pop("headers", {})
        if isinstance(body, (dict, list)):
            more["json"] = body
        elif body is not None:
            more["data"] = body.encode() if isinstance(body, str) else body
        return requests.request(method, self.url + path, headers=headers, timeout=30, allow_redirects=False, **more)

    def refused(self, *arguments, **more):
        answer = self.call(*arguments, **more)
        assert 400 <= answer.status_code < 500, (arguments, answer.status_code, answer.text[:500])
        return answer

    def refer(self, partner, body, media_type, **headers):
        return self.call("POST", "/v1/referrals", partner, body, media_type, headers=headers)

    def taken(self, partner, body, media_type, **headers):
        """The receipt of a document that is taken, once it was worked on."""
        answer = self.refer(partner, body, media_type, **headers)
        assert answer.status_code == 202, answer.text
        return self.worked_on(answer.json()["receipt_id"])

    def look_up(self, body, path="/v1/emergency/lookup", **more):
        return self.call("POST", path, None, body, cert=self.room.pair, **more)

    def close(self):
        super().close()
        self.others_server.stop()


def kept(hub, session_send):
    """`requests`' own way of sending, with each answer of the hub kept."""
    def send(self, request, **more):
        answer = session_send(self, request, **more)
        if request.url.startswith(hub.url):
            hub.answers.append(answer)
        return answer
    return send


@contextlib.contextmanager
def watching(hub, file):
    """Keeps writing down what the database says that its connections do."""
    with open(file, "wb") as out:
        watcher = subprocess.Popen(hub.program("psql", "-XqAt"), stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        watcher.stdin.write(
            b"SELECT query, application_name, state FROM pg_stat_activity WHERE pid <> pg_backend_pid() \\watch 0.1\n")
        watcher.stdin.flush()
        try:
            yield
        finally:
            watcher.terminate()
            watcher.wait(10)


# Every door.


def envelope(c, sender="charity", **changes):
    """A JSON envelope with something personal wherever there is room for it."""
    whole = {
        "message_id": c.local("message id"), "sender": sender, "sent_at": "2026-11-01T09:00:00Z", "type": "referral",
        "person": {
            "given": c.name(), "family": c.name(), "also_known_as": [c.name()], "dob": c.born(), "phone": [c.phone()],
            "email": c.email(),
            "preferred_contact": "phone",
            "identifiers": [{"type": "nhs_number", "value": c.nhs()}, {"type": "local", "value": c.local(), "source": "charity"}],
        },
        "address": {"lines": [c.street()], "town": "Derby", "postcode": POSTCODE, "uprn": c.uprn()},
        "reason": c.text(), "notes": c.text(), "wishes": c.text(), "needs": ["isolation", "housing_condition"],
        "risks": [{"code": "dog", "detail": c.text(), "to_visitors": True}],
        "household": [{"relation": c.text(), "given": c.name(), "family": c.name(), "dob": c.born(), "lives_here": True}],
        "consent": {"known": True, "agreed": "yes", "by": c.name(), "on": "2026-10-30", "note": c.text()},
        "referrer": {"name": c.name(), "role": "Helper", "phone": c.phone(), "email": c.email()},
        "safeguarding": {"concern": True, "raised_with": c.name()},
        "extensions": {"told_by": c.text(), c.local("unknown key"): {c.local("unknown key"): "yes"}},
        c.local("unknown key"): c.text(),
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def by_envelope(hub, c):
    with c.at("JSON envelope"):
        letter = {"name": f"{c.name()}.txt", "media_type": "text/plain",
            "content_base64": base64.b64encode(c.text().encode()).decode()}
        whole = envelope(c, attachments=[letter])
        hub.receipt_of_json = hub.taken("charity", whole, "application/json")
        hub.jane = hub.receipt_of_json["referrals"][0]["person_id"]
        hub.family, hub.given, hub.born = (whole["person"][key] for key in ("family", "given", "dob"))
        hub.number = whole["person"]["identifiers"][0]["value"]
        changed = {**whole, "reason": c.text()}
        assert hub.refer("charity", changed, "application/json").status_code == 409
        # Codes and forms that are none, and the thread of a message that is unknown.
        odd = envelope(
            c, urgency=c.name(), needs=[c.name()], risks=[{"code": c.name()}, c.name(), {c.local("unknown key"): 1}],
            marking=c.name(),
            in_reply_to=c.local("message id"), source_code=c.name())
        odd["person"] |= {
            "sex": c.name(), "language": c.text(), "dob": f"the {c.born('%d of %B %Y')}", "phone": [f"ask {c.name()}"],
            "email": c.name(),
            "identifiers": [{"type": c.name(), "value": c.local()}, {"type": "nhs_number", "value": "99" + c.local()}]}
        odd["address"] |= {"postcode": c.name(), "uprn": c.name()}
        hub.taken("charity", odd, "application/json")
        # One who is much like the first, for staff to decide.
        like = envelope(c)
        like["person"] |= {"given": whole["person"]["given"], "family": whole["person"]["family"], "dob": whole["person"]["dob"]}
        like["person"]["identifiers"] = []
        hub.taken("charity", like, "application/json")
    with c.at("JSON envelope, broken"):
        plain = {"message_id": "b", "sender": "charity", "sent_at": "2026-11-01T09:00:00Z", "type": "referral"}
        for number, change in enumerate([
            {"message_id": c.text("message id")}, {"sender": c.local()}, {"type": c.name()}, {"sent_at": c.born("%d/%m/%Y")},
            {"person": c.text()}, {"person": {"family": [c.name()]}}, {"type": "update", "in_reply_to": c.text()},
            {"person": {"identifiers": c.nhs()}}, {"attachments": [{"name": c.name(), "content_base64": c.text()}]},
            {"reason": {c.name(): 1}},
        ]):
            answer = hub.refer("charity", {**plain, "message_id": f"b{number}", **change}, "application/json")
            assert answer.status_code in (202, 400, 403, 422), answer.text
        for body in (
            f'{{"person": {{"family": "{c.name()}"', f'{{"{c.name()}": 1, "{c.name()}": tru}}', f'["{c.name()}"]', f'"{c.nhs()}"',
            '{{"{0}": 1, "{0}": 2}}'.format(c.name()), c.text(), json.dumps(c.text()).encode("utf-16"),
            b"\xff\xfe" + c.name().encode(),
            "[" * 200 + f'"{c.name()}"' + "]" * 200, f'{{"a": "\\ud800 {c.name()}"}}', f'{{"a": "\\u0000{c.name()}"}}',
        ):
            hub.refused("POST", "/v1/referrals", "charity", body, "application/json")
        hub.refused("POST", "/v1/referrals", "charity", c.text(), f"text/{c.name()}")
        hub.refused("POST", "/v1/referrals", "charity", c.text(), "application/pdf")
        hub.refused("POST", "/v1/referrals", "charity", envelope(c), "application/json",
            headers={"Idempotency-Key": c.local("request key")})
        large = c.name().encode() + bytes(17 << 20)
        hub.refused("POST", "/v1/referrals", "charity", large, "application/json")
        # Without its length before it, a body is too large only once it has come.
        hub.refused("POST", "/v1/referrals", "charity", media_type="application/json",
            data=iter([c.name().encode()] + [bytes(1 << 20)] * 17))


FHIR_SAMPLE = json.loads((PROJECT / "adapters/dchs/samples/in/referral.json").read_text())


def bundle(c):
    message = json.loads(json.dumps(FHIR_SAMPLE))
    message["id"] = c.local("message id")
    for entry in message["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            resource["identifier"][0]["value"] = c.nhs()
            resource["name"] = [{"use": "official", "given": [c.name()], "family": c.name()}]
            resource["telecom"] = [{"system": "phone", "value": c.phone()}, {"system": "email", "value": c.email()}]
            resource["birthDate"] = c.born()
            resource["address"] = [{"use": "home", "line": [c.street()], "city": "Derby", "postalCode": POSTCODE}]
            resource["contact"] = [{"name": {"family": c.name()}, "relationship": [{"text": c.text()}]}]
        elif resource["resourceType"] == "ServiceRequest":
            resource["reasonCode"] = [{"text": c.text()}, {"coding": [{"system": "urn:x", "code": c.local(), "display": c.name()}]}]
            resource["note"] = [{"text": c.text()}]
        elif resource["resourceType"] == "Practitioner":
            resource["name"] = [{"family": c.name()}]
    return message


def by_fhir(hub, c):
    def process(body, media_type="application/fhir+json", **headers):
        headers = {"X-Request-Id": str(uuid.uuid4()), "X-Correlation-Id": str(uuid.uuid4()), **headers}
        return hub.call("POST", "/fhir/R4/$process-message", "dchs", body, media_type, headers=headers)

    with c.at("FHIR"):
        assert process(bundle(c)).status_code == 200
        hub.taken("dchs", bundle(c), "application/fhir+json")
    with c.at("FHIR, broken"):
        def changed(place, **changes):
            message = json.loads(json.dumps(FHIR_SAMPLE))
            message["id"] = str(uuid.uuid4())
            message["entry"][place]["resource"] |= changes
            return message

        for body in (
            changed(0, eventCoding={"system": "x", "code": c.name()}), changed(0, reason={"coding": [{"code": c.name()}]}),
            changed(0, destination=[{"endpoint": c.text()}]), changed(0, focus=[{"reference": f"Patient/{c.name()}"}]),
            changed(1, status=c.name()), changed(1, subject={"reference": c.name(), "display": c.name()}),
            changed(1, category=[{"coding": [{"code": c.name()}]}]), changed(3, birthDate=c.born("%d %B %Y"), gender=c.name()),
            changed(3, resourceType=c.name()), changed(2, identifier=[{"system": "https://fhir.nhs.uk/Id/ods-organization-code",
                "value": c.local()}]),
            f'{{"resourceType": "{c.name()}"}}', f'{{"resourceType": "Bundle", "{c.name()}', c.text(),
        ):
            assert process(body).status_code in (200, 400, 403, 404, 408, 422)
            hub.refer("dchs", body, "application/fhir+json")
        assert process(f"<Bundle><{c.name()}>{c.text()}</Bundle>", "application/fhir+xml").status_code == 400
        for header in "X-Request-Id", "X-Correlation-Id":
            assert process(bundle(c), **{header: c.local("request id")}).status_code == 400
        assert process(bundle(c), f"application/{c.name()}").status_code == 415
        hub.refused("POST", f"/fhir/R4/{c.name()}", "dchs", c.text())
        hub.refused("GET", f"/fhir/R4/Patient?identifier={c.nhs()}", "dchs")


def hl7(c, id=None, sender="RTG", type="REF^I12^REF_I12", number=None, **more):
    return "\r".join([
        rf"MSH|^~\&|PAS|{sender}|LACHUB|DERBYLAC|20261101093000+0000||{type}|{id or c.local('message id')}|P|2.4|||"
        rf"{more.get('ask', '|')}|GBR|UNICODE UTF-8",
        f"RF1|P^Pending^HL70283|R^Routine^HL70280|Soc^Social^L||O^Outpatient^HL70284|{c.local()}^RTG|20261101",
        f"PRD|RP^Referring Provider^HL70286|{c.name()}^TEST||||{c.phone()}||N1",
        f"PID|1||{number or c.nhs()}^^^NHS^NH~{c.local()}^^^RTG^PI||{c.name()}^{c.name()}^^^MRS^^L||{c.born('%Y%m%d')}|2|||"
        f"{c.street()}^^Derby^^{POSTCODE}^GBR^H||{c.phone()}",
        f"NTE|1||{c.text()}",
    ]) + "\r"


def broken_hl7(c):
    """Messages that are none, or are not as they should be."""
    yield hl7(c, type=f"REF^{c.name()}")
    yield hl7(c, sender=c.name())
    yield hl7(c, number=f"12{c.name()}")
    yield hl7(c).replace("P|2.4", f"P|{c.name()}")
    yield hl7(c).replace("UNICODE UTF-8", c.name())
    yield hl7(c).replace("PID|1|", f"PID|{c.text()}|", 1).replace("^NH~", f"^{c.name()}~")
    yield hl7(c) + f"{c.name()[:3].upper()}|{c.text()}\rZZZ{c.name()}|1\r"
    yield f"MSH|{c.name()}"
    yield f"PID|1||{c.nhs()}\r"
    yield c.text()


def by_hl7(hub, c):
    with c.at("HL7 v2 over HTTP"):
        hub.taken("uhdb", hl7(c), "application/hl7-v2")
        hub.taken("uhdb", hl7(c, type="ADT^A31^ADT_A05"), "application/hl7-v2")
    with c.at("HL7 v2 over HTTP, broken"):
        for body in broken_hl7(c):
            hub.refer("uhdb", body, "application/hl7-v2")
        for body in broken_hl7(c):
            hub.refer("uhdb", body, "application/hl7-v2", Accept="application/hl7-v2")


def by_mllp(hub, c):
    hub.mllp_answers = []

    def exchange(*frames):
        with socket.create_connection(("127.0.0.1", hub.mllp_port), timeout=10) as client:
            for frame in frames:
                client.sendall(b"\x0b" + frame + b"\x1c\r")
                answer = b""
                while not answer.endswith(b"\x1c\r"):
                    part = client.recv(65536)
                    if not part:
                        return
                    answer += part
                hub.mllp_answers.append(answer)

    with c.at("MLLP"):
        exchange(hl7(c).encode(), hl7(c, ask="AL|AL").encode())
        assert b"|AA|" in hub.mllp_answers[0]
    with c.at("MLLP, broken"):
        for body in broken_hl7(c):
            exchange(body.encode())
        exchange(hl7(c).encode("utf-16"))
        same = hl7(c, id="SAME")
        exchange(same.encode(), (same + f"NTE|2||{c.text()}\r").encode())
        # Outside a frame.
        with socket.create_connection(("127.0.0.1", hub.mllp_port), timeout=10) as client:
            client.sendall((c.text() * 400).encode())
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    assert len(hub.mllp_answers) > 8


CSV_HEADER = (
    "CAD ref,Client first name,Client surname,D.O.B.,Telephone,Address line 1,Town,Postcode,Reason for referral,Needs,Agreed,"
    "Date agreed,Link worker,Date of referral")


def csv_row(c, born=None, **changes):
    cells = [c.local(), c.name(), c.name(), born or c.born("%d/%m/%Y"), c.phone(), c.street(), "Derby", POSTCODE, c.text(),
        "lonely",
             "Yes", "20/11/2026", c.name(), "22/11/2026"]
    for place, value in changes.items():
        cells[int(place[1:])] = value
    return ",".join(cells)


def by_table(hub, c):
    def send(*lines):
        return hub.refer("derby_community_action", "\n".join(lines) + "\n", "text/csv")

    with c.at("CSV"):
        answer = send(CSV_HEADER, csv_row(c), csv_row(c, born=c.born("%d %b %Y")))
        assert answer.status_code == 202, answer.text
        hub.worked_on(answer.json()["receipt_id"])
        assert hub.refer("derby_community_action", f"{CSV_HEADER}\n{csv_row(c)}\n", "text/csv",
            **{"Idempotency-Key": c.local("request key")}).status_code == 202
    with c.at("CSV, broken"):
        # No header: the first person is taken for one.
        send(csv_row(c), csv_row(c))
        send(f"{CSV_HEADER},{c.name()},{c.text()}", csv_row(c) + f",{c.text()},{c.name()}")
        send(CSV_HEADER, csv_row(c, _3=c.name(), _7=c.name(), _9=c.name(), _10=c.name(), _11=c.born("%d.%m.%y")),
            csv_row(c) + f",{c.name()}", c.text())
        send(CSV_HEADER, f'"{c.name()}')
        send(c.text())
        send(CSV_HEADER + "," + c.name() + "," + c.name().lower())
        hub.refused("POST", "/v1/referrals", "derby_community_action", f"PK\x03\x04{c.text()}",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def notice(c, reference=None, extra="", kind="adult_at_risk"):
    return (
        f"<PPN version='1'><header><ppn_ref>{reference or c.local('message id')}</ppn_ref><force_code>30</force_code>"
        f"<occurrence_ref>{c.local()}</occurrence_ref><created_at>2026-11-21T23:15:00+00:00</created_at>"
        f"<submitted_by><name>{c.name()}</name></submitted_by><handling>{c.text()}</handling></header><kind>{kind}</kind><persons>"
        f"<person><role>subject</role><name><given>{c.name()}</given><family>{c.name()}</family></name><dob>{c.born()}</dob>"
        f"<address><line>{c.street()}</line><postcode>{POSTCODE}</postcode></address><phone>{c.phone()}</phone></person>"
        f"<person><role>suspect</role><name><family>{c.name()}</family></name></person></persons>"
        f"<event><summary>{c.text()}</summary></event>{extra}</PPN>")


def by_xml(hub, c):
    def send(text):
        return hub.refer("derbys_police", text, "application/xml")

    with c.at("XML"):
        answer = send(notice(c))
        assert answer.status_code == 202, answer.text
        assert hub.worked_on(answer.json()["receipt_id"])["referrals"]
    with c.at("XML, broken"):
        for text in (
            notice(c, extra=f"<{c.name()} {c.name()}='{c.text()}'>{c.text()}</wrong>"),
            notice(c, kind=c.name(), reference=c.text()),
            notice(c, extra=f"<{c.name()} {c.name()}='{c.text()}'/>").replace("<role>subject", f"<role>{c.name()}"),
            f"<!DOCTYPE a [<!ENTITY {c.name()} '{c.text()}'>]><PPN>&{c.name()};</PPN>", f"<{c.name()}>{c.text()}</{c.name()}>",
            f"<PPN><header><ppn_ref>X1</ppn_ref><force_code>{c.name()}</force_code></header>&{c.name()};</PPN>", c.text(),
            f"<?xml version='1.0' encoding='{c.name()}'?><PPN/>",
        ):
            send(text)


def by_files(hub, c):
    """Names of files are the partner's own, and tell who it is about: `answers` are told under them, and nothing else is."""
    hub.file_names = []

    def drop(partner, name, body, **more):
        hub.file_names.append(name)
        hub.drop(partner, name, body if isinstance(body, bytes) else body.encode(), **more)
        return hub.file_answer(partner, name)

    with c.at("dropped file"):
        kind, answer = drop("uhdb", f"{c.name()}_{c.born('%Y%m%d')}.hl7", hl7(c))
        assert kind == "ack"
        hub.worked_on(answer["receipt_id"])
        letter = f"Letter of {c.name()} ({c.nhs()}).txt"
        text = c.text()
        file = {"name": c.name(), "media_type": "text/plain", "sha256": hashlib.sha256(text.encode()).hexdigest(), "file": letter}
        assert drop("charity", letter, text)[0] == "ack"
        kind, _ = drop("charity", f"{c.name()}.json", json.dumps(envelope(c, attachments=[file])))
        assert kind == "ack"
        assert drop("derbys_police", f"{c.name()}.xml", notice(c))[0] == "ack"
    with c.at("dropped file, broken"):
        name = f"{c.name()}_AGAIN.hl7"
        assert drop("uhdb", name, hl7(c))[0] == "ack"
        (hub.home / f"drop/uhdb/ack/{name}.ack.json").unlink()
        assert drop("uhdb", name, hl7(c))[0] == "nack"
        for partner, ending, body, more in (
            ("uhdb", "hl7", c.text(), {}), ("uhdb", "hl7", hl7(c, sender=c.name()), {}), ("uhdb", "exe", c.text(), {}),
            ("charity", "pdf", c.text(), {}),
            ("charity", "json", f'{{"{c.name()}', {}), ("charity", "json", hl7(c), {"digest": "0" * 64}),
            ("derby_community_action", "csv", csv_row(c), {}), ("derbys_police", "xml", f"<{c.name()}/>", {}),
        ):
            drop(partner, f"{c.name()}.{ending}", body, **more)
        # A name that is not taken is answered under another.
        strange = f"{c.name()}'s plan; {c.name()}.hl7"
        hub.drop("uhdb", strange, hl7(c).encode())
        hub.file_names.append(strange)
        eventually(lambda: (hub.home / "drop/uhdb/ack" / (re.sub(r"[';]", "_", strange) + ".nack.json")).exists(), why="its answer")
        # A link, and what is never finished.
        link = f"{c.name()}.hl7"
        (hub.home / "drop/uhdb/in" / link).symlink_to("/etc/hostname")
        (hub.home / "drop/uhdb/in" / f"{link}.done").touch()
        hub.file_names.append(link)
        assert hub.file_answer("uhdb", link)[0] == "nack"
        hub.file_names.append(f"{c.name()}.hl7.part")
        (hub.home / "drop/uhdb/in" / hub.file_names[-1]).write_text(c.text())


def hidden(text):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text.split("<main")[-1]))


def by_forms(hub, c):
    with c.at("public form"):
        filled = {
            "over_13": "yes", "subject": "other", "relation": "neighbour", "person_knows": "no", "your_name": c.name(),
            "your_phone": c.phone(),
            "given": c.name(), "family": c.name(), "age": "80", "address_1": c.street(), "postcode": POSTCODE, "phone": c.phone(),
            "reason": c.text(), "page": "check", "send": "yes",
        }
        begin = lambda: hidden(hub.call("GET", "/refer").text)["form"]
        form = begin()
        sent = hub.call("POST", "/refer", body=urllib.parse.urlencode({**filled, "form": form}), media_type=FORM)
        receipt = re.search(r"<strong>([0-9a-f-]{36})</strong>", sent.text).group(1)
        hub.worked_on(receipt)
        hub.refused("POST", "/refer", body=urllib.parse.urlencode({**filled, "form": form, "reason": c.text()}), media_type=FORM)
        child = {**filled, "form": begin(), "over_13": "no", "subject": "me", "given": c.name(),
            "reason": f"{c.text()} and hits me"}
        hub.call("POST", "/refer", body=urllib.parse.urlencode(child), media_type=FORM)
    with c.at("public form, broken"):
        for body in (
            {**filled, "form": c.local(), "page": c.name()}, {**filled, "subject": c.name(), "age": c.name(), "postcode": c.name()},
            {c.name(): c.text()}, {**filled, "form": begin(), "reason": c.text() + "x" * 5000},
        ):
            hub.call("POST", "/refer", body=urllib.parse.urlencode(body), media_type=FORM)
        for body in (f"%%%={c.name()}&=%zz", f"{c.name()}=1&{c.name()}", f"reason={c.name()}" + "x" * 400_000):
            hub.call("POST", "/refer", body=body, media_type=FORM)
        hub.call("GET", f"/refer?given={c.name()}&reason={urllib.parse.quote(c.text())}")
        hub.refused("GET", f"/refer/{c.name()}")
    with c.at("staff form"):
        hub.member("a.worker", "coordinator")
        session, opened = hub.signed_in("a.worker")
        assert opened.status_code == 303
        hub.session = session
        filled = {
            "taken_how": "phone", "taken_by": c.name(), "referrer_name": c.name(), "referrer_role": "Neighbour",
            "source_code": "1B",
            "given": c.name(), "family": c.name(), "nhs_number": c.nhs(), "phone": c.phone(), "email": c.email(),
            "address_1": c.street(),
            "postcode": POSTCODE, "reason": c.text(), "urgency": "soon", "consent_agreed": "yes", "needs_isolation": "yes",
            "risks_dog": "yes",
            "member_1_relation": "Brother", "member_1_given": c.name(), "dob_year": "1950", "dob_month": "3", "dob_day": "27",
        }
        def fill(**changes):
            fields = {**filled, **hidden(session.get(hub.url + "/staff/referral").text), **changes}
            return session.post(hub.url + "/staff/referral", fields, allow_redirects=False)
        sent = fill()
        assert sent.status_code == 200, sent.text[:3000]
        hub.worked_on(re.search(r"<strong>([0-9a-f-]{36})</strong>", sent.text).group(1))
    with c.at("staff form, broken"):
        for change in (
            {"urgency": c.name()}, {"source_code": c.name()}, {"taken_how": c.name()}, {"nhs_number": c.name()},
            {"phone": c.name()},
            {"email": c.name()}, {"dob_day": c.name()}, {c.name(): c.text()}, {"reason": c.text() + "x" * 5000},
            {"token": c.name()},
        ):
            fill(**change)
        session.post(hub.url + "/staff/referral", data=f"reason={c.name()}" + "x" * 400_000, headers={"Content-Type": FORM})
        hub.refused("POST", "/staff/sign-in", body=urllib.parse.urlencode(
            {"name": c.local("credential"), "password": c.local("credential"), "code": c.local("credential")}), media_type=FORM)
        hub.call("GET", "/staff/referral", cookies={"hub-staff": c.local("credential")})
        hub.refused("GET", f"/staff/{c.name()}")


def by_agreements(hub, c):
    person = {"person_id": hub.jane, "signed_on": "2026-01-05", "signed_by": "subject"}
    scope = [{"recipient": recipient, "purposes": [purpose]} for recipient, purpose in (HOUSING, POLICE)]
    attorney = {**person, "signed_by": "attorney", "scope": scope}
    with c.at("agreement"):
        made = hub.call("POST", "/v1/agreements", "workers", {**attorney, "authority_evidence": c.text("agreement's wording")},
                        headers={"Idempotency-Key": "agreement-1"})
        assert made.status_code == 201, made.text
        hub.agreement = made.json()["agreement_id"]
    with c.at("agreement, broken"):
        for change in (
            {"signed_by": c.name()}, {"signed_on": c.born("%d/%m/%Y")}, {"person_id": c.nhs()}, {"witness": f"Mrs {c.name()}"},
            {"supplements": c.name()}, {"guardian_permission": c.name()}, {"scan_sha256": c.name()}, {"scope": c.text()},
            {"scope": [{"recipient": "derby_homes", "purposes": [c.name()], "groups": [c.name()], "about": c.name()}]},
            {"scope": [c.name()]}, {"expires": c.name()}, {"authority_evidence": {c.name(): 1}},
        ):
            hub.refused("POST", "/v1/agreements", "workers", {**attorney, **change})
        hub.refused("POST", "/v1/agreements", "workers", f'{{"{c.name()}": "{c.name()}')
        hub.refused("POST", "/v1/agreements", "workers", attorney, headers={"Idempotency-Key": c.text("request key")})
        # Words where a recipient is named.
        hub.call("POST", "/v1/agreements", "workers", {**person, "person_id": other(hub, c), "scope": [
            {"recipient": f"Her sister {c.name()}", "purposes": ["housing_support"]}]})
        for change in ({"recipient": c.text()}, {"received_at": c.name()}, {"line": c.name()}, {c.name(): 1}):
            hub.call("POST", f"/v1/agreements/{NOBODY}/withdrawals", "workers", change)
        hub.call("POST", f"/v1/agreements/{hub.agreement}/withdrawals", "workers", {"recipient": f"Her sister {c.name()}"})
    with c.at("agreement as Consent"):
        someone = other(hub, c)
        for change in ({}, {"patient": {"reference": f"Patient/{someone}", "display": c.name()},
            "text": {"status": "generated", "div": f"<div>{c.text()}</div>"}}):
            made = hub.call("POST", "/fhir/R4/Consent", "workers", {**consent(someone, permit(*HOUSING)), **change}, headers=FHIR)
            assert made.status_code in (201, 422) and (change or made.status_code == 201), made.text
        hub.call("POST", "/fhir/R4/Consent", "workers", consent(someone, permit(f"Her sister {c.name()}", "housing_support")),
            headers=FHIR)
    with c.at("agreement as Consent, broken"):
        whole = {
            "resourceType": "Consent", "status": "active", "patient": {"reference": f"Patient/{hub.jane}", "display": c.name()},
            "performer": [{"display": c.name()}], "dateTime": "2026-01-05", "provision": {"type": "deny", "provision": [
                {"type": "permit", "actor": [{"reference": {"display": c.name(), "identifier": {"value": c.text()}}}],
                    "code": [{"text": c.text()}]}]}}
        for change in ({}, {"status": c.name()}, {"patient": {"reference": f"Patient/{c.name()}"}}, {c.name(): c.text()},
            {"resourceType": c.name()}):
            hub.refused("POST", "/fhir/R4/Consent", "workers", {**whole, **change}, headers=FHIR)
        hub.refused("GET", f"/fhir/R4/Consent/{c.name()}", "workers")


def other(hub, c):
    """The id of somebody else."""
    return hub.taken("charity", envelope(c), "application/json")["referrals"][0]["person_id"]


def by_shares(hub, c):
    hub.shares = {}

    def ask(recipient, purpose, **more):
        answer = hub.call("POST", "/v1/shares", "workers", {"person_id": hub.jane, "recipient": recipient, "purpose": purpose,
            **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["share_id"]

    def ended(share, *states):
        return eventually(lambda: (state := hub.share_state(share)) in states and state, 40, why=f"the end of {share}")

    # The first is refused with all of it in the answer; the second breaks, and waits for another attempt.
    hub.others_server.statuses += [422, 500]
    refused, broken, filed = ask(*HOUSING), ask(*HOUSING), ask(*POLICE)
    assert ended(refused, "failed", "delivered") == "failed" and ended(filed, "delivered") == "delivered"
    eventually(lambda: hub.staff("GET", f"/v1/shares/{broken}").json()["attempts"] >= 1, 40, why="an attempt")
    copy = ask("subject", "subject_rights", identity_verified=True, requested_by="coordinator-3")
    assert ended(copy, "delivered") == "delivered"
    hub.shares |= {"refused": refused, "broken": broken, "filed": filed, "copy": copy}
    with c.at("share and approval"):
        concern = ask("derbys_police", "safeguarding", requested_by="coordinator-3", authority_ref="CA2014-s42-0117")
        # What is given as the reference of an authority is an identifier by agreement, and is kept in clear: words are refused.
        hub.call("GET", f"/v1/shares/{concern}/preview?authority_ref={urllib.parse.quote(c.text('authority reference'))}",
            "workers")
        given = {"role": "officer", "verdict": "approve", "approved_by": "officer-7", "name": c.name(), "reason": c.text()}
        assert hub.call("POST", f"/v1/shares/{concern}/approvals", "workers", given).status_code == 200
        ended(concern, "delivered")
        hub.shares["concern"] = concern
    with c.at("share and approval, broken"):
        asked = {"person_id": hub.jane, "recipient": HOUSING[0], "purpose": HOUSING[1]}
        for change in (
            {"person_id": c.nhs()}, {"person_id": c.name()}, {"authority_ref": c.text("authority reference")},
            {"requested_by": f"Mr {c.name()}"},
            {"groups": [c.name()]}, {"ordered_groups": [c.name()]}, {"public_body": c.name()}, {"recipient": {c.name(): 1}},
        ):
            hub.refused("POST", "/v1/shares", "workers", {**asked, **change})
        # Words where a recipient, a purpose or a level is named.
        hub.call("POST", "/v1/shares", "workers", {**asked, "recipient": f"Her sister {c.name()}"})
        hub.call("POST", "/v1/shares", "workers", {**asked, "purpose": f"Rent of {c.name()}"})
        hub.call("POST", "/v1/shares", "workers", {**asked, "level": f"All of {c.name()}"})
        hub.refused("POST", "/v1/shares", "workers", asked, headers={"Idempotency-Key": c.text("request key")})
        for change in ({"role": c.name()}, {"verdict": c.name()}, {"approved_by": f"Mr {c.name()}"},
            {"reason": {c.name(): c.text()}}, {"name": [c.name()]}):
            hub.refused("POST", f"/v1/shares/{concern}/approvals", "workers", {**given, **change})
        hub.refused("POST", f"/v1/shares/{concern}/approvals", "workers", {**given, "reason": c.text()})
        hub.refused("POST", f"/v1/shares/{broken}/cancellations", "workers", {"requested_by": c.text()})
        hub.refused("POST", f"/v1/shares/{filed}/acknowledgements", "workers", {"verdict": c.name(), "code": c.text()})
        hub.refused("GET", f"/v1/shares/{c.name()}", "workers")
    with c.at("portal"):
        page = hub.session.get(hub.url + "/staff/documents").text
        token = re.search(r'name="token" value="([^"]+)"', page).group(1)
        hub.session.post(hub.url + "/staff/documents", {"token": token, "share": c.name()}, allow_redirects=False)
        hub.document = hub.session.post(
            hub.url + "/staff/documents", {"token": token, "share": copy}, allow_redirects=False)
        assert hub.document.status_code == 200 and hub.document.content.startswith(b"%PDF")


def by_persons(hub, c):
    with c.at("match, circumstances and outcome"):
        [match] = [each for each in hub.staff("GET", "/v1/matches").json()["matches"] if hub.jane in json.dumps(each)][:1]
        path = f"/v1/matches/{match['match_id']}/decisions"
        for change in ({"decision": c.name()}, {"decision": "same", "reason": {c.name(): 1}},
            {"decision": "same", "reason": c.name() + "x" * 3000}):
            hub.refused("POST", path, "workers", change)
        assert hub.call("POST", path, "workers", {"decision": "different", "reason": c.text()}).status_code == 201
        hub.match = match["match_id"]
        for change in ({c.name(): 1}, {"care_status": c.name()}, {"objections": [c.name()]}, {"deceased_on": c.born("%d/%m/%Y")},
            {"erasure": c.text()}):
            hub.refused("PATCH", f"/v1/persons/{hub.jane}/circumstances", "workers", change)
        referral = hub.receipt_of_json["referrals"][0]["referral_id"]
        for change in ({"outcome": c.name()}, {"outcome": "closed", "code": c.name()}, {"outcome": "taken_on", c.name(): c.text()},
            {"outcome": "taken_on", "agreed_on": c.name()}):
            hub.refused("POST", f"/v1/referrals/{referral}/outcome", "workers", change)


def by_look_up(hub, c):
    with c.at("access card"):
        hub.uprn, house = c.uprn(), c.local("address")
        hub.code, hub.directions = c.local("key-safe code"), c.text("access card's note")
        card = {
            "address": {"house": house, "lines": [c.street()], "postcode": POSTCODE, "uprn": hub.uprn,
                "directions": hub.directions},
            "key_safe": {"present": True, "location": c.text(), "code": hub.code},
            "entry": {"door": c.text(), "dog": c.text(), "alarm_code_holder": c.name(), "parking": c.text()},
            "hazards": [{"kind": "oxygen", "text": c.text()}], "crit": [{"kind": "mobility", "text": c.text(),
                "kept_at": c.text()}],
            "contacts": [{"name": c.name(), "relation": c.text(), "phone": c.phone(), "key_holder": True}],
            "verified_on": "2026-11-01",
        }
        path = f"/v1/persons/{hub.jane}/access-card"
        assert hub.call("PUT", path, "workers", card).status_code == 200
    with c.at("access card, broken"):
        for change in (
            {c.name(): c.text()}, {"address": {"postcode": c.name(), c.name(): 1}},
            {"hazards": [{"kind": c.name(), "text": c.text()}]},
            {"key_safe": {"present": True, "code": c.name() + "x" * 60}}, {"key_safe": {"present": True, c.name(): 1}},
            {"contacts": [{"name": c.name(), "phone": c.name()}]},
            {"verified_on": c.born("%d.%m.%Y")}, {"crit": c.text()}, {"entry": {"lift": c.name()}},
            {"occupants": {"adults": c.name()}},
        ):
            hub.refused("PUT", path, "workers", {**card, **change})
        hub.refused("PUT", path, "workers", f'{{"{c.name()}": ')
        hub.refused("PUT", f"/v1/persons/{c.name()}/access-card", "workers", card)
    with c.at("look-up"):
        def ask(**query):
            body = {"incident_ref": c.local(), "agency": "emas", "caller_id": c.name(), "reason": c.text(), "query": query}
            answer = hub.look_up(body)
            assert answer.status_code == 200, answer.text
            return answer.json()
        answer = eventually(lambda: (a := ask(uprn=hub.uprn))["matches"] and a, 5, every=0.3, why="the card")
        for query in ({"postcode": POSTCODE, "house": house}, {"name": hub.family, "dob": hub.born}, {"nhs_number": hub.number}):
            ask(**query)
        told = hub.look_up({"reveal": answer["card"]["key_safe"]["reveal"], "caller_id": c.name()}, "/v1/emergency/key-safe").json()
        assert told["key_safe"]["code"] == hub.code
        hub.card = answer["card"]
        # Whom nobody knows.
        for query in ({"uprn": c.uprn()}, {"postcode": POSTCODE, "house": c.name()}, {"name": c.name(), "dob": c.born()},
            {"nhs_number": c.nhs()}, {"candidate": c.local()}):
            assert ask(**query)["matches"] == 0
        for part in "access-card/draft", "looks":
            assert hub.call("GET", f"/v1/persons/{hub.jane}/{part}", "workers").status_code == 200
            hub.call("GET", f"/v1/persons/{c.name()}/{part}", "workers")
        hub.call("GET", f"/v1/persons/{hub.jane}/looks?before={c.name()}", "workers")
        looks = hub.staff("GET", "/v1/emergency/looks").json()["looks"]
        hub.look = looks[0]["lookup_id"]
        assert hub.call("POST", f"/v1/emergency/looks/{hub.look}/review", "workers", {"note": c.text()}).status_code == 204
    with c.at("look-up, broken"):
        whole = {"incident_ref": "INC-1", "agency": "emas", "caller_id": "desk", "reason": "x", "query": {"uprn": "1"}}
        for change in (
            {"incident_ref": c.text() + "x" * 80}, {"agency": c.local()}, {"reason": {c.name(): 1}}, {"caller_id": [c.name()]},
            {"query": c.name()}, {c.name(): c.text()},
            {"query": {c.name(): c.text()}}, {"query": {"uprn": c.name()}}, {"query": {"postcode": c.name(), "house": c.name()}},
            {"query": {"name": c.name(), "dob": c.born("%d/%m/%Y")}}, {"query": {"nhs_number": "1" + c.nhs()[1:]}},
            {"query": {"candidate": {c.name(): 1}}},
        ):
            assert hub.look_up({**whole, **change}).status_code == 422
        for body, status in ((f'{{"{c.name()}', 400), (c.name() + "x" * 20_000, 413), (c.text().encode("utf-16"), 400)):
            assert hub.look_up(body).status_code == status
        for path in "/v1/emergency/key-safe", f"/v1/emergency/{c.name()}":
            assert hub.look_up({"reveal": c.local(), "caller_id": c.name(), }, path).status_code == 404
        assert hub.look_up({"reveal": "AAAA", "caller_id": "x", c.name(): 1}, "/v1/emergency/key-safe").status_code == 422
        assert hub.call("POST", "/v1/emergency/lookup", "workers", {**whole, "reason": c.text()}).status_code == 401
        hub.refused("POST", f"/v1/emergency/looks/{c.name()}/review", "workers", {"note": c.text()})
        hub.refused("POST", f"/v1/emergency/looks/{hub.look}/review", "workers", {c.name(): c.text()})


def by_credentials(hub, c):
    with c.at("broken credential"):
        for value in (f"Bearer {c.local()}", f"Basic {base64.b64encode(c.text().encode()).decode()}", c.name(),
            f"Bearer hub_{c.name()}_x"):
            hub.refused("GET", f"/v1/receipts/{NOBODY}", headers={"Authorization": value})
        secret = KEYS["ES256"]()
        token_url = hub.url + "/oauth2/token"

        def token(signed, **more):
            fields = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed,
                **more}
            return hub.refused("POST", "/oauth2/token", body=urllib.parse.urlencode(fields), media_type=FORM)
        token(assertion(claims(c.local(), token_url), "ES256", secret, c.local()))
        token(assertion(claims("emas", c.text(), jti=c.local()), "ES256", secret, "x"), client_id=c.name())
        token(assertion(claims("emas", token_url), c.name(), secret, "x", signing="ES256"))
        token(c.local(), grant_type=c.name())
        token(c.name(), **{c.name(): c.text()})
        hub.refused("POST", "/oauth2/token", body=c.text(), media_type=f"text/{c.name()}")
        bearer = assertion(claims(c.local(), hub.url), "ES256", secret, c.local())
        hub.refused("GET", f"/v1/receipts/{NOBODY}", headers={"Authorization": f"Bearer {bearer}"})
        # A certificate of somebody who is not known here.
        stranger = Certificate(hub.home / "secrets", c.name(), dns=[f"{c.name().lower()}.example.org"])
        hub.refused("GET", f"/v1/receipts/{NOBODY}", cert=stranger.pair)
        hub.refused("POST", "/v1/emergency/lookup", body={"reason": c.text()}, cert=stranger.pair)


def by_address(hub, c):
    with c.at("address"):
        for path in (
            f"/v1/receipts/{c.name()}", f"/v1/persons/{c.nhs()}/agreements", f"/v1/{c.name()}/{c.born()}", f"/{c.email()}",
            f"/v1/matches/{c.name()}",
            f"/v1/referrals/{c.local()}", f"/v1/submissions/{c.name()}/document", f"/console/{c.name()}",
            f"/v1/agreements/{urllib.parse.quote(c.text())}",
            f"/v1/referrals?after={c.name()}&limit={c.name()}", f"/v1/matches?person={c.nhs()}&limit={c.name()}",
            f"/healthz/{c.name()}",
            f"/v1/receipts/{c.name()}%00%0d%0aX-{c.name()}:1", f"/v1/%ff%fe{c.name()}",
        ):
            hub.refused("GET", path, "workers")
        hub.call("GET", f"/openapi.json?{c.name()}={c.name()}#{c.name()}")
        hub.call(c.name().upper(), f"/v1/receipts/{NOBODY}", "workers")
        hub.call("DELETE", f"/v1/receipts/{c.name()}", "workers")
        hub.call("GET", f"/v1/emergency/looks?all={c.name()}", "workers")
        requests.get(f"http://127.0.0.1:{hub.admin_port}/{c.name()}?{c.name()}", timeout=10)
        headers = {"Host": f"{c.name()}.example.org", "Referer": f"https://x/{c.name()}", "User-Agent": c.name(),
            f"X-{c.name()}": c.text(), "traceparent": c.local()}
        hub.refused("GET", f"/v1/receipts/{NOBODY}", "workers", headers=headers)
        hub.refused("GET", "/v1/" + c.name() + "x" * 70_000, "workers")
        # What is no HTTP at all.
        context = ssl.create_default_context(cafile=hub.home / "certificates/ca.pem")
        for bytes in (f"{c.name()} {c.text()}\r\n\r\n", f"GET /{c.name()} {c.name()} HTTP/1.1\r\nHost: x\r\n\r\n",
            f"POST /v1/referrals HTTP/1.1\r\nHost: x\r\nContent-Length: {c.name()}\r\n\r\n{c.text()}",
                      f"POST /v1/referrals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hub.keys['charity']}\r\n"
                      f"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{c.text()}"):
            with socket.create_connection(("localhost", hub.port), timeout=5) as plain, context.wrap_socket(plain,
                server_hostname="localhost") as client:
                client.sendall(bytes.encode())
                client.settimeout(0.5)
                with contextlib.suppress(OSError):
                    hub.raw_answers.append(client.recv(65536))
        # To a port that speaks TLS, in clear.
        with socket.create_connection(("localhost", hub.port), timeout=5) as plain, contextlib.suppress(OSError):
            plain.sendall(f"GET /{c.name()} HTTP/1.1\r\n\r\n".encode())
            hub.raw_answers.append(plain.recv(65536))


def by_dead_letter(hub, c):
    """A referral that the database refuses is set aside, looked at and put back."""
    hub.hub("queue", "policy", "intake", "attempts=1")
    hub.sql("ALTER TABLE record.referral ADD CONSTRAINT refused CHECK (false) NOT VALID")
    with c.at("dead letter"):
        answer = hub.refer("charity", envelope(c), "application/json")
        assert answer.status_code == 202
        dead = lambda: [json.loads(line) for line in hub.hub("queue", "show", "intake", "--json").splitlines()]
        letters = eventually(dead, 30, every=0.5, why="the dead letter")
        hub.sql("ALTER TABLE record.referral DROP CONSTRAINT refused")
        hub.hub("queue", "show", "intake", "--groups")
        hub.hub("queue", "show", "intake", str(letters[0]["id"]))
        hub.hub("queue", "list")
        hub.hub("trace", answer.json()["receipt_id"])
        hub.hub("queue", "replay", "intake", str(letters[0]["id"]))
        assert hub.worked_on(answer.json()["receipt_id"])["referrals"]
    hub.hub("queue", "policy", "intake", "attempts=default")


def by_command(hub, c):
    refused, receipt = hub.shares["refused"], hub.receipt_of_json["receipt_id"]
    commands = [
        ("trace", hub.jane), ("trace", receipt), ("trace", "--json", refused), ("queue", "list"),
        ("queue", "show", "out.derby_homes"),
        ("work", "list", "--limit", "500"), ("share", "list"), ("share", "show", refused), ("agreement", "show", hub.agreement),
        ("agreement", "list", hub.jane), ("match", "list"), ("match", "show", hub.match), ("person", "show", hub.jane),
        ("person", "list"),
        ("person", "circumstances", hub.jane), ("disclose", "--decision", refused), ("partner", "list"), ("ledger", "verify"),
        ("ledger", "export"), ("doctor",),
    ]
    with concurrent.futures.ThreadPoolExecutor(2) as several, c.at("command"):
        list(several.map(lambda arguments: hub.hub(*arguments, check=False), commands))
        assert hub.hub("person", "find", stdin=hub.number + "\n").strip() == hub.jane
        wrong = [
            (("person", "find"), c.nhs()), (("person", "find"), c.text()),
            (("share", "ask"), f'{{"recipient": "{c.name()}", "{c.name()}"'),
            (("agreement", "add"), f'{{"signed_by": "{c.name()}"}}'),
            (("person", "change", hub.jane), f'{{"{c.name()}": "{c.name()}"}}'),
            (("share", "approve", refused), f'{{"role": "{c.name()}"}}'),
            (("emergency", "card", hub.jane, "--file", "-", "--by", "officer"), f'{{"{c.name()}": 1}}'),
            (("trace", c.name()), None), (("person", "show", c.nhs()), None), (("share", "show", c.name()), None),
        ]
        runs = several.map(lambda each: hub.hub(*each[0], check=False, stdin=each[1]), wrong)
        assert [run.returncode != 0 for run in runs] == [True] * len(wrong)
    with concurrent.futures.ThreadPoolExecutor(2) as several, c.at("command, who does it"):
        item = next(item["id"] for item in hub.work_items() if item["kind"] == "emergency_look")
        look = next(each["lookup_id"] for each in hub.staff("GET", "/v1/emergency/looks").json()["looks"])
        by_whom = [
            ("work", "done", item), ("emergency", "card", hub.jane), ("emergency", "looks"),
            ("emergency", "draft", hub.jane), ("person", "looks", hub.jane),
            ("emergency", "review", look, "--note", c.text()),
            ("match", "undo", hub.match), ("share", "acknowledge", hub.shares["filed"], "--verdict", "taken"),
        ]
        # An id is asked for, and is kept in clear: words are refused.
        shows = ("card", "draft", "looks")
        list(several.map(lambda each: hub.hub(*each[0], "--by", each[1], check=False, shows=each[0][1] in shows),
                         [(each, f"Mrs {c.name()}") for each in by_whom]))


def figures(hub):
    return requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).content


class Places:
    """Everything that the hub wrote and said, by where that was (`all`), and what must hold somebody (`known`, `control`)."""


@pytest.fixture(scope="module")
def places():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    patch = pytest.MonkeyPatch()
    hub = None
    try:
        hub = Watched(home)
        os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
        patch.setattr(requests.Session, "send", kept(hub, requests.Session.send))
        yield gathered(hub, home)
    finally:
        patch.undo()
        if hub:
            hub.close()
        if before is None:
            os.environ.pop("REQUESTS_CA_BUNDLE", None)
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before
        shutil.rmtree(home, ignore_errors=True)


def gathered(hub, home):
    canaries, where = Canaries(), Places()
    hub.raw_answers = []
    hub.start()
    figures_told = []
    with watching(hub, home / "activity"):
        for door in (
            by_envelope, by_fhir, by_hl7, by_mllp, by_table, by_xml, by_files, by_forms, by_agreements, by_shares, by_persons,
            by_look_up,
            by_credentials, by_address, by_dead_letter, by_command,
        ):
            door(hub, canaries)
            figures_told.append(figures(hub))
    # Started again, it works on what it left, and looks at what it kept.
    hub.server.stop()
    hub.server = hub.serving()
    hub.start()
    with canaries.at("look-up after a restart"):
        answer = eventually(
            lambda: (a := hub.look_up({"incident_ref": canaries.local(), "agency": "emas", "caller_id": "desk",
                "reason": canaries.text(),
                                       "query": {"uprn": hub.uprn}})).status_code == 200 and a.json()["matches"] and a.json(), 5,
                                       every=0.5, why="the card")
        assert answer["card"]["address"]["directions"] == hub.directions
    document = hub.staff("GET", f"/v1/submissions/{hub.receipt_of_json['receipt_id']}/document")
    hub.hub("doctor", check=False)
    figures_told.append(figures(hub))
    # What does stand in clear is found: these three are, in each form that a column has.
    with canaries.at("control"):
        where.control = [canaries.name() for _ in range(3)]
    hub.sql("CREATE TABLE public.control (words text, bytes bytea, json jsonb)")
    words, in_bytes, in_json = where.control
    hub.sql(f"INSERT INTO public.control VALUES ('of {words}', convert_to('of {in_bytes}', 'UTF8'), '{{\"a\": \"of {in_json}\"}}')")
    dump = hub.dump().encode()
    activity = (home / "activity").read_bytes()
    assert b"SELECT" in activity and b"record." in activity
    hub.server.stop()
    data = home / "data"
    assert not (data / "postgresql/postmaster.pid").exists(), "the database stopped with the hub"

    log = (home / "hub.log").read_bytes()
    assert b" trace " in log or b" debug " in log, "it says all it can say"
    errors = [answer for answer in hub.answers if answer.status_code >= 400]
    is_page = lambda answer: answer.headers.get("Content-Type", "").startswith("text/html") and answer.status_code in (409, 422)
    own_files = lambda folder: [path for path in sorted(folder.rglob("*")) if path.is_file()]
    where.canaries, where.hub = canaries, hub
    where.search = Search(canaries, home)
    sent = [body for body in hub.others_server.bodies if b"lookup_id" not in body]
    filed = [path.read_bytes() for path in own_files(home / "drop/derbys_police/out") if not path.suffix in (".sha256", ".done")]
    assert len(sent) >= 2 and len(filed) >= 2
    where.known = [document.content, *sent, *filed]
    where.all = {
        "log": [log],
        "figures": figures_told,
        # A page shows again what was typed into it, to whoever typed it.
        "error answers": [answer.content for answer in errors if not is_page(answer) and not is_hl7(answer)] + hub.raw_answers,
        # The header and MSA-2 are the sender's own, by which alone it knows what is answered (HL7 v2.4, 2.9.2).
        "HL7 acknowledgements": [
            unnamed(each) for each in hub.mllp_answers + [answer.content for answer in hub.answers if is_hl7(answer)]],
        "headers and addresses of answers": [f"{answer.reason}\n{answer.headers}".encode() for answer in hub.answers],
        "addresses and headers to partners": hub.others_server.heads,
        "notices to the duty officer": [body for body in hub.others_server.bodies if b"lookup_id" in body],
        "what commands print": hub.printed,
        "what the database does": [activity],
        "the database's log": own_files(data / "postgresql/log"),
        "the database in clear": [dump],
        "the database's files": [path for part in ("base", "pg_wal", "global") for path in own_files(data / "postgresql" / part)],
        "files of the hub": [
            path for path in own_files(data) + own_files(home / "temporary") if data / "postgresql" not in path.parents],
    }
    assert {"emergency.journal", "emergency.snapshot"} <= {path.name for path in where.all["files of the hub"]}
    where.names = [str(path.relative_to(home)) for path in home.rglob("*")]
    where.home = home
    return where


def is_hl7(answer):
    return answer.headers.get("Content-Type", "").startswith("application/hl7-v2")


def unnamed(acknowledgement):
    return re.sub(rb"(MSA\|\w\w\|)[^|\r]*", rb"\1", re.sub(rb"MSH\|[^\r]*", b"", acknowledgement))


PLACES = [
    "log", "figures", "error answers", "HL7 acknowledgements", "headers and addresses of answers",
    "addresses and headers to partners",
    "notices to the duty officer", "what commands print", "what the database does", "the database's log", "the database in clear",
    "the database's files", "files of the hub",
]


def test_so_many_values_went_in_by_so_many_doors(places):
    doors = {told.split(" by ", 1)[1] for told, _ in places.canaries.planted.values()}
    assert len(places.canaries.planted) >= 200 and len(doors) >= 25, (len(places.canaries.planted), doors)
    assert sorted(places.all) == sorted(PLACES)


def test_where_somebody_is_to_be_found_the_search_finds_them(places):
    hub, search = places.hub, places.search
    for place in places.known:
        assert {hub.family, hub.given} & set(search.values(place)), place[:200]
    # In every form.
    number, name, born = hub.number, hub.family, hub.born
    day = datetime.date.fromisoformat(born)
    for text in (
        name.upper(), f"x{name.lower()}y", number, f"{number[:3]} {number[3:6]} {number[6:]}", urllib.parse.quote(f"a {name}"),
        f"id={number}", born, day.strftime("%d/%m/%Y"),
        f"|{day:%Y%m%d}|", f"{day:%d%m%Y}", base64.b64encode(f"a {name} b".encode()).decode(),
        base64.b64encode(f"ab {name}".encode()).decode(),
        base64.urlsafe_b64encode(f"abc {name.upper()} b".encode()).decode(), f"\\x00{name.encode().hex()}00",
        number.encode().hex().upper(),
    ):
        assert search.values(text.encode()), text
    assert not search.values(b"Nobody of 1 Example Street, 9990000018, 01632 960123, born 1950-01-02")


@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_a_person_stands_in(places, place):
    looked = places.all[place]
    assert looked and any(each.stat().st_size if isinstance(each,
        pathlib.Path) else each for each in looked), "nothing was looked at"
    found = places.search.values(*looked)
    if place in ("the database in clear", "the database's files"):
        assert [found.pop(value, None) is not None for value in places.control] == [True] * 3
    planted = places.canaries.planted
    assert not found, "\n".join(f"{value} ({planted[value][0]}): {around}" for value, around in sorted(found.items()))


def test_names_of_files_tell_nobody_but_where_the_partner_named_them_itself(places):
    own = re.compile(r"^(drop/[\w-]+/(in|ack)/|drop\.state/(refused|claimed)/[\w-]+/[^/]+/)")
    told = [name for name in places.names if not own.match(name)]
    assert any(own.match(name) for name in places.names)
    found = places.search.values("\n".join(told).encode())
    assert not found, found
    # What the partner did not name itself, such as the folder in which a refused file is kept, has no name in it either.
    folders = {match.group(0) for name in places.names if (match := own.match(name))}
    assert not places.search.values("\n".join(folders).encode())


def test_answers_to_dropped_files_tell_the_name_of_the_file_and_nothing_of_it(places):
    answers = [path for path in (places.home / "drop").glob("*/ack/*") if path.is_file()]
    assert len(answers) > 10
    for path in answers:
        said = json.loads(path.read_bytes())
        assert said.pop("message_id", "") in path.name
        found = places.search.values(json.dumps(said).encode())
        assert not found, (path.name, found)
