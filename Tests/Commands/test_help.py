"""Help and usage."""

import pytest

from conftest import run

COMMANDS = (
    "serve migrate doctor keys simulate translate render adapters disclose queue trace ledger partner person referral match agreement share extract nfi emergency"
).split()


def test_alone_it_prints_help():
    alone = run()
    assert alone.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in alone.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    help = run(command, "--help")
    assert help.code == 0 and "OVERVIEW:" in help.out and "USAGE:" in help.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"], ["--nosuch"], ["translate", "--nosuch", "x"], ["translate", "x"], ["queue", "nosuch"],
        ["serve", "--only", "nosuch"], ["trace", "no-id"], ["person", "show", "no-id"], ["queue", "replay", "intake"],
        ["queue", "replay", "intake", "no-id"], ["queue", "replay", "intake", "1", "--cause", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_64_and_says_what_is_wrong(arguments):
    wrong = run(*arguments)
    assert wrong.code == 64 and wrong.out == ""
    assert wrong.remarks.startswith("Error: ") and "Usage: " in wrong.remarks


@pytest.mark.parametrize(
    "arguments, command",
    [
        (["serve", "--only", "nosuch"], "serve"), (["trace", "no-id"], "trace"),
        (["person", "show", "no-id"], "person show"), (["share", "show", "no-id"], "share show"),
        (["adapters", "test", "nosuch"], "adapters test"),
        (["render", "--adapter", "nosuch", "x"], "render"),
    ],
)
def test_what_a_command_finds_wrong_is_explained_with_its_own_usage(arguments, command):
    wrong = run(*arguments)
    assert wrong.code == 64 and wrong.out == ""
    assert f"\nUsage: hub {command} [" in wrong.remarks
    assert f"\n  See 'hub {command} --help' for more information.\n" in wrong.remarks
