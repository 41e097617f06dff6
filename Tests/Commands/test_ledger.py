"""`hub ledger`: key, proofs, verification. What happens to a ledger that was tampered with: Scenarios/test_ledger.py."""

import json
import re

import pytest

from conftest import eventually


@pytest.fixture
def checkpoint(hub):
    """The size of the last signed checkpoint."""
    file = hub.home / "data/ledger.checkpoints"
    sizes = eventually(lambda: re.findall(r"^referral-hub/derby_lac\n(\d+)\n", file.read_text(), re.M), why="a checkpoint")
    return int(sizes[-1])


def test_the_public_key_is_for_everybody_and_the_secret_half_for_the_hub(hub):
    key = hub("ledger", "key")
    assert key.code == 0 and re.fullmatch(r"referral-hub/derby_lac\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n", key.out)
    assert (hub.home / "data/ledger.pub").read_text() == key.out
    assert (hub.home / "data/ledger.pub").stat().st_mode & 0o777 == 0o644
    assert (hub.home / "data/keys/ledger.key").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in key.out


def test_an_entry_is_proved_in_words_and_as_json(hub, checkpoint):
    words = hub("ledger", "prove", "--entry", 0)
    assert words.code == 0 and words.out.startswith("entry 0 is in the ledger of ")
    assert "\npath        " in words.out and "\n\u2014 referral-hub/derby_lac " in words.out
    proof = json.loads(hub("ledger", "prove", "--entry", 0, "--size", checkpoint, "--json").out)
    assert (proof["proof"], proof["size"], proof["line"]["position"]) == ("inclusion", checkpoint, 0)
    assert proof["checkpoint"].startswith(f"referral-hub/derby_lac\n{checkpoint}\n")
    proof = json.loads(hub("ledger", "prove", "--from", 1, "--to", checkpoint, "--json").out)
    assert (proof["proof"], proof["from"], proof["size"]) == ("consistency", 1, checkpoint)


def test_reading_the_ledger_is_entered_in_it(hub):
    def looks():
        lines = [json.loads(line) for line in hub("ledger", "export").out.splitlines()]
        return [said for line in lines if (said := json.loads(line["bytes"])).get("part") == "ledger"]

    looks()
    before = eventually(lambda: looks(), why="the order")
    assert eventually(lambda: len(looks()) > len(before), why="the order")
    assert {look["actor"] for look in looks()} == {"command"}


@pytest.mark.parametrize(
    "options",
    ["", "--entry 0 --from 1", "--entry 5 --size 5", "--entry -1", "--from 0", "--from 3 --to 2", "--entry 0 --to 1",
     "--from 1 --size 2"],
)
def test_a_proof_that_cannot_be_is_wrong_usage(hub, options):
    wrong = hub("ledger", "prove", *options.split())
    assert wrong.code == 64 and wrong.out == "" and "Usage: hub ledger prove" in wrong.remarks


def test_what_is_not_there_ends_with_65(hub, checkpoint, tmp_path):
    for options in ["--entry 1000000", "--entry 1 --size 1000000", "--from 1 --to 1000000"]:
        missing = hub("ledger", "prove", *options.split())
        assert missing.code == 65 and missing.out == "" and missing.remarks
    assert hub("ledger", "verify", "--checkpoints", tmp_path / "none").code == 65
    stranger = tmp_path / "stranger.pub"
    stranger.write_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n")
    unsigned = hub("ledger", "verify", "--key", stranger)
    assert unsigned.code == 65 and "is not signed by the ledger's key" in unsigned.out
    stranger.write_text("no key\n")
    assert hub("ledger", "verify", "--key", stranger).code == 78
