"""The installation's key is changed while the hub serves, a person is erased, and whole files go after some days."""

import json
import threading
import time

import pytest
import requests

from conftest import eventually, hl7
from installation import Installation


@pytest.fixture
def hub(home):
    installation = Installation(
        home, partners=[("uhdb", "partner"), ("workers", "staff")], settings=["key_store: { folder: keystore, keep_days: 30 }"]
    )
    installation.start()
    yield installation
    installation.close()


def keys(hub):
    return [json.loads(line) for line in hub.hub("keys", "list", "--json").splitlines()]


def shared(hub):
    """Commands reach the hub's private PostgreSQL while it serves."""
    (hub.home / "secrets/database").write_text(f"host={hub.home}/data/postgresql-socket user=hub dbname=hub")
    text = (hub.home / "hub.yaml").read_text()
    (hub.home / "commands.yaml").write_text(text + "database: { url: 'file:secrets/database' }\n")
    hub.environment = {**hub.environment, "HUB_CONFIG": str(hub.home / "commands.yaml")}


def test_a_key_is_changed_under_load_and_nothing_is_lost(hub):
    shared(hub)
    person = hub.person()
    answered, bodies, refused, stop = {}, {}, [], threading.Event()

    def send(worker):
        session, number = requests.Session(), 0
        while not stop.is_set():
            id = f"K{worker}-{number}"
            number += 1
            bodies[id] = hl7(id, family="ROTATE", number="", born=f"19{number % 90 + 10}0102")
            answer = session.post(
                hub.url + "/v1/referrals", data=bodies[id],
                headers=hub.authorised("uhdb", **{"Content-Type": "application/hl7-v2"}), timeout=10,
            )
            if answer.status_code == 202:
                answered[id] = answer.json()["receipt_id"]
            else:
                refused.append((answer.status_code, answer.text))

    workers = [threading.Thread(target=send, args=(n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    eventually(lambda: len(answered) > 60, 60, why="load")
    [first] = keys(hub)
    assert first["state"] == "current" and int(first["wraps"]) > 60
    before = len(answered)
    said = hub.hub("keys", "rotate", "--batch", 20, "--by", "admin-1")
    assert "wraps everything" in said and "key store backed up" in said
    eventually(lambda: len(answered) > before + 30, 60, why="load after the change")
    stop.set()
    for worker in workers:
        worker.join()
    assert not refused
    old, new = keys(hub)
    assert (old["mark"], old["state"], new["state"]) == (first["mark"], "old", "current")

    # What was wrapped a moment before the change and stored after it, another run wraps anew.
    if old["wraps"] != "0":
        hub.hub("keys", "rotate", "--by", "admin-1")
    too_soon = hub.hub("keys", "retire", old["mark"], "--by", "admin-1", check=False)
    assert too_soon.returncode in (0, 65)
    if too_soon.returncode:
        assert "Try again" in too_soon.stderr
        eventually(
            lambda: hub.hub("keys", "retire", old["mark"], "--by", "admin-1", check=False).returncode == 0, 90, 2,
            why="retiring the old key",
        )
    assert [key["mark"] for key in keys(hub)] == [new["mark"]]
    for id, receipt in answered.items():
        assert hub.worked_on(receipt)["status"] in ("accepted", "incomplete"), id

    # What opens now opens by the new key alone, for the process that served through it all and for one that did not.
    for _ in range(2):
        shown = hub.staff("GET", f"/v1/persons/{person}/circumstances")
        assert shown.status_code == 200
        again = hub.post("uhdb", bodies["K0-0"], "application/hl7-v2")
        assert again.status_code == 200 and again.json()["receipt_id"] == answered["K0-0"], "found by the same index"
        assert int(keys(hub)[0]["wraps"]) >= 2 * len(answered)
        hub.server.stop()
        hub.start()
    assert hub.post("uhdb", hl7("after", family="ROTATE"), "application/hl7-v2").status_code == 202
    ledger = hub.hub("ledger", "export")
    assert ledger.count("installation_key") >= 3


def test_a_person_is_erased_while_the_hub_serves(hub):
    shared(hub)
    person = hub.person(family="ERASED")
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")["share_id"]
    assert hub.share_state(share) in ("queued", "sending")
    arguments = ["person", "erase", person, "--authority", "dsr-7", "--by", "dpo-1"]
    # Nobody answers at Derby Homes: between two attempts nothing is under way.
    trial = eventually(
        lambda: (r := hub.hub(*arguments, check=False)).returncode == 0 and json.loads(r.stdout), 60, 0.2, why="a trial"
    )
    assert trial["is_done"] is False and trial["cancelled_shares"] == [share]
    assert hub.share_state(share) in ("queued", "sending"), "a trial does nothing"
    done = eventually(
        lambda: (r := hub.hub(*arguments, "--yes", check=False)).returncode == 0 and json.loads(r.stdout), 60, 0.2,
        why="the erasure",
    )
    assert done["is_done"] and done["documents"] == 1 and done["complete_in_backups_at"] > time.strftime("%Y-%m-%d")
    assert hub.share_state(share) == "cancelled"
    again = hub.staff(
        "POST", "/v1/shares", {"person_id": person, "recipient": "derby_homes", "purpose": "housing_support"}
    )
    assert again.status_code == 201 and again.json()["state"] == "refused", again.text
    assert "record_erased" in again.text
    assert hub.staff("GET", f"/v1/persons/{person}/circumstances").json()["erasure"] == "done"
    # A repeat is still recognised, and who is referred again is somebody new.
    assert hub.person(family="ERASED") != person
    note = [f for f in map(json.loads, hub.hub("doctor", "--json", check=False).stdout.splitlines()) if f["severity"] == "note"]
    assert len(note) == 1 and "complete in backups on" in note[0]["what"]
    assert "key_destroyed" in hub.hub("trace", person)
    assert "the ledger holds" in hub.hub("ledger", "verify")


HEADINGS = "First name,Surname,Date of birth,Phone,Reason,Referrer name"
# Nobody like anybody else, so that nobody has to decide whether two are one.
WHOLE = ["Anne,Good,01/02/1950,01632960001,Lonely,A Volunteer", "Bob,Better,05/06/1971,01632960002,Lonely,A Volunteer",
         "Cleo,Best,03/04/1961,01632960003,Needs advice,A Volunteer"]
TORN = ["Dora,Wren,07/08/1949,01632960004,Lonely,A Volunteer", "Ed,Torn,05/06/1972",
        "Fay,Lark,09/10/1965,01632960005,Needs advice,A Volunteer"]
ALONE = ["Gus,Heron,11/12/1938,01632960006,Lonely,A Volunteer"]


def test_a_file_of_many_goes_after_its_days_and_its_rows_stay(hub):
    hub.partner("derby_community_action")
    whole, torn, single = ("\n".join([HEADINGS, *rows, ""]).encode() for rows in (WHOLE, TORN, ALONE))

    def post(body, id):
        return hub.post("derby_community_action", body, "text/csv", **{"Idempotency-Key": id})

    def raw(receipt):
        return hub.staff("GET", f"/v1/submissions/{receipt}/document")

    def rows(receipt):
        return [one["referral_id"] for one in hub.receipt(receipt)["referrals"]]

    def read(referral):
        return hub.staff("GET", f"/v1/referrals/{referral}").json()["referral"]["person"]["family"]

    def findings():
        return [json.loads(line)["what"] for line in hub.hub("doctor", "--json", check=False).stdout.splitlines()]

    hub.drop("derby_community_action", "LIST_1.csv", whole)
    kind, answer = hub.file_answer("derby_community_action", "LIST_1.csv")
    assert kind == "ack"
    first = answer["receipt_id"]
    second, alone = (post(body, id).json()["receipt_id"] for body, id in ((torn, "LIST-2"), (single, "ONE")))
    for receipt, count in (first, 3), (second, 2), (alone, 1):
        assert len(hub.worked_on(receipt)["referrals"]) == count
    shared(hub)
    [dead] = hub.work_items()
    assert dead["kind"] == "rejected_part" and second in dead["about"]

    # What a month does.
    hub.sql("UPDATE record.document SET file_since = file_since - interval '31 days'")
    eventually(lambda: raw(first).status_code == 410, 90, 0.5, why="the end of the file")
    gone = raw(first).json()
    assert gone["type"] == "urn:lac:problem:document_destroyed" and "On 20" in gone["detail"]
    told = hub.receipt(first)
    assert told["status"] == "accepted" and told["document_destroyed_at"] > told["received_at"]
    own = requests.get(f"{hub.url}/v1/receipts/{first}", headers=hub.authorised("derby_community_action")).json()
    assert own["status"] == "accepted" and "document_destroyed_at" not in own
    assert hub.sql(f"SELECT count(*) FROM record.document WHERE receipt = '{first}'").strip() == "0"
    assert [read(referral) for referral in rows(first)] == ["Good", "Better", "Best"]
    # One row is dead, and of another file somebody stands alone.
    assert raw(second).content == torn and "document_destroyed_at" not in hub.receipt(second)
    assert raw(alone).status_code == 200
    assert "1 files are kept beyond their 30 days, for work items that are open" in findings()
    trace = hub.hub("trace", first)
    assert "key_destroyed" in trace and "reason=file_past" in trace

    # Mended, it goes as well.
    hub.hub("work", "done", dead["id"], "--by", "worker-1")
    eventually(lambda: raw(second).status_code == 410, 90, 0.5, why="the end of the mended file")
    assert [read(referral) for referral in rows(second)] == ["Wren", "Lark"]
    assert not [what for what in findings() if "files are kept" in what]

    # What becomes of a row is told by the file's name all the same, and a repeat is known.
    outcome = {"outcome": "taken_on", "agreed_on": "2026-01-05"}
    assert hub.staff("POST", f"/v1/referrals/{rows(first)[0]}/outcome", outcome).status_code == 200
    status = hub.home / "drop/derby_community_action/ack/LIST_1.csv.status.json"
    written = json.loads(eventually(lambda: status.exists() and status.read_text(), why="the status"))
    assert written["message_id"] == "LIST_1.csv" and written["outcomes"][0]["status"] == "taken_on"
    again = post(torn, "LIST-2")
    assert again.status_code == 200 and again.json()["receipt_id"] == second
    assert "the ledger holds" in hub.hub("ledger", "verify")
