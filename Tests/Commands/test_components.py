"""The components that `deploy/security/updates.md` lists are those that the hub is made of, from where it says."""

import json
import pathlib
import re

PROJECT = pathlib.Path(__file__).parents[2]
LIST = (PROJECT / "deploy/security/updates.md").read_text().partition("## Components")[2]
SWIFT, DEBIAN = LIST.split("It is linked with")
PACKAGE = (PROJECT / "Package.swift").read_text()
# What the build has taken; it writes the file.
PINS = json.loads((PROJECT / "Package.resolved").read_text())["pins"]
OWNERS = {"apple", "hummingbird-project", "jpsim", "swift-server", "vapor"}


def listed(text):
    """The names in the first column."""
    return {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}


def test_each_swift_package_is_listed_and_no_other():
    assert {pin["identity"] for pin in PINS} == listed(SWIFT)
    wanted = {url.rsplit("/", 1)[-1].lower() for url in re.findall(r'\.package\(url: "([^"]+)"', PACKAGE)}
    assert wanted and wanted <= listed(SWIFT)
    assert not re.search(r"\.package\((path|name)|branch:|\.binaryTarget", PACKAGE)


def test_each_comes_by_commit_from_a_repository_that_is_known():
    for pin in PINS:
        host, owner, _ = pin["location"].removeprefix("https://").split("/")
        assert pin["location"].startswith("https://") and host == "github.com" and owner in OWNERS, pin["location"]
        assert re.fullmatch("[0-9a-f]{40}", pin["state"]["revision"]) and "version" in pin["state"], pin["identity"]


def test_each_library_of_the_system_is_listed_and_no_other():
    libraries = set(re.findall(r'"([\w.+-]+)"', " ".join(re.findall(r"\.apt\(\[(.*?)\]\)", PACKAGE, re.DOTALL))))
    needed = set(re.findall(r"^need ([\w.+-]+)$", (PROJECT / "deploy/prepare").read_text(), re.MULTILINE))
    assert len(libraries) >= 7 and libraries <= needed
    tools = {"pkg-config", "openssl", "curl"}
    assert (needed - tools) | {"postgresql"} == listed(DEBIAN)
    assert all(f"`{tool}`" in DEBIAN for tool in tools)
