"""A receiver of the Booking and Referral Standard of our own (BaRS 1.4): strict about what it is sent, and told how to answer.

It applies the guide's checks in the guide's order, and refuses everything else with an OperationOutcome.
"""

import base64
import http.server
import json
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from fhir.resources.R4B.bundle import Bundle

from secure_server import SecureServer

US, THEM, USE_CASE = "999000", "2000035280", "lac1"
ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
SERVICE = "https://fhir.nhs.uk/id/dos-service-id|"
KINDS = {
    "servicerequest": "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral",
}
ORDER = ["MessageHeader", "ServiceRequest", "Patient", "Organization", "Organization", "HealthcareService", "Consent"]


class Refused(Exception):
    def __init__(self, status, code, issue="invalid", text=""):
        super().__init__(f"{status} {code} {text}")
        self.status, self.code, self.issue = status, code, issue


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def check(condition, text, status=422, code="REC_UNPROCESSABLE_ENTITY", issue="invariant"):
    if not condition:
        raise Refused(status, code, issue, text)


def check_message(message):
    """The message, as the standard's tables have it; the request's `Bundle.id`."""
    try:
        Bundle.model_validate(message)
    except ValueError as error:
        raise Refused(422, "REC_UNPROCESSABLE_ENTITY", "structure", str(error)) from None
    resources = [entry["resource"] for entry in message["entry"]]
    urls = [entry["fullUrl"] for entry in message["entry"]]
    check([one["resourceType"] for one in resources] == ORDER, "order of entries")
    header, request, patient, sender, receiver, service, consent = resources
    check(message["type"] == "message" and uuid.UUID(message["id"]), "Bundle")
    check(message["meta"]["profile"] == ["https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"], "Bundle.meta")
    check(len(set(urls)) == len(urls) and all(uuid.UUID(url.removeprefix("urn:uuid:")) for url in urls), "fullUrl")
    check(all(one["meta"]["lastUpdated"] for one in resources), "meta.lastUpdated")
    check(set(references(message)) <= set(urls), "a reference that leads nowhere")
    # Is it for us?
    [destination] = header["destination"]
    check(destination["endpoint"] == SERVICE + THEM, "destination", 400, "REC_BAD_REQUEST", "not-found")
    check(urls.index(destination["receiver"]["reference"]) == 4, "receiver")
    check(receiver["identifier"] == [{"system": ORGANISATION, "value": "RX9"}], "receiver's code")
    check(header["source"]["endpoint"] == SERVICE + US and header["source"]["name"], "source")
    check(urls.index(header["sender"]["reference"]) == 3, "sender")
    check(sender["identifier"] == [{"system": ORGANISATION, "value": "X99999"}] and sender["name"], "sender's code")
    # Is its kind known?
    check(header["eventCoding"] == {
        "system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": "servicerequest-request"}, "event", 400,
        "REC_BAD_REQUEST", "not-supported")
    check(header["reason"]["coding"] == [
        {"system": "https://fhir.nhs.uk/CodeSystem/message-reason-bars", "code": "new"}], "reason", 400, "REC_BAD_REQUEST")
    check(header["definition"] == KINDS["servicerequest"] and "response" not in header, "definition")
    check(urls.index(header["focus"][0]["reference"]) == 1 and len(header["focus"]) == 1, "focus")
    # Is it whole?
    check("id" not in request, "the receiver gives the id")
    check((request["status"], request["intent"]) == ("active", "plan"), "status and intent")
    categories = [(coding["system"].rpartition("/")[2], coding["code"])
                  for category in request["category"] for coding in category["coding"]]
    check(categories == [("message-category-servicerequest", "referral"), ("usecases-categories-bars", USE_CASE)], "category")
    check(urls.index(request["subject"]["reference"]) == 2 and urls.index(request["requester"]["reference"]) == 3, "subject")
    check([urls.index(one["reference"]) for one in request["performer"]] == [5], "performer")
    check(request["authoredOn"] and request["occurrencePeriod"]["start"], "times")
    check(patient["name"][0]["family"], "name")
    check(service["identifier"] == [{"system": "https://fhir.nhs.uk/Id/dos-service-id", "value": THEM}], "service")
    check(consent["status"] == "active" and consent["category"][0]["coding"][0]["code"] == "DRC", "consent")
    check(urls.index(consent["patient"]["reference"]) == 2, "consent's patient")
    return message["id"]


