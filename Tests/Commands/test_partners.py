"""`hub partner`: who may submit, and their credentials."""

import json
import stat

import pytest
import requests

from conftest import UNKNOWN_ID, eventually


def listed(hub, id):
    rows = [json.loads(line) for line in hub("partner", "list", "--json").out.splitlines()]
    return next((row for row in rows if row["id"] == id), None)


def answers(hub, key):
    """The status that the running hub gives to a bearer of the key: 401 when it does not know it."""
    url = f"{hub.installation.url}/v1/receipts/{UNKNOWN_ID}"
    return requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=10).status_code


def test_a_partner_is_added_once_and_listed(hub):
    added = hub("partner", "add", "derbys_police", "--name", "Derbyshire Constabulary")
    assert added.code == 0 and added.out == "derbys_police added\n"
    again = hub("partner", "add", "derbys_police", "--name", "Another name")
    assert again.code == 0 and "was there already" in again.out
    assert listed(hub, "derbys_police") == {
        "id": "derbys_police", "kind": "partner", "state": "enabled", "adapter": "derbys_police", "roles": "", "keys": "",
        "name": "Derbyshire Constabulary",
    }
    table = hub("partner", "list").out.splitlines()
    assert table[0].split() == ["ID", "KIND", "STATE", "ADAPTER", "ROLES", "KEYS", "NAME"]
    assert any(line.startswith("derbys_police ") for line in table)


def test_an_unknown_adapter_or_kind_is_refused(hub):
    unknown = hub("partner", "add", "somebody", "--name", "Somebody")
    assert unknown.code == 64 and "No adapter is named somebody" in unknown.remarks
    assert hub("partner", "add", "uhdb2", "--adapter", "nosuch", "--name", "X").code == 64
    assert hub("partner", "add", "uhdb2", "--kind", "nosuch", "--name", "X").code == 64
    assert listed(hub, "somebody") is None and listed(hub, "uhdb2") is None


def test_a_key_is_shown_once_and_ends_when_revoked(hub):
    issued = hub("partner", "key", "uhdb")
    key = issued.out.strip()
    assert issued.code == 0 and key.startswith("hub_")
    prefix, secret = key.split("_")[1:]
    assert prefix in listed(hub, "uhdb")["keys"].split()
    for command in ("partner list", "partner list --json", "doctor", "ledger export"):
        again = hub(*command.split())
        assert secret not in again.out + again.remarks, command
    assert secret not in (hub.home / "hub.log").read_text()

    assert answers(hub, key) == 404
    assert hub("partner", "revoke", prefix).out == "revoked\n"
    eventually(lambda: answers(hub, key) == 401, within=5, why="the refusal of the revoked key")
    assert prefix not in listed(hub, "uhdb")["keys"].split()
    assert hub("partner", "revoke", prefix).code == 64


def test_a_key_file_is_for_its_owner_only(hub, tmp_path):
    file = tmp_path / "key"
    issued = hub("partner", "key", "uhdb", "--to-file", file)
    key = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.startswith("hub_") and key == key.strip()
    assert key.split("_")[2] not in issued.out + issued.remarks and key.split("_")[1] in issued.out
    assert answers(hub, key) == 404


def test_a_disabled_partner_is_shut_out_until_enabled(hub):
    hub("partner", "add", "dchs", "--name", "A community trust")
    key = hub("partner", "key", "dchs").out.strip()
    assert answers(hub, key) == 404
    assert hub("partner", "disable", "dchs").out == "dchs is disabled\n"
    assert listed(hub, "dchs")["state"] == "disabled"
    eventually(lambda: answers(hub, key) == 401, within=5, why="the refusal of the disabled partner")
    assert hub("partner", "enable", "dchs").out == "dchs is enabled\n"
    eventually(lambda: answers(hub, key) == 404, within=5, why="the return of the partner")


@pytest.mark.parametrize("command", ["disable", "enable", "key"])
def test_an_unknown_partner_is_said(hub, command):
    unknown = hub("partner", command, "nosuch")
    assert unknown.code == 64 and "No partner is named nosuch" in unknown.remarks


def test_without_an_exercise_there_is_no_table_of_one(hub):
    empty = hub("nfi", "empty")
    assert empty.code == 78 and empty.out == "" and "outbound.cabinet_office.nfi_web" in empty.remarks
    uploaded = hub("nfi", "uploaded", "NAME.csv", "--by", "officer-7")
    assert uploaded.code == 65 and uploaded.out == "" and "No delivered share" in uploaded.remarks
