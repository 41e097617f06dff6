"""A running hub lays shares down on partners' own OpenSSH servers, and in folders from which they fetch over ours."""

import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually
from openssh import Server, endpoint

CARE = ("uhdb", "care_support")


class Line:
    """Stands before a server; passes bytes on, or accepts and is silent, or passes one byte of an answer a second."""

    def __init__(self, port):
        self.target, self.mode = port, "open"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            mode = self.mode
            if mode == "silent":
                threading.Thread(target=self.swallow, args=(client,), daemon=True).start()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, mode == "slow"), daemon=True).start()

    @staticmethod
    def swallow(client):
        with client:
            while client.recv(4096):
                pass

    @staticmethod
    def pump(source, target, slow):
        try:
            while part := source.recv(1 if slow else 65536):
                target.sendall(part)
                if slow:
                    time.sleep(1)
        except OSError:
            pass
        for end in source, target:
            end.close()

    def stop(self):
        self.listener.close()


@pytest.fixture
def place():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hub-sftp-out-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(place):
    (place / "partner").mkdir()
    server = Server(place / "partner")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def line(server):
    line = Line(server.port)
    yield line
    line.stop()


@pytest.fixture
def hub(place):
    """Starts a hub whose hospital trust is sent files: `hub(endpoint)`."""
    running = []

    def start(endpoint):
        home = place / "home"
        home.mkdir()
        installation = Installation(home, outbound=False)
        running.append(installation)
        installation.route("uhdb", endpoint)
        installation.adapt(
            "uhdb", ("channel: mesh", "channel: sftp"), ("    workflow: .*\n", ""), ("first: 30 s", "first: 1 s"),
            ("longest: 4 h", "longest: 2 s"),
            (r"acknowledgement: \w+(\n    acknowledge_within: .*)?", "acknowledgement: transport"))
        installation.partner("workers", kind="staff")
        installation.start()
        installation.subject = installation.person()
        installation.agree(installation.subject, CARE)
        return installation

    yield start
    for installation in running:
        installation.close()


def whole(folder):
    """The one file that lies in a folder, which must be a whole set: its name and its bytes."""
    [name] = {path.name.removesuffix(".sha256").removesuffix(".done") for path in folder.iterdir()}
    assert sorted(path.name for path in folder.iterdir()) == [name, f"{name}.done", f"{name}.sha256"]
    body = (folder / name).read_bytes()
    assert (folder / f"{name}.sha256").read_text() == f"{hashlib.sha256(body).hexdigest()}  {name}\n"
    assert (folder / f"{name}.done").read_bytes() == b""
    return name, body


def ask(hub):
    return hub.share(hub.subject, *CARE)["share_id"]


def ends(hub, share, state="delivered"):
    eventually(lambda: hub.share_state(share) == state, 90, why=state)


def attempts(hub, share):
    """How its attempts ended: (outcome, code) of each."""
    rows = hub.sql(f"SELECT outcome, code FROM record.share_attempt WHERE share = '{share}' ORDER BY attempt")
    return [tuple(row.split("|")) for row in rows.splitlines()]


def trouble(hub, share, outcome, code):
    """Waits until an attempt at a share has ended so."""
    eventually(lambda: (outcome, code) in attempts(hub, share), 90, why=f"{outcome} {code}")


def test_a_share_lies_on_the_partners_server_byte_for_byte(hub, server):
    hub = hub(endpoint(server))
    share = ask(hub)
    ends(hub, share)
    name, body = whole(server.files)
    assert body.startswith(b"MSH|") and b"9990000018" in body
    assert name.startswith("DERBY_LAC_CARE_SUPPORT_") and name.endswith(".hl7")
    assert oct((server.files / name).stat().st_mode & 0o777) == "0o640"


def test_a_key_that_is_not_taken_and_a_folder_that_is_not_there_are_a_persons_matter(hub, server):
    running = hub(endpoint(server, key="stranger"))
    share = ask(running)
    trouble(running, share, "rejected", "login_denied")
    ends(running, share, "failed")
    configuration = running.home / "hub.yaml"
    text = configuration.read_text()
    configuration.write_text(text.replace("/stranger,", "/hub,").replace("folder: in,", "folder: nowhere,"))
    running.server.stop()
    running.start()
    share = ask(running)
    trouble(running, share, "rejected", "no_such_folder")
    ends(running, share, "failed")
    assert server.names() == []


def test_silence_and_a_byte_a_second_end_and_the_share_goes_once_the_line_is_good(hub, server, line):
    hub = hub(endpoint(server, port=line.port, timeout=4))
    for mode in "silent", "slow":
        line.mode = mode
        share = ask(hub)
        trouble(hub, share, "retry", "answer_timeout")
        assert server.names() == []
        line.mode = "open"
        ends(hub, share)
        whole(server.files)
        for path in server.files.iterdir():
            path.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_waited_out(hub, server):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", server.files], check=True)
    try:
        filler = server.files / "filler"
        with pytest.raises(OSError):
            filler.write_bytes(bytes(1 << 20))
        hub = hub(endpoint(server))
        share = ask(hub)
        trouble(hub, share, "retry", "disk_full")
        assert server.names() == ["filler"]
        filler.unlink()
        ends(hub, share)
        whole(server.files)
    finally:
        subprocess.run(["umount", "-l", server.files], check=True)


def test_a_partner_that_fetches_from_our_server_finds_the_same_set(hub, place):
    hub = hub("{ folder: {} }")
    share = ask(hub)
    ends(hub, share)
    name, body = whole(hub.home / "drop/uhdb/out")
    assert body.startswith(b"MSH|")
    assert attempts(hub, share) == [("delivered", "")]
