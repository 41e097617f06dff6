"""A running hub keeps shares until a time of day and lays them down as one table, read here with Python's own `csv`."""

import csv
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually

ADVICE = ("council_derby_advice", "benefits_support")
FAMILIES = ["ALPHA", "BRAVO", "CHARLIE", "DELTA"]
NUMBERS = ["9990000018", "9990000026", "9990000034", "9990000042"]


@pytest.fixture(scope="module")
def hub():
    """A running hub with four persons, each of whom agreed that Derby Advice is told."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(
        home, outbound=False, partners=(("workers", "staff"), ("uhdb", "partner")),
        settings=["outbound: { council_derby_advice: { folder: {} } }"])
    try:
        installation.start()
        installation.out = home / "drop/council_derby_advice/out"
        installation.persons = [
            installation.person(family, number) for family, number in zip(FAMILIES, NUMBERS, strict=True)
        ]
        installation.agreements = [installation.agree(person, ADVICE) for person in installation.persons]
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def night(hub):
    """What waits for the time of day waits no longer."""
    hub.sql("UPDATE queue.state SET wait_until = now() WHERE shelf = 3")


def tables(hub):
    return sorted(path for path in hub.out.glob("*.csv")) if hub.out.exists() else []


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def ask(hub, person):
    share = hub.share(person, *ADVICE)
    assert share["state"] == "queued", share
    return share["share_id"]


def test_shares_of_a_day_leave_in_one_table_but_for_who_withdrew(hub):
    shares = [ask(hub, person) for person in hub.persons]
    waiting = hub.sql(
        "SELECT (wait_until AT TIME ZONE 'Europe/London')::time, wait_until > now() AND wait_until <= now() + interval '25 h' "
        "FROM queue.state JOIN queue.queue ON queue.id = state.queue WHERE name = 'batch.council_derby_advice'").split()
    assert waiting == ["02:00:00|t"] * 4
    time.sleep(3)
    assert tables(hub) == [] and {hub.share_state(share) for share in shares} == {"queued"}
    withdrawn = hub.staff("POST", f"/v1/agreements/{hub.agreements[1]}/withdrawals", {})
    assert withdrawn.status_code in (200, 201), withdrawn.text
    # Between the asking and the night, without anybody having been told: it is seen as it leaves.
    restricted = hub.staff(
        "PATCH", f"/v1/persons/{hub.persons[2]}/circumstances", {"objections": ["all"]})
    assert restricted.status_code == 200, restricted.text
    night(hub)
    left = [shares[0], shares[3]]
    eventually(lambda: all(hub.share_state(share) == "delivered" for share in left), 60, why="delivery")
    assert [hub.share_state(share) for share in shares[1:3]] == ["cancelled", "cancelled"]
    [table] = tables(hub)
    assert (table.parent / f"{table.name}.sha256").read_text().split()[0] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert (table.parent / f"{table.name}.done").exists()
    assert {row["ref"] for row in rows(table)} == set(left) and len(rows(table)) == 2
    assert {row["name"].split()[-1].upper() for row in rows(table)} == {"ALPHA", "DELTA"}
    schema = json.loads((pathlib.Path(__file__).resolve().parents[2]
                         / "adapters/council_derby_advice/benefits_row.schema.json").read_text())
    assert list(rows(table)[0]) == [field["name"] for field in schema["fields"]]
    for share in left:
        trace = hub.hub("trace", share)
        assert trace.count(" release ") == 1 and "outcome=delivered attempt=1" in trace
        assert "batch.council_derby_advice acknowledged, attempt 1" in trace
    assert hub.hub("ledger", "verify").startswith("the ledger holds: ")


def test_what_is_asked_for_afterwards_is_another_table(hub):
    before = tables(hub)
    share = ask(hub, hub.persons[0])
    night(hub)
    eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    [table] = [path for path in tables(hub) if path not in before]
    assert [row["ref"] for row in rows(table)] == [share]
