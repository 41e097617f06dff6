"""The hub's command, and NHS England's MESH sandbox behind mutual TLS, for tests against programs of others.

HUB names the hub's command (default .build/debug/hub), MESH_UVICORN the uvicorn beside mesh-sandbox (default: of this Python).
"""

import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import free_port

PROJECT = pathlib.Path(__file__).resolve().parents[2]
HUB = os.environ.get("HUB") or str(PROJECT / ".build/debug/hub")
UVICORN = os.environ.get("MESH_UVICORN") or str(pathlib.Path(sys.executable).parent / "uvicorn")


def pytest_sessionstart(session):
    if not os.access(HUB, os.X_OK):
        pytest.exit(f"no hub command at {HUB}: build it, or name it in HUB", returncode=1)


def hub(*arguments, **options):
    """Runs the command and returns what it printed, as bytes; fails with its remarks when it fails."""
    done = subprocess.run([HUB, *map(str, arguments)], capture_output=True, timeout=60, cwd=PROJECT, **options)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def eventually(condition, within=20, why="the condition"):
    """The first truthy value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{why} did not come within {within} s"
        time.sleep(0.1)
    return value


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    hub("simulate", "certificates", "--folder", folder)
    return folder


class Sandbox:
    """A running MESH: its address, and files with its secrets."""

    def __init__(self, folder, certificates):
        self.certificates, self.port = certificates, free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.password_file, self.key_file = folder / "password", folder / "shared-key"
        self.password_file.write_text("password")
        self.key_file.write_text("TestKey")
        self.log = open(folder / "mesh.log", "wb")
        self.process = subprocess.Popen(
            [HUB, "simulate", "mesh", "--port", str(self.port), "--folder", folder, "--uvicorn", UVICORN,
             "--certificates", certificates, "--shared-key-file", self.key_file, "--mailboxes", "DERBYLAC01,RTGLOCAL1"],
            stdout=self.log, stderr=self.log,
        )

    def is_up(self):
        assert self.process.poll() is None, "the sandbox ended"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def client(self, mailbox, certificate, **options):
        """NHS England's own client."""
        from mesh_client import MeshClient

        own = self.certificates / certificate
        return MeshClient(
            self.url, mailbox, "password", shared_key=b"TestKey", cert=(f"{own}.pem", f"{own}.key"),
            verify=str(self.certificates / "ca.pem"), **options,
        )

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory, certificates):
    running = Sandbox(tmp_path_factory.mktemp("mesh"), certificates)
    try:
        eventually(running.is_up, why="the MESH sandbox")
        yield running
    finally:
        running.stop()
