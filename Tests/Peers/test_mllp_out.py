"""A running hub delivers HL7 v2 over MLLP to python-hl7's own server, under mutual TLS."""

import pathlib
import shutil
import sys
import tempfile

import hl7
import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from engine import Engine
from installation import Installation, eventually

CARE = ("uhdb", "care_support")


@pytest.fixture(scope="module")
def hub():
    """A running hub whose adapter for the trust sends by MLLP, and a person whose agreement names the trust."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    installation.adapt(
        "uhdb", ("channel: mesh", "channel: mllp"), ("    workflow: .*\n", ""),
        ("acknowledgement: reply", "acknowledgement: hl7"), ("first: 30 s", "first: 1 s"), first=True)
    engine = Engine(home / "certificates")
    installation.route(
        "uhdb", f"{{ mllp: {{ host: localhost, port: {engine.port}, ca: certificates/ca.pem, "
        "certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 2 } }")
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
