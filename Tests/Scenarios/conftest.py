"""A hub of its own for each scenario."""

import shutil
import tempfile

import pytest

from installation import HUB, PROJECT, Installation, eventually, hl7

__all__ = ["HUB", "PROJECT", "eventually", "hl7"]


@pytest.fixture
def home():
    folder = tempfile.mkdtemp(prefix="hub-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def hub(home):
    """A running hub whose outbound partners are configured but not started."""
    installation = Installation(home, partners=[("uhdb", "partner"), ("workers", "staff")])
    installation.start()
    yield installation
    installation.close()
