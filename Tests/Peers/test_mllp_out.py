"""A running hub delivers HL7 v2 over MLLP to python-hl7's own server, under mutual TLS."""

import asyncio
import pathlib
import shutil
import ssl
import sys
import tempfile
import threading

import hl7
import pytest
from hl7.mllp import start_hl7_server

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, Installation, eventually, free_port

CARE = ("uhdb", "care_support")


class Engine:
    """A trust's integration engine. `script` says how the next messages are answered, each by codes in a row; then AA.

    `other` acknowledges a message that was never sent, and no code at all is silence.
    """

    def __init__(self, certificates):
        self.port, self.script, self.received, self.connections = free_port(), [], [], 0
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.loop, self.is_up = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.is_up.wait(20)

    def run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            start_hl7_server(self.serve, host="127.0.0.1", port=self.port, ssl=self.context))
        self.is_up.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                message = await reader.readmessage()
                self.received.append(str(message))
                for code in self.script.pop(0) if self.script else ["AA"]:
                    answer = message.create_ack(ack_code="AA" if code == "other" else code)
                    if code == "other":
                        answer.segment("MSA").assign_field("NEVERSENT", 2)
                    writer.writemessage(answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def ids(self):
        return [str(hl7.parse(message).segment("MSH")[10]) for message in self.received]

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


@pytest.fixture(scope="module")
def hub():
    """A running hub whose adapter for the trust sends by MLLP, and a person whose agreement names the trust."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    shutil.copytree(PROJECT / "adapters", home / "adapters")
    definition = home / "adapters/uhdb/adapter.yaml"
    text = definition.read_text()
    for old, new in [
        ("channel: mesh", "channel: mllp"), ("    workflow: uhdb_referral\n", ""), ("acknowledgement: reply", "acknowledgement: hl7"),
        ("first: 30 s", "first: 1 s"),
    ]:
        assert old in text
        text = text.replace(old, new, 1)
    definition.write_text(text)
    engine = Engine(home / "certificates")
    lines = (home / "hub.yaml").read_text().replace(f"adapters: {PROJECT}/adapters", "adapters: adapters").splitlines()
    lines = [line for line in lines if not line.startswith("  uhdb: ")] + [
        f"  uhdb: {{ mllp: {{ host: localhost, port: {engine.port}, ca: certificates/ca.pem, "
        "certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 2 } }"]
    (home / "hub.yaml").write_text("\n".join(lines) + "\n")
    try:
        installation.partner("workers", kind="staff")
        installation.start()
        installation.subject = installation.person()
        installation.agree(installation.subject, CARE)
        installation.engine = engine
        yield installation
    finally:
        installation.close()
        engine.stop()
        shutil.rmtree(home, ignore_errors=True)


def shared(hub, *script, state="delivered"):
    """One share, asked for while the engine answers by the script; what the engine then received under its id."""
    hub.engine.script = [list(codes) for codes in script]
    share = hub.share(hub.subject, *CARE)["share_id"]
    eventually(lambda: hub.share_state(share) == state, 60, why=state)
    # MSH-10 follows from the share's id.
    id = share.replace("-", "").upper()[-20:]
    return share, [message for message, own in zip(hub.engine.received, hub.engine.ids()) if own == id]


def test_the_trust_receives_what_its_own_library_can_read(hub):
    _, [message] = shared(hub)
    parsed = hl7.parse(message)
    assert str(parsed.segment("MSH")[9]) == "REF^I12^REF_I12"
    assert "9990000018" in str(parsed.segment("PID")) and "TESTER" in str(parsed.segment("PID")).upper()


def test_messages_follow_each_other_on_one_connection(hub):
    shared(hub)
    before = hub.engine.connections
    for _ in range(3):
        shared(hub)
    assert hub.engine.connections == before


def test_an_error_of_the_application_is_final(hub):
    share, messages = shared(hub, ["AE"], state="failed")
    assert len(messages) == 1 and "hl7_ae" in hub.hub("trace", share)


@pytest.mark.parametrize("first, code", [
    (["AR"], "hl7_ar"), (["other"], "answer_mismatch"), ([], "answer_timeout"), (["CA"], "application_answer_timeout"),
])
def test_what_was_not_taken_for_sure_is_sent_again_byte_for_byte(hub, first, code):
    share, messages = shared(hub, first)
    assert len(messages) == 2 and len(set(messages)) == 1
    assert code in hub.hub("trace", share)


def test_the_commit_answer_is_followed_by_the_applications(hub):
    _, messages = shared(hub, ["CA", "AA"])
    assert len(messages) == 1


def test_an_acknowledgement_that_comes_twice_is_not_the_next_ones(hub):
    shared(hub, ["AA", "AA", "AA"])
    share, messages = shared(hub, ["AE"], state="failed")
    assert len(messages) == 1 and "hl7_ae" in hub.hub("trace", share)
