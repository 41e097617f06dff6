"""The table of the National Fraud Initiative: shares that officers approved wait for the sheet's day and leave as one file,
read here with Python's own `csv`, beside its report."""

import csv
import datetime
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually

TODAY = datetime.date.today()
SHEET = """exercise: NFI-TEST
data_set: Personal budgets
extract_on: {extract_on}
upload_by: {upload_by}
columns:
  - {{ name: Our reference, from: Reference, required: true, longest: 36 }}
  - {{ name: Last name, from: Surname, required: true, longest: 8 }}
  - {{ name: Middle names }}
  - {{ name: First name, from: Forename, required: true }}
  - {{ name: DoB, from: Date of birth, required: true, format: dd/mm/yyyy }}
  - {{ name: Post code, from: Postcode, required: true, format: postcode }}
"""
HEADER = ["Our reference", "Last name", "Middle names", "First name", "DoB", "Post code"]
# Family name, NHS number of the range 999, birth date.
PEOPLE = [("ALPHA", "9990000018", "19500102"), ("BRAVO", "9990000026", "19511231"), ("CHARLIESON", "9990000034", "19500102"),
          ("DELTA", "9990000042", "19620704"), ("ECHO", "9990000050", "19500102")]


def sheet(hub, first, last):
    """Puts the exercise's sheet in place, for days from today on."""
    days = {"extract_on": TODAY + datetime.timedelta(days=first), "upload_by": TODAY + datetime.timedelta(days=last)}
    (hub.home / "nfi.yaml").write_text(SHEET.format(**days))


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(
        home, outbound=False, partners=(("workers", "staff"), ("uhdb", "partner")),
        settings=["outbound: { cabinet_office: { nfi_web: { folder: handover, sheet: nfi.yaml } } }"])
    sheet(installation, 2, 60)
    try:
        installation.start()
        installation.persons = [installation.person(family, number, born) for family, number, born in PEOPLE]
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def ask(hub, person, exercise="NFI-TEST"):
    body = {"person_id": person, "recipient": "cabinet_office", "purpose": "nfi", "authority_ref": exercise,
            "requested_by": "coordinator-3"}
    answer = hub.staff("POST", "/v1/shares", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "parked", answer.text
    return answer.json()["share_id"]


def approve(hub, share):
    """As an officer and then a second person, as the policy wants."""
    for role, who in ("officer", "officer-7"), ("second", "officer-8"):
        body = {"role": role, "verdict": "approve", "approved_by": who, "name": "Pat Officer", "reason": "The exercise"}
        answer = hub.staff("POST", f"/v1/shares/{share}/approvals", body)
        assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "queued", answer.text


def files(hub, ending=".csv"):
    return sorted(path for path in (hub.home / "handover").iterdir() if path.name.endswith(ending))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def test_what_was_approved_leaves_as_one_table_by_the_sheet_on_its_day(hub):
    tried = hub.hub("partner", "test", "cabinet_office")
    assert "closed to others" in tried and "NFI-TEST, Personal budgets: 6 columns" in tried
    early = hub.hub("nfi", "empty", check=False)
    assert early.returncode == 65 and "day has not come" in early.stderr

    alpha, bravo, charlie, delta, echo = [ask(hub, person) for person in hub.persons]
    again, other = ask(hub, hub.persons[0]), ask(hub, hub.persons[3], exercise="NFI-BEFORE")
    # The officer sees the row by the sheet, or why there will be none.
    preview = hub.staff("GET", f"/v1/shares/{alpha}/preview")
    assert preview.text.splitlines()[1] == f'"{alpha}","ALPHA","","ANNE","02/01/1950","DE1 2FS"', preview.text
    refused = hub.staff("GET", f"/v1/shares/{charlie}/preview")
    assert refused.status_code == 409 and "'Last name' has more than 8 characters" in refused.text
    assert "CHARLIESON" not in refused.text
    for share in alpha, bravo, charlie, delta, echo, again, other:
        approve(hub, share)
    waiting = hub.sql(
        "SELECT (wait_until AT TIME ZONE 'Europe/London')::text FROM queue.state JOIN queue.queue ON queue.id = state.queue "
        "WHERE name = 'batch.cabinet_office'").splitlines()
    assert waiting == [f"{TODAY + datetime.timedelta(days=2)} 00:00:00"] * 7
    assert hub.staff("POST", f"/v1/shares/{bravo}/cancellations", {}).status_code == 200
    # Between the approval and the day.
    changed = hub.staff("PATCH", f"/v1/persons/{hub.persons[4]}/circumstances", {"restricted_on": TODAY.isoformat()})
    assert changed.status_code == 200 and hub.share_state(echo) == "parked", changed.text
    assert files(hub) == []

    # Moved back, what is woken too early waits on; moved forward, it leaves when the hub starts.
    hub.sql("UPDATE queue.state SET wait_until = now() WHERE shelf = 3")
    eventually(lambda: "exercise_not_begun" in hub.hub("trace", alpha), why="the look at the day")
    # Another exercise's does not wait for the next one.
    eventually(lambda: hub.share_state(other) == "failed", why="the refusal")
    assert hub.share_state(alpha) == "queued" and files(hub) == []
    hub.server.stop()
    sheet(hub, 0, 60)
    hub.start()
    eventually(lambda: hub.share_state(alpha) == hub.share_state(delta) == "delivered", 60, why="delivery")
    eventually(lambda: all(hub.share_state(share) == "failed" for share in (charlie, again)), why="the refusals")
    assert [hub.share_state(bravo), hub.share_state(echo)] == ["cancelled", "parked"]

    [table] = files(hub)
    assert (table.parent.stat().st_mode & 0o777, table.stat().st_mode & 0o777) == (0o700, 0o600)
    read = rows(table)
    assert list(read[0]) == HEADER
    assert [(row["Our reference"], row["Last name"], row["DoB"]) for row in read] == [
        (alpha, "ALPHA", "02/01/1950"), (delta, "DELTA", "04/07/1962")]
    [report] = files(hub, ".check.json")
    assert report.name == f"{table.name}.check.json" and report.stat().st_mode & 0o777 == 0o600
    told = json.loads(report.read_text())
    assert told["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert (told["rows"], told["columns"], told["shares"]) == (2, HEADER, [alpha, delta])
    left_out = {row["share_id"]: row["code"] for row in told["left_out"]}
    assert left_out == {charlie: "sheet_longest.last_name", again: "sheet_one_per"}
    assert not any(family.lower() in report.read_text().lower() for family, _, _ in PEOPLE)

    left_out[other] = "sheet_exercise"
    items = {item["about"]: item["code"] for item in hub.work_items() if item["kind"] == "failed_share"}
    assert {share: code for share, code in left_out.items() if any(share in about for about in items)} == left_out
    assert sorted(items.values()) == sorted(left_out.values())
    # A row that the sheet refuses never counts as released; what left has its entry before, and its outcome after.
    assert " release " not in hub.hub("trace", charlie) and " release " not in hub.hub("trace", other)
    trace = hub.hub("trace", alpha)
    assert trace.count(" release ") == 1 and "outcome=delivered" in trace and "authority=NFI-TEST" in trace
    assert "batch.cabinet_office acknowledged" in trace
    assert hub.hub("ledger", "verify").startswith("the ledger holds: ")

    # Nobody but a person says that it was uploaded.
    share = hub.staff("GET", f"/v1/shares/{alpha}").json()
    assert share["reference"] == table.name and share["acknowledgement"]["awaited"] == "manual"
    assert share["acknowledgement"]["state"] == "waiting"
    for arguments, status, said in ((["X.csv", "--by", "officer-7"], 65, "No delivered share"),
                                    ([table.name, "--by", "Pat Officer"], 64, "--by is an id")):
        run = hub.hub("nfi", "uploaded", *arguments, check=False)
        assert run.returncode == status and said in run.stderr, run.stderr
        assert "Pat Officer" not in run.stderr
    assert hub.hub("nfi", "uploaded", table.name, "--by", "officer-7") == "2 acknowledged\n"
    told = [hub.staff("GET", f"/v1/shares/{share}").json()["acknowledgement"] for share in (alpha, delta)]
    assert [(one["state"], one["told_by"]) for one in told] == [("taken", "command/officer-7")] * 2
    empty = hub.hub("nfi", "empty", check=False)
    assert empty.returncode == 65
    assert all(count in empty.stderr for count in ("2 delivered", "1 parked", "2 failed")), empty.stderr
    assert files(hub) == [table]

    # Whom staff let go all the same leaves as another table: only rows of one are held against each other.
    hub.hub("queue", "replay", "batch.cabinet_office", "--cause", "sheet_one_per")
    eventually(lambda: hub.share_state(again) == "delivered", 60, why="delivery")
    [other] = [path for path in files(hub) if path != table]
    assert [row["Our reference"] for row in rows(other)] == [again]


def test_an_exercise_with_nothing_to_tell_has_an_empty_table_until_its_last_day(hub):
    # As if nobody had been asked for.
    hub.sql("UPDATE record.share SET authority_ref = 'NFI-BEFORE' WHERE state <> 'parked'")
    [parked] = [item["about"] for item in hub.work_items() if item["kind"] == "parked_share"]
    share = next(word for word in parked.replace("=", " ").split() if hub.staff("GET", f"/v1/shares/{word}").ok)
    assert hub.staff("POST", f"/v1/shares/{share}/cancellations", {}).status_code == 200
    name = hub.hub("nfi", "empty").strip()
    table = hub.home / "handover" / name
    assert next(csv.reader(table.open(newline=""), strict=True)) == HEADER and rows(table) == []
    told = json.loads((table.parent / f"{name}.check.json").read_text())
    assert (told["rows"], told["shares"], told["left_out"]) == (0, [], [])

    hub.server.stop()
    sheet(hub, -9, -1)
    hub.start()
    tried = hub.hub("partner", "test", "cabinet_office", check=False)
    assert tried.returncode == 69 and "last day is over" in tried.stdout
    closed = hub.hub("nfi", "empty", check=False)
    assert closed.returncode == 65 and "last day is over" in closed.stderr
    late = ask(hub, hub.persons[1])
    approve(hub, late)
    eventually(lambda: hub.share_state(late) == "failed", 60, why="the refusal")
    assert hub.staff("GET", f"/v1/shares/{late}").json()["failure"] == "exercise_closed"


def test_a_sheet_with_mistakes_keeps_the_hub_from_starting(hub):
    hub.server.stop()
    file = hub.home / "nfi.yaml"
    file.write_text(file.read_text().replace("from: Surname", "from: Surnam").replace("format: postcode", "format: zip"))
    run = hub.hub("nfi", "check", "--adapters", pathlib.Path(__file__).resolve().parents[2] / "adapters", file, check=False)
    assert run.returncode == 65 and f"{file}:7: columns[1].from: " in run.stdout and "did you mean 'Surname'?" in run.stdout
    assert f"{file}:11: columns[5].format: no such format" in run.stdout
    run = hub.hub("serve", check=False)
    assert run.returncode == 78 and "outbound.cabinet_office.nfi_web.sheet" in run.stderr
    assert "did you mean 'Surname'?" in run.stderr and "columns[5].format" in run.stderr
