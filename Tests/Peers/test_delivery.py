"""A running hub delivers to the NHS's MESH, and the trust reads it with NHS England's own client."""

import json
import pathlib
import shutil
import sys
import tempfile

import pytest
from mesh_client import MeshClient

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from gateway import Gateway
from installation import Installation, eventually, free_port

CARE = ("uhdb", "care_support")


@pytest.fixture
def hub():
    """A running hub, the sandbox on a port that it does not know, and a person whose agreement names the trust."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    # A first retry after a second instead of half a minute.
    installation.adapt("uhdb", ("first: 30 s", "first: 1 s"))
    known, installation.mesh_port = installation.mesh_port, free_port()
    installation.start_mesh()
    gateway = Gateway(("127.0.0.1", known), home / "certificates", installation.mesh_port)
    try:
        installation.partner("workers", kind="staff")
        installation.start()
        installation.subject = installation.person()
        installation.agree(installation.subject, CARE)
        installation.gateway = gateway
        yield installation
    finally:
        gateway.stop()
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def collected(hub):
    """What the trust finds in its mailbox: (local id, workflow, sender, content) of each message; nothing is acknowledged."""
    own = hub.home / "certificates"
    with MeshClient(
        f"https://localhost:{hub.mesh_port}", "RTGLOCAL1", "password", shared_key=b"TestKey",
        cert=(str(own / "trust.pem"), str(own / "trust.key")), verify=str(own / "ca.pem"),
    ) as trust:
        messages = [trust.retrieve_message(id) for id in trust.list_messages()]
        return [(message.local_id, message.workflow_id, message.sender, message.read()) for message in messages]


def delivered(hub):
    share = hub.share(hub.subject, *CARE)["share_id"]
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    return share


def test_the_trust_reads_the_share_under_its_id(hub):
    share = delivered(hub)
    [(local_id, workflow, sender, content)] = collected(hub)
    assert (local_id, workflow, sender) == (share, "LAC_REFERRAL", "DERBYLAC01")
    header, *rest = content.decode().split("\r")
    fields = header.split("|")
    assert fields[8] == "REF^I12^REF_I12"
    # MSH-10, by which the trust's own system recognises a repeat, follows from the share's id.
    assert fields[9] == share.replace("-", "").upper()[-20:]
    person = next(segment for segment in rest if segment.startswith("PID|"))
    assert "TESTER^ANNE" in person.upper() and "9990000018^^^NHS" in person


def test_a_concern_goes_under_a_workflow_of_its_own(hub):
    asked = hub.staff("POST", "/v1/shares", {
        "person_id": hub.subject, "recipient": "uhdb", "purpose": "safeguarding", "requested_by": "coordinator-3",
        "authority_ref": "CA2014-s42-0117"}).json()
    approved = hub.staff("POST", f"/v1/shares/{asked['share_id']}/approvals", {
        "role": "officer", "verdict": "approve", "approved_by": "officer-7", "name": "Pat Officer",
        "reason": "Risk of serious harm, section 42"})
    assert approved.status_code == 200, approved.text
    eventually(lambda: hub.share_state(asked["share_id"]) == "delivered", 60, why="delivery")
    [(local_id, workflow, _, content)] = collected(hub)
    assert (local_id, workflow) == (asked["share_id"], "LAC_CONCERN")
    concern = json.loads(content)
    assert concern["version"] == "CONCERN v1" and concern["authority"] == "CA2014-s42-0117"


def test_a_share_whose_answer_was_lost_is_recognised_as_the_same(hub):
    hub.gateway.answers_to_lose = 1
    share = delivered(hub)
    assert hub.gateway.posts >= 1 and hub.gateway.answers_to_lose == 0
    messages = collected(hub)
    assert {local_id for local_id, *_ in messages} == {share}
    assert len({content for *_, content in messages}) == 1
    # MESH is asked before anything is sent again, so that there is no repeat to recognise.
    assert len(messages) == 1
    assert hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] >= 2


def test_two_shares_are_two_messages(hub):
    first, second = delivered(hub), delivered(hub)
    assert sorted(local_id for local_id, *_ in collected(hub)) == sorted([first, second])
