"""`hub keys` and `hub person erase`."""

import json
import os
import re
import stat

from conftest import UNKNOWN_ID


def test_the_keys_are_listed_for_people_and_programs(hub):
    table = hub("keys", "list")
    assert table.code == 0 and table.out.splitlines()[0].split() == ["MARK", "MADE", "STATE", "WRAPS", "ON", "DISK", "OF"]
    [key] = [json.loads(line) for line in hub("keys", "list", "--json").out.splitlines()]
    assert key["state"] == "current" and re.fullmatch("[0-9a-f]{8}", key["mark"]) and int(key["wraps"]) >= 2
    # The list names keys and shows none.
    secret = (hub.home / "data/keys/installation.key").read_text().strip().split(":")[1]
    assert secret not in table.out + table.remarks


def test_the_current_key_and_one_that_is_not_there_are_not_retired(hub):
    [key] = [json.loads(line) for line in hub("keys", "list", "--json").out.splitlines()]
    for mark, why in ((key["mark"], "is the one that wraps"), ("00000000", "does not hold the key")):
        refused = hub("keys", "retire", mark, "--by", "admin-1")
        assert refused.code == 65 and why in refused.remarks


def test_the_key_store_is_backed_up_to_a_file_and_restored_from_it(hub):
    file = hub.home / "store.hubkeys"
    made = hub("keys", "backup", "--to", file)
    assert made.code == 0 and re.fullmatch(rf"{file}: \d+ keys\n", made.out)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    over = hub("keys", "backup", "--to", file)
    assert over.code == 65 and "File exists" in over.remarks
    nowhere = hub("keys", "backup")
    assert nowhere.code == 64 and "key_store" in nowhere.remarks

    restored = hub("keys", "restore", "--from", file, "--by", "admin-1")
    assert restored.code == 0 and ", 0 put back, 0 persons erased again" in restored.out
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    altered = hub("keys", "restore", "--from", file, "--by", "admin-1")
    assert altered.code == 65 and "was altered" in altered.remarks
    file.write_bytes(b"something else")
    assert "no backup of a key store" in hub("keys", "restore", "--from", file, "--by", "admin-1").remarks
    missing = hub("keys", "restore", "--from", hub.home / "nosuch", "--by", "admin-1")
    assert missing.code == 65 and "No such file" in missing.remarks


def test_erasing_says_what_it_would_do_and_does_it_only_when_told(hub):
    arguments = ["--authority", "dsr-1", "--by", "dpo-1"]
    trial = hub("person", "erase", hub.person, *arguments)
    assert trial.code == 0 and "Nothing was done" in trial.remarks
    assert json.loads(trial.out)["persons"] == [hub.person] and json.loads(trial.out)["is_done"] is False
    assert json.loads(hub("person", "circumstances", hub.person).out)["erasure"] is None
    unknown = hub("person", "erase", UNKNOWN_ID, *arguments)
    assert unknown.code == 65 and "No person has the id" in unknown.remarks
    assert hub("person", "erase", hub.person, "--by", "dpo-1").code == 64


def test_a_legal_hold_keeps_a_person_from_being_erased(hub):
    assert hub("person", "change", hub.person, stdin='{"legal_hold": true}').code == 0
    refused = hub("person", "erase", hub.person, "--authority", "dsr-1", "--by", "dpo-1", "--yes")
    assert refused.code == 65 and "not now: a legal hold" in refused.remarks and refused.out == ""
    assert hub("person", "change", hub.person, stdin='{"legal_hold": false}').code == 0


def test_a_key_file_is_a_credential_only_where_systemd_gives_one(hub, tmp_path):
    text = (hub.home / "commands.yaml").read_text()
    for line, why in (
        ("keys: { installation: 'credential:hub.key' }", "is a credential, but this process has none"),
        ("keys: { installation: 'credential:a/b' }", "must be credential: and a name"),
        ("key_store: { keep_days: 5 }", "key_store.folder is missing"),
        ("key_store: { folder: x, keep_days: 0 }", "must be a whole number from 1 to 3650"),
    ):
        (tmp_path / "hub.yaml").write_text(f"{text}\n{line}\n")
        refused = hub("keys", "list", "--config", tmp_path / "hub.yaml")
        assert refused.code == 78 and why in refused.remarks, refused

    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in ("installation.key", "ledger.key"):
        (credentials / name).write_bytes((hub.home / "data/keys" / name).read_bytes())
        (credentials / name).chmod(0o440)
    line = "keys: { installation: 'credential:installation.key' }"
    (hub.home / "credential.yaml").write_text(f"{text}\n{line}\n")
    hub.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    try:
        listed = hub("keys", "list", "--config", hub.home / "credential.yaml")
        assert listed.code == 0 and "current" in listed.out
        rotate = hub("keys", "rotate", "--by", "admin-1", "--config", hub.home / "credential.yaml")
        assert rotate.code == 65 and "--file" in rotate.remarks
        (credentials / "installation.key").chmod(0o444)
        assert hub("keys", "list", "--config", hub.home / "credential.yaml").code == 78
    finally:
        del hub.environment["CREDENTIALS_DIRECTORY"]
