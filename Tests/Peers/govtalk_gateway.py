"""A GovTalk gateway of our own (envelope 2.0): strict about what it is sent, and told by a script how to answer."""

import http.server
import threading
import time
import uuid

from lxml import etree

from secure_server import SecureServer

NAMESPACE = "http://www.govtalk.gov.uk/CM/envelope"
CLASS, SENDER, PASSWORD = "LAC-JCP", "LAC-DERBY", "gateway-password"
FAULTS = {"fatal": "1046", "recoverable": "1000", "business": "3001", "unknown": "2000"}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def names(element):
    """The names of what is in an element, which must be of the envelope and nothing but elements."""
    assert not (element.text or "").strip(), element.tag
    found = []
    for child in element:
        name = etree.QName(child)
        assert name.namespace == NAMESPACE and not child.attrib and not (child.tail or "").strip(), child.tag
        found.append(name.localname)
    return found


def part(element, *path):
    for name in path:
        element = element.find(f"{{{NAMESPACE}}}{name}")
    return element


class Refused(Exception):
    pass


class GovTalkGateway(SecureServer):
    """`script` holds how each submission is taken, in order, and how polls for it are answered in a row: (taken, interval,
    answers). Taken: `ack`, one of FAULTS, `silent`, `broken` (500), `other` (another transaction) or `nameless` (no
    correlation id). Answers: `wait`, `response`, one of FAULTS, or `other` (another conversation); `response` at last.
    """

    def __init__(self, certificates):
        super().__init__(certificates, Asked)
        self.script, self.refusals, self.submitted, self.conversations = [], [], [], {}
        self.lock = threading.Lock()
        self.start()

    def read(self, body, path):
        """What is asked: qualifier, function, transaction, correlation and the document. Anything amiss raises."""
        root = etree.fromstring(body, PARSER)
        assert not root.getroottree().docinfo.doctype
        assert root.tag == f"{{{NAMESPACE}}}GovTalkMessage"
        assert names(root) == ["EnvelopeVersion", "Header", "GovTalkDetails", "Body"]
        assert part(root, "EnvelopeVersion").text == "2.0"
        assert names(part(root, "Header")) == ["MessageDetails", "SenderDetails"]
        assert names(part(root, "GovTalkDetails")) == ["Keys"] and names(part(root, "GovTalkDetails", "Keys")) == []
        details, sender = part(root, "Header", "MessageDetails"), part(root, "Header", "SenderDetails")
        assert part(details, "Class").text == CLASS and part(details, "Transformation").text == "XML"
        qualifier, function = part(details, "Qualifier").text, part(details, "Function").text
        correlation = part(details, "CorrelationID").text or ""
        body = part(root, "Body")
        assert not (body.text or "").strip()
        if (qualifier, function) == ("request", "submit"):
            assert path == "/submission"
            assert names(details) == ["Class", "Qualifier", "Function", "TransactionID", "CorrelationID", "Transformation"]
            assert names(sender) == ["IDAuthentication"]
            assert names(part(sender, "IDAuthentication")) == ["SenderID", "Authentication"]
            authentication = part(sender, "IDAuthentication", "Authentication")
            assert names(authentication) == ["Method", "Value"]
            assert part(sender, "IDAuthentication", "SenderID").text == SENDER
            assert (part(authentication, "Method").text, part(authentication, "Value").text) == ("clear", PASSWORD)
            transaction = part(details, "TransactionID").text
            assert correlation == "" and uuid.UUID(hex=transaction) and transaction == transaction.upper()
            [document] = body
            assert document.tag == "{urn:lac:jcp:v1}JobcentreReferral"
            return "submit", transaction, correlation, document
        assert (qualifier, function) in (("poll", "submit"), ("request", "delete")) and path == "/poll/here"
        assert names(details) == ["Class", "Qualifier", "Function", "CorrelationID", "Transformation"]
        assert names(sender) == [] and len(body) == 0
        return ("poll" if qualifier == "poll" else "delete"), None, correlation, None

    def message(self, qualifier, function="submit", transaction=None, correlation="", interval=None, fault=None):
        endpoint = f"https://localhost:{self.port}/poll/here"
        fields = [
            f"<Class>{CLASS}</Class><Qualifier>{qualifier}</Qualifier><Function>{function}</Function>",
            f"<TransactionID>{transaction}</TransactionID>" if transaction else "",
            f"<CorrelationID>{correlation}</CorrelationID>",
            f'<ResponseEndPoint PollInterval="{interval}">{endpoint}</ResponseEndPoint>' if interval is not None else "",
            "<GatewayTimestamp>2026-11-29T10:00:00.000</GatewayTimestamp>",
        ]
        kind = {"unknown": "fatal"}.get(fault, fault)
        errors = "" if not fault else (
            f"<GovTalkErrors><Error><RaisedBy>Gateway</RaisedBy><Number>{FAULTS[fault]}</Number><Type>{kind}</Type>"
            "<Text>Something about ANNE TESTER</Text></Error></GovTalkErrors>")
        return (
            f'<?xml version="1.0"?><GovTalkMessage xmlns="{NAMESPACE}"><EnvelopeVersion>2.0</EnvelopeVersion>'
            f"<Header><MessageDetails>{''.join(fields)}</MessageDetails><SenderDetails/></Header>"
            f"<GovTalkDetails><Keys/>{errors}</GovTalkDetails><Body/></GovTalkMessage>").encode()

    def submit(self, transaction, document):
        """The answer's bytes; None for silence."""
        taken, interval, answers = self.script.pop(0) if self.script else ("ack", 0, [])
        self.submitted.append((transaction, etree.tostring(document)))
        if taken in FAULTS:
            return self.message("error", transaction=transaction, fault=taken)
        if taken == "silent":
            return None
        if taken == "broken":
            raise Refused
        if taken == "nameless":
            return self.message("acknowledgement", transaction=transaction, interval=interval)
        correlation = uuid.uuid4().hex.upper()
        self.conversations[correlation] = {
            "transaction": transaction, "at": [time.monotonic()], "answers": list(answers), "interval": interval, "deleted": 0}
        return self.message(
            "acknowledgement", transaction="0" * 32 if taken == "other" else transaction, correlation=correlation,
            interval=interval)

    def poll(self, correlation):
        conversation = self.conversations.get(correlation)
        if not conversation or conversation["deleted"]:
            return self.message("error", correlation=correlation, fault="unknown")
        conversation["at"].append(time.monotonic())
        answer = conversation["answers"].pop(0) if conversation["answers"] else "response"
        if answer == "wait":
            return self.message("acknowledgement", correlation=correlation, interval=conversation["interval"])
        if answer == "other":
            return self.message("response", correlation="F" * 32)
        if answer in FAULTS:
            return self.message("error", correlation=correlation, fault=answer)
        return self.message("response", correlation=correlation)

    def delete(self, correlation):
        self.conversations[correlation]["deleted"] += 1
        return self.message("response", "delete", correlation=correlation)

    def conversation(self, transaction):
        """The one conversation that a submission began."""
        [found] = [one for one in self.conversations.values() if one["transaction"] == transaction]
        return found


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            assert self.headers["Content-Type"] == "text/xml; charset=utf-8"
            step, transaction, correlation, document = self.server.read(body, self.path)
        except Exception as error:
            self.server.refusals.append(repr(error))
            return self.answer(400, b"")
        with self.server.lock:
            try:
                content = (
                    self.server.submit(transaction, document) if step == "submit"
                    else self.server.poll(correlation) if step == "poll" else self.server.delete(correlation))
            except Refused:
                return self.answer(500, b"")
        if content is None:
            time.sleep(5)
            self.close_connection = True
            return
        self.answer(200, content)

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
