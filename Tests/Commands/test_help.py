"""Help and usage."""

import subprocess

import pytest

from conftest import run

COMMANDS = (
    "serve migrate doctor keys simulate translate render adapters disclose policy top work queue trace ledger partner staff rights person referral"
    " match agreement share extract nfi emergency"
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_every_command(shell):
    script = run("--generate-completion-script", shell)
    assert script.code == 0
    for command in COMMANDS:
        assert command in script.out


def test_a_shell_takes_the_script_and_completes(tmp_path):
    (tmp_path / "hub.bash").write_text(run("--generate-completion-script", "bash").out)
    words = "COMP_WORDS=(hub queue re); COMP_CWORD=2; COMP_LINE='hub queue re'; COMP_POINT=12; _hub hub re queue; echo ${COMPREPLY[*]}"
    done = subprocess.run(
        ["bash", "-c", f". {tmp_path}/hub.bash; {words}"], capture_output=True, text=True, timeout=30)
    assert set(done.stdout.split()) == {"replay", "resume"}, done.stderr


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
