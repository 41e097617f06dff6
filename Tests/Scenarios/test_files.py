"""Dropped files: answered by files, safe against what partners and accidents do."""

import os

from conftest import eventually, hl7


def test_a_dropped_file_is_taken_and_answered(hub):
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0001.hl7", hl7("F1"))
    kind, answer = hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0001.hl7")
    assert kind == "ack" and answer["status"] == "received"
    assert hub.worked_on(answer["receipt_id"])["status"] == "accepted"


def test_the_same_name_again_is_a_duplicate_or_a_conflict(hub):
    name = "UHDB_REF_20261101T090000Z_0002.hl7"
    ack = hub.home / "drop/uhdb/ack" / f"{name}.ack.json"
    hub.drop("uhdb", name, hl7("F2"))
    _, first = hub.file_answer("uhdb", name)
    ack.unlink()
    hub.drop("uhdb", name, hl7("F2"))
    _, again = hub.file_answer("uhdb", name)
    assert again["receipt_id"] == first["receipt_id"] and again["status"] == "duplicate"
    ack.unlink()
    hub.drop("uhdb", name, hl7("F2", family="OTHER"))
    kind, other = hub.file_answer("uhdb", name)
    assert kind == "nack" and other["errors"][0]["code"] == "conflict"


def test_a_wrong_digest_is_refused(hub):
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0003.hl7", hl7("F3"), digest="0" * 64)
    kind, answer = hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0003.hl7")
    assert kind == "nack" and answer["errors"][0]["code"] == "checksum"


def test_a_symbolic_link_is_not_followed(hub):
    folder = hub.home / "drop/uhdb/in"
    eventually(folder.exists)
    name = "UHDB_REF_20261101T090000Z_0004.hl7"
    os.symlink("/etc/hostname", folder / name)
    (folder / f"{name}.sha256").write_text("0" * 64 + f"  {name}\n")
    (folder / f"{name}.done").touch()
    kind, _ = hub.file_answer("uhdb", name)
    assert kind == "nack"


def test_a_file_that_vanishes_disturbs_nothing(hub):
    folder = hub.home / "drop/uhdb/in"
    eventually(folder.exists)
    (folder / "UHDB_REF_20261101T090000Z_0005.hl7.done").touch()
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0006.hl7", hl7("F6"))
    kind, _ = hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0006.hl7")
    assert kind == "ack"