class BaRSReceiver(SecureServer):
    """`script` holds how each message that passes every check is answered, in order, and `take` when it is empty: see
    `Asked.play`. `seen` is what arrived: ids, `Bundle.id` and bytes, whatever was answered. `taken` counts messages that were
    taken, by request id."""

    def __init__(self, certificates, key):
        super().__init__(certificates, Asked)
        self.key, self.script, self.refusals, self.seen, self.taken = key, [], [], [], {}
        self.tokens, self.asked = [], []
        self.url = f"https://localhost:{self.port}/FHIR/R4"
        self.token_url = f"https://localhost:{self.port}/oauth2/token"
        self.start()


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def ids(self):
        try:
            return [str(uuid.UUID(self.headers[name])) for name in ("X-Request-Id", "X-Correlation-Id")]
        except (TypeError, ValueError):
            raise Refused(400, "REC_BAD_REQUEST", "required", "ids") from None

    def check_headers(self):
        check(self.headers["Authorization"] == f"Bearer {self.server.tokens and self.server.tokens[-1]}", "token", 401,
              "SEND_UNAUTHORIZED", "expired")
        ids = self.ids()
        check(self.headers["Accept"] == "application/fhir+json; version=1.4.0", "Accept", 400, "REC_BAD_REQUEST")
        named = {name: json.loads(base64.b64decode(self.headers[name], validate=True)) for name in (
            "NHSD-Target-Identifier", "NHSD-End-User-Organisation", "NHSD-Requesting-Software")}
        check(named["NHSD-Target-Identifier"] == {
            "value": THEM, "system": "https://fhir.nhs.uk/Id/dos-service-id"}, "target", 400, "REC_BAD_REQUEST")
        user = named["NHSD-End-User-Organisation"]
        check(user["resourceType"] == "Organization" and user["name"] and user["identifier"] == [
            {"system": ORGANISATION, "value": "X99999"}], "end user", 400, "REC_BAD_REQUEST")
        software = named["NHSD-Requesting-Software"]
        check(software["resourceType"] == "Device" and software["deviceName"], "software", 400, "REC_BAD_REQUEST")
        check(self.headers["use-context"] == f"{USE_CASE}|referral|servicerequest-request|new", "use-context", 400,
              "REC_BAD_REQUEST")
        return ids

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth2/token":
            return self.token(body)
        try:
            check(self.path == "/FHIR/R4/$process-message", self.path, 404, "REC_NOT_FOUND", "not-found")
            ids = self.check_headers()
            check(self.headers["Content-Type"].split(";")[0] == "application/fhir+json", "Content-Type", 400, "REC_BAD_REQUEST")
            message = json.loads(body)
            self.server.seen.append((*ids, message["id"], body))
            if ids[0] in self.server.taken:
                raise Refused(409, "REC_CONFLICT", "duplicate", "again")
            bundle = check_message(message)
        except Refused as refused:
            if refused.issue not in ("duplicate", "expired"):
                self.server.refusals.append(str(refused))
            return self.outcome(refused.status, refused.code, refused.issue)
        self.play(self.server.script.pop(0) if self.server.script else "take", ids[0], bundle)

    def play(self, word, request, bundle):
        """`take`; `other` (answers another message); `fatal` and `transient` (in a reply); `empty` and `words` (2xx without a
        message); `broken` (taken, and the connection closed); `strange` (taken, another's ids); `warning` (taken, an outcome
        without an error); `foreign-404` (neither ids nor an outcome); `408` and the like with what stands behind."""
        if word in ("take", "other", "broken", "strange", "empty", "words"):
            self.server.taken[request] = self.server.taken.get(request, 0) + 1
        if word == "broken":
            self.close_connection = True
            return
        if word == "empty":
            return self.answer(200, b"")
        if word == "words":
            return self.answer(200, b"taken")
        if word == "foreign-404":
            return self.answer(404, b"<html></html>", mirrored=False)
        if word in OUTCOMES:
            return self.outcome(*OUTCOMES[word])
        verdict = {"fatal": "fatal-error", "transient": "transient-error"}.get(word, "ok")
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        answered = str(uuid.uuid4()) if word == "other" else bundle
        reply = {
            "resourceType": "Bundle", "id": bundle, "type": "message", "timestamp": now, "entry": [
                {"fullUrl": "urn:uuid:1cbdfb97-5859-48a4-8301-d54eab818d68", "resource": {
                    "resourceType": "MessageHeader", "meta": {"lastUpdated": now},
                    "eventCoding": {
                        "system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": "servicerequest-response"},
                    "source": {"endpoint": SERVICE + THEM}, "response": {"identifier": answered, "code": verdict},
                    "focus": [{"reference": "urn:uuid:236bb75d-90ef-461f-b71e-fde7f899802c"}]}},
                {"fullUrl": "urn:uuid:236bb75d-90ef-461f-b71e-fde7f899802c", "resource": {
                    "resourceType": "ServiceRequest", "id": f"EMAS-{request}", "meta": {"lastUpdated": now},
                    "status": "active", "intent": "plan", "subject": {"display": "not repeated"}}}]}
        Bundle.model_validate(reply)
        self.answer(200, json.dumps(reply).encode(), strange=word == "strange")

    def do_GET(self):
        try:
            check(self.path == "/FHIR/R4/metadata", self.path, 404, "REC_NOT_FOUND", "not-found")
            self.check_headers()
        except Refused as refused:
            self.server.refusals.append(str(refused))
            return self.outcome(refused.status, refused.code, refused.issue)
        self.server.asked.append(self.path)
        self.answer(200, json.dumps({"resourceType": "CapabilityStatement", "status": "active"}).encode())

    def token(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        head, claims, proof = form["client_assertion"].split(".")
        assert json.loads(decoded(head))["alg"] == "RS512" and json.loads(decoded(claims))["aud"] == self.server.token_url
        self.server.key.verify(decoded(proof), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA512())
        self.server.tokens.append(f"token-{uuid.uuid4()}")
        self.answer(200, json.dumps(
            {"access_token": self.server.tokens[-1], "token_type": "Bearer", "expires_in": "600"}).encode(), mirrored=False)

    def outcome(self, status, code, issue, after=None):
        body = {"resourceType": "OperationOutcome", "issue": [{
            "severity": "error", "code": issue, "details": {"coding": [
                {"system": "https://fhir.nhs.uk/Codesystem/http-error-codes", "code": code}]}}]}
        self.answer(status, json.dumps(body).encode(), after=after)

    def answer(self, status, content, mirrored=True, strange=False, after=None):
        self.send_response(status)
        for name in ("X-Request-Id", "X-Correlation-Id") if mirrored else ():
            if self.headers[name]:
                self.send_header(name, str(uuid.uuid4()) if strange else self.headers[name])
        if after:
            self.send_header("Retry-After", str(after))
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


OUTCOMES = {
    "400": (400, "REC_BAD_REQUEST", "invariant"), "403": (403, "SEND_FORBIDDEN", "forbidden"),
    "422": (422, "REC_UNPROCESSABLE_ENTITY", "not-supported"), "408": (408, "REC_TIMEOUT", "timeout"),
    "429": (429, "SEND_TOO_MANY_REQUESTS", "throttled", 2), "500": (500, "PROXY_SERVER_ERROR", "exception"),
    "503": (503, "REC_SERVICE_UNAVAILABLE", "transient", 2), "504": (504, "PROXY_GATEWAY_TIMEOUT", "timeout"),
    "unknown-code": (422, "REC_SOMETHING_NEW", "processing"),
}
