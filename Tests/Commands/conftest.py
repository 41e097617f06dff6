"""The command line as a user meets it. One installation with a running hub serves all tests that need one.

HUB names the hub's command (default .build/debug/hub); HUB_SAMPLES a folder of genuine sample documents, where there is one.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import HUB, PROJECT, Installation, eventually

UNKNOWN_ID = "01900000-0000-7000-8000-000000000000"

# What the person of the shared installation is called, and how nothing but a document may be.
CANARIES = ("CANARYNAME", "Canaryname", "9990000018", "Example Street", "DE1 2FS", "01632960456", "bereavement")


def pytest_sessionstart(session):
    if not os.access(HUB, os.X_OK):
        pytest.exit(f"no hub command at {HUB}: build it, or name it in HUB", returncode=1)


class Run:
    """What a command said and how it ended."""

    def __init__(self, arguments, stdin=None, environment=None, directory=PROJECT):
        environment = environment or {k: v for k, v in os.environ.items() if k not in ("HUB_CONFIG", "HUB_ADAPTERS")}
        done = subprocess.run(
            [HUB, *map(str, arguments)], env=environment, cwd=directory, capture_output=True, timeout=60, input=stdin
        )
        self.arguments, self.code, self.bytes = arguments, done.returncode, done.stdout
        self.out, self.remarks = done.stdout.decode(errors="replace"), done.stderr.decode()
        # A signal would be a crash, 1 is for tests that fail, the rest are those of sysexits.
        assert self.code in (0, 1, 64, 65, 69, 78), self

    def __repr__(self):
        return f"hub {' '.join(map(str, self.arguments))}\n-> {self.code}\n{self.out[-3000:]}\n{self.remarks[-3000:]}"


def run(*arguments, **options):
    """Runs a command that needs no installation."""
    return Run(arguments, **options)


class Shared:
    """The running hub and commands on it. Its person has an agreement with nobody."""

    def __init__(self, home):
        self.installation = Installation(home)
        self.home = self.installation.home
        # Commands reach the hub's private PostgreSQL as they would one of the operator's own.
        (self.home / "secrets/database").write_text(
            f"host={self.home}/data/postgresql-socket user=hub dbname=hub"
        )
        configuration = (self.home / "hub.yaml").read_text() + "database: { url: 'file:secrets/database' }\n"
        (self.home / "commands.yaml").write_text(configuration)
        self.environment = {**os.environ, "HUB_CONFIG": str(self.home / "commands.yaml")}
        self.environment.pop("LOG_LEVEL", None)
        self.installation.partner("uhdb")
        self.installation.partner("workers", kind="staff")
        self.installation.start()
        self.person = self.installation.person(family=CANARIES[0])

    def __call__(self, *arguments, stdin=None):
        """Runs a command, and sees to it that it prints no personal data."""
        run = Run(arguments, stdin.encode() if stdin is not None else None, self.environment)
        for canary in CANARIES:
            assert canary not in run.out + run.remarks, run
        return run


@pytest.fixture(scope="session")
def hub():
    folder = tempfile.mkdtemp(prefix="hub-")
    shared = Shared(folder)
    try:
        yield shared
    finally:
        shared.installation.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def adapters(tmp_path):
    """A copy of the adapters that may be spoilt."""
    return pathlib.Path(shutil.copytree(PROJECT / "adapters", tmp_path / "adapters"))


__all__ = ["CANARIES", "PROJECT", "UNKNOWN_ID", "Run", "eventually", "run"]
