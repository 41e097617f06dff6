"""A running hub converses with a strict GovTalk gateway: submit, acknowledgement, poll, response or error, delete."""

import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from govtalk_gateway import CLASS, PASSWORD, SENDER, GovTalkGateway
from installation import Installation, eventually

JOBCENTRE = ("dwp_jcp", "support_referral")


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=[("uhdb", "partner"), ("workers", "staff")])
    gateway = GovTalkGateway(home / "certificates")
    (home / "secrets/gateway").write_text(PASSWORD)
    installation.adapt("dwp_jcp", ("first: 1 min, longest: 4 h", "first: 1 s, longest: 1 s"), ("per_second: 1", "per_second: 20"))
    installation.route("dwp_jcp", (
        f"{{ govtalk: {{ url: 'https://localhost:{gateway.port}/submission', class: {CLASS}, sender: {SENDER}, "
        "password: 'file:secrets/gateway', ca: certificates/ca.pem, certificate: certificates/hub.pem, "
        "key: certificates/hub.key, timeout: 3 } }"))
    try:
        installation.start()
        installation.subject = installation.person()
        installation.agree(installation.subject, JOBCENTRE)
        installation.gateway = gateway
        yield installation
    finally:
        installation.close()
        gateway.stop()
        shutil.rmtree(home, ignore_errors=True)


def transaction(share):
    return share.replace("-", "").upper()


def submissions(hub, share):
    return [document for id, document in hub.gateway.submitted if id == transaction(share)]


def shown(hub, share):
    return hub.staff("GET", f"/v1/shares/{share}").json()


def attempts(hub, share):
    rows = hub.sql(f"SELECT outcome, code FROM record.share_attempt WHERE share = '{share}' ORDER BY attempt")
    return [tuple(row.split("|")) for row in rows.splitlines()]


def items(hub, share):
    rows = hub.sql(
        f"SELECT kind, code FROM record.work_item WHERE share = '{share}' AND kind <> 'dead_letter' AND state = 'open'")
    return [tuple(row.split("|")) for row in rows.splitlines()]


def test_the_conversation_goes_on_until_the_department_has_answered(hub):
    cases = {
        "answered": ("ack", 1, ["response"]),
        "late": ("ack", 12, ["wait", "response"]),
        "refused": ("ack", 0, ["business"]),
        "failed": ("ack", 0, ["fatal"]),
        "mixed_up": ("ack", 0, ["other", "response"]),
        "busy": ("ack", 0, ["recoverable", "response"]),
    }
    hub.gateway.script = list(cases.values())
    # One person's shares go in the order in which they were asked for.
    shares = {name: hub.share(hub.subject, *JOBCENTRE)["share_id"] for name in cases}
    told = {
        name: eventually(
            lambda: (s := shown(hub, shares[name]))["acknowledgement"]["state"] != "waiting" and s, 60, why=name)
        for name in cases if eventually(lambda: shown(hub, shares[name]).get("acknowledgement"), why=name)
    }
    assert hub.gateway.refusals == []
    for name in "answered", "late", "mixed_up", "busy":
        known = told[name]["acknowledgement"]
        assert (told[name]["state"], known["awaited"], known["state"], known["told_by"]) == (
            "delivered", "response", "taken", "channel"), name
        assert items(hub, shares[name]) == []
    assert told["refused"]["state"] == "delivered"
    assert told["refused"]["acknowledgement"]["code"] == "govtalk_business_3001"
    assert items(hub, shares["refused"]) == [("refused_share", "govtalk_business_3001")]
    assert (told["failed"]["state"], told["failed"]["failure"]) == ("failed", "govtalk_fatal_1046")
    assert items(hub, shares["failed"]) == [("failed_share", "govtalk_fatal_1046")]
    for name, share in shares.items():
        # Submitted once, asked as often as needed, and closed once.
        [document] = submissions(hub, share)
        assert b"<Surname>TESTER</Surname>" in document and share.encode() in document
        conversation = hub.gateway.conversation(transaction(share))
        assert len(conversation["at"]) == 1 + len(cases[name][2])
        eventually(lambda: conversation["deleted"] == 1, 20, why=f"the end of the conversation {name}")
    # The gateway is left alone for as long as it wants.
    times = hub.gateway.conversation(transaction(shares["late"]))["at"]
    assert all(after - before >= 11.9 for before, after in zip(times, times[1:])), times
    assert "holds" in hub.hub("ledger", "verify")
    log = (hub.home / "hub.log").read_text()
    assert "TESTER" not in log.upper() and PASSWORD not in log


def test_what_was_not_taken_is_tried_again_or_shown_and_what_may_have_been_is_never_submitted_twice(hub):
    cases = {
        "later": ([("recoverable", 0, []), ("ack", 0, [])], "delivered", [("retry", "govtalk_recoverable_1000"), ("delivered", "")]),
        "fatal": ([("fatal", 0, [])], "failed", [("rejected", "govtalk_fatal_1046")]),
        "silent": ([("silent", 0, [])], "failed", [("unknown", "answer_timeout")]),
        "broken": ([("broken", 0, [])], "failed", [("unknown", "http_500")]),
        "other": ([("other", 0, [])], "failed", [("unknown", "answer_mismatch")]),
        "nameless": ([("nameless", 0, [])], "failed", [("unknown", "answer_unreadable")]),
    }
    for name, (script, state, expected) in cases.items():
        hub.gateway.script = list(script)
        share = hub.share(hub.subject, *JOBCENTRE)["share_id"]
        found = eventually(lambda: (s := shown(hub, share))["state"] in ("delivered", "failed") and s, 60, why=name)
        assert (found["state"], attempts(hub, share)) == (state, expected), name
        assert len(submissions(hub, share)) == len(script), name
        if expected[0][0] == "unknown":
            assert (found["failure"], items(hub, share)) == ("outcome_unknown", [("failed_share", "outcome_unknown")])
    assert hub.gateway.refusals == []


def test_after_a_crash_the_conversation_goes_on_and_nothing_is_submitted_again(hub):
    hub.gateway.script = [("ack", 4, ["response"])]
    share = hub.share(hub.subject, *JOBCENTRE)["share_id"]
    eventually(lambda: shown(hub, share)["state"] == "delivered", 60, why="the acknowledgement")
    hub.server.stop(signal.SIGKILL)
    hub.start()
    eventually(lambda: shown(hub, share)["acknowledgement"]["state"] == "taken", 60, why="the response")
    assert len(submissions(hub, share)) == 1 and hub.gateway.refusals == []
    eventually(lambda: hub.gateway.conversation(transaction(share))["deleted"] == 1, 20, why="the end of the conversation")


def test_the_way_is_tried_without_a_document(hub):
    before = len(hub.gateway.submitted)
    hub.hub("partner", "test", "dwp_jcp")
    assert len(hub.gateway.submitted) == before
