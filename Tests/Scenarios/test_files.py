"""Dropped files: answered by files, safe against what partners and accidents do."""

import json
import os
import signal

from conftest import eventually, hl7


def kept(hub, partner, name):
    """The folder in which a refused file is kept for staff."""
    refused = hub.home / "drop.state/refused" / partner
    [path] = eventually(lambda: list(refused.glob(f"*/{name}")), why=f"{name} among the refused")
    return path.parent


def work_items(hub):
    return [(item["kind"], item["code"], item["partner"]) for item in hub.work_items()]


def test_a_dropped_file_is_taken_and_answered(hub):
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0001.hl7", hl7("F1"))
    kind, answer = hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0001.hl7")
    assert kind == "ack" and answer["status"] == "received"
    assert hub.worked_on(answer["receipt_id"])["status"] == "accepted"


def test_a_sender_of_files_is_told_what_became_of_its_referral_as_far_as_the_person_agreed(hub):
    name = "UHDB_REF_20261101T090000Z_0009.hl7"
    hub.drop("uhdb", name, hl7("F9"))
    _, answer = hub.file_answer("uhdb", name)
    referral = hub.worked_on(answer["receipt_id"])["referrals"][0]["referral_id"]
    status = hub.home / "drop/uhdb/ack" / f"{name}.status.json"

    def say(outcome, *more):
        return json.loads(hub.hub("referral", "outcome", referral, outcome, *more))

    def told():
        return status.exists() and [one["status"] for one in json.loads(status.read_text())["outcomes"]]

    assert say("taken_on")["told"] == "withheld"
    say("taken_on", "--agreed-on", "2026-01-05")
    eventually(lambda: told() == ["taken_on"], why="the status")
    written = json.loads(status.read_text())
    assert (written["message_id"], written["receipt_id"]) == (name, answer["receipt_id"])
    assert set(written["outcomes"][0]) == {"index", "status", "at"}
    assert "state=told" in hub.hub("trace", answer["receipt_id"])
    # What is not agreed to is not written; a later one that is replaces the file.
    say("closed", "--code", "CMP")
    say("closed", "--code", "MOV", "--agreed-on", "2026-01-05")
    eventually(lambda: told() == ["closed"], why="the later status")
    assert json.loads(status.read_text())["outcomes"][0]["code"] == "MOV"


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
    second = hl7("F2", family="OTHER")
    hub.drop("uhdb", name, second)
    kind, other = hub.file_answer("uhdb", name)
    assert kind == "nack" and other["errors"][0]["code"] == "conflict"
    # Nothing of it is stored, so staff find it where it was set aside, with the answer that the partner got.
    folder = kept(hub, "uhdb", name)
    assert (folder / name).read_bytes() == second
    assert json.loads((folder / f"{name}.nack.json").read_text()) == other
    assert work_items(hub) == [("refused_submission", "conflict", "uhdb")]


def test_a_file_at_which_the_hub_dies_three_times_is_set_aside(hub):
    name, body = "UHDB_REF_20261101T090000Z_0007.hl7", hl7("F7")
    claims = hub.home / "drop.state/claimed/uhdb"
    # Whoever wants to store a submission waits now, so that the hub stands between claim and answer.
    with hub.holding("LOCK TABLE record.submission"):
        hub.drop("uhdb", name, body)
        for attempt in 1, 2, 3:
            mark = f"*.try{attempt}/{name}"
            eventually(lambda: list(claims.glob(mark)), why=f"attempt {attempt}")
            hub.server.stop(signal.SIGKILL)
            assert not list((hub.home / "drop/uhdb/ack").iterdir())
            hub.start()
        # Set aside without another look: with one, the hub would be waiting again.
        kind, answer = hub.file_answer("uhdb", name)
    assert kind == "nack" and answer["errors"][0]["code"] == "internal"
    eventually(lambda: not list(claims.iterdir()), why="an empty folder of claims")
    assert (kept(hub, "uhdb", name) / name).read_bytes() == body
    assert work_items(hub) == [("failed_file", "internal", "uhdb")]
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0008.hl7", hl7("F8"))
    assert hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0008.hl7")[0] == "ack"


def test_of_files_that_the_hub_had_in_hand_when_it_died_each_is_answered(hub):
    names = [f"UHDB_REF_20261101T090000Z_01{number:02}.hl7" for number in range(5)]
    claims = hub.home / "drop.state/claimed/uhdb"
    eventually((hub.home / "drop/uhdb/in").exists)
    with hub.holding("LOCK TABLE record.submission"):
        hub.server.stop(signal.SIGKILL)
        for number, name in enumerate(names):
            hub.drop("uhdb", name, hl7(f"G{number}"))
        hub.start()
        eventually(lambda: len(list(claims.glob("*.try1"))) == 5, why="all of them in hand together")
        hub.server.stop(signal.SIGKILL)
        hub.start()
        eventually(lambda: list(claims.glob("*.try2")), why="the first of them in hand again")
        assert len(list(claims.glob("*.try2"))) == 1 and len(list(claims.glob("*.try1"))) == 4
    receipts = [hub.file_answer("uhdb", name) for name in names]
    assert [(kind, answer["status"]) for kind, answer in receipts] == [("ack", "received")] * 5
    # The ids of receipts grow with time: they were received in the order of their names.
    assert [answer["receipt_id"] for _, answer in receipts] == sorted(answer["receipt_id"] for _, answer in receipts)
    assert work_items(hub) == []


def test_a_file_that_postgresql_refuses_for_good_is_set_aside_and_the_next_one_taken(hub):
    name, body = "UHDB_REF_20261101T090000Z_0009.hl7", hl7("F9")
    eventually((hub.home / "drop/uhdb/in").exists)
    hub.sql("ALTER TABLE record.submission ADD CONSTRAINT refused CHECK (false) NOT VALID")
    hub.drop("uhdb", name, body)
    kind, answer = hub.file_answer("uhdb", name)
    assert kind == "nack" and answer["errors"][0]["code"] == "internal"
    assert (kept(hub, "uhdb", name) / name).read_bytes() == body
    assert work_items(hub) == [("failed_file", "internal", "uhdb")]
    hub.sql("ALTER TABLE record.submission DROP CONSTRAINT refused")
    hub.drop("uhdb", "UHDB_REF_20261101T090000Z_0010.hl7", hl7("F10"))
    assert hub.file_answer("uhdb", "UHDB_REF_20261101T090000Z_0010.hl7")[0] == "ack"


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
