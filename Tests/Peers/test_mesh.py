"""The hub's MESH client and NHS England's own understand each other, through NHS England's sandbox."""

import hashlib
import json
import socket
import subprocess

import pytest

from conftest import HUB, Sandbox, eventually

MESSAGE = (
    "MSH|^~\\&|LACHUB|DERBY|PAS|RTG|20261122093000+0000||REF^I12^REF_I12|{id}|P|2.4|||AL|AL|GBR|UNICODE UTF-8\r"
    "PID|1||9990000018^^^NHS^NH||EXAMPLE^ZOË||19500102|2\rNTE|1||{note}\r"
)


@pytest.fixture
def trust(sandbox, certificates, tmp_path):
    """The hub's client as the reader of the trust's mailbox; returns what it has kept, by control id."""
    journal = tmp_path / "journal"
    log = open(tmp_path / "trust.log", "wb")
    process = subprocess.Popen(
        [HUB, "simulate", "trust", "--url", sandbox.url, "--mailbox", "RTGLOCAL1", "--certificates", certificates,
         "--password-file", sandbox.password_file, "--shared-key-file", sandbox.key_file, "--journal", journal],
        stdout=log, stderr=log,
    )

    def kept():
        lines = journal.read_text().splitlines() if journal.exists() else []
        return {line["key"]: line for line in map(json.loads, lines)}

    try:
        yield kept
    finally:
        process.terminate()
        process.wait(15)


@pytest.mark.parametrize(
    "how",
    [{}, {"transparent_compress": True}, {"max_chunk_size": 100}, {"transparent_compress": True, "max_chunk_size": 100}],
    ids=["whole", "compressed", "in chunks", "in compressed chunks"],
)
def test_the_hub_reads_what_the_nhs_client_sends(sandbox, trust, how, request):
    control = "".join(filter(str.isalnum, request.node.name))[-20:].upper()
    content = MESSAGE.format(id=control, note="Would like company. " * 20).encode()
    with sandbox.client("DERBYLAC01", "hub", **how) as sender:
        sent = sender.send_message("RTGLOCAL1", content, workflow_id="LAC_REFERRAL", local_id=control)
        line = eventually(lambda: trust().get(control), why="the message in the trust's journal")
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        eventually(lambda: sender.track_message(sent)["status"] == "acknowledged", why="the acknowledgement")


def test_the_sandbox_ends_with_the_command_that_started_it(certificates, tmp_path):
    started = Sandbox(tmp_path, certificates)
    eventually(started.is_up, why="the MESH sandbox")
    started.stop()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", started.port)) != 0
