"""A running hub sends extracts by the NHS's MESH; the recipient reads them with NHS England's own client, `zipfile` and `csv`."""

import csv
import datetime
import hashlib
import io
import json
import pathlib
import re
import shutil
import sys
import tempfile
import zipfile

import pytest
from mesh_client import MeshClient

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import Installation, eventually

TODAY = datetime.date.today()
NEEDS = ["falls", "transport", "isolation"]
# Of the range 999, with their check digits.
NUMBERS = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069", "9990000077",
           "9990000085", "9990000093", "9990000107", "9990000115", "9990000123"]


@pytest.fixture(scope="module")
def hub():
    """A running hub that knows twelve made-up persons, and the sandbox with the recipient's mailbox."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=(("workers", "staff"),))
    with open(home / "hub.yaml", "a") as configuration:
        configuration.write(
            f"""  necs:
    mesh:
      url: https://localhost:{installation.mesh_port}
      mailbox: DERBYLAC01
      to: GPLOCAL01
      workflow: LAC_EXTRACT
      password: file:secrets/mesh-password
      shared_key: file:secrets/mesh-shared-key
      ca: certificates/ca.pem
      certificate: certificates/hub.pem
      key: certificates/hub.key
      timeout: 5
"""
        )
    installation.start_mesh()
    try:
        installation.partner("example_church", adapter="envelope")
        installation.start()
        installation.persons = [refer(installation, number) for number in range(len(NUMBERS))]
        project(installation, "planning-2026")
        yield installation
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)


def refer(hub, number):
    envelope = {
        "message_id": f"e-{number}", "sender": "example_church", "sent_at": "2026-11-22T09:30:00Z", "type": "referral",
        "source_code": "3A", "needs": NEEDS[: number % 4 and 1],
        "person": {"given": f"Qgiven{chr(97 + number)}", "family": f"Zfamily{chr(97 + number)}", "sex": "F",
                   "dob": f"19{40 + number}-01-02", "identifiers": [{"type": "nhs_number", "value": NUMBERS[number]}]},
        "reason": "Would like company", "referrer": {"name": "A Verger", "organisation": "Example Church"},
    }
    answer = hub.post("example_church", json.dumps(envelope), "application/json")
    assert answer.status_code == 202, answer.text
    return hub.worked_on(answer.json()["receipt_id"])["referrals"][0]["person_id"]


def project(hub, id, channel="mesh", recipient="necs", purpose="health_planning"):
    hub.hub("extract", "project", "add", recipient, id, "--purpose", purpose, "--level", "anonymised", "--channel",
            channel, "--from", TODAY - datetime.timedelta(1), "--until", TODAY + datetime.timedelta(30), "--destroy-by",
            TODAY + datetime.timedelta(365))


def send(hub, project="planning-2026", recipient="necs"):
    said = json.loads(hub.hub("extract", "make", recipient, project, "--send", "--json"))
    assert said["state"] == "queued" and said["outcome"] == "PERMIT", said
    return said["extract_id"]


def shown(hub, id):
    return json.loads(hub.hub("extract", "show", id))["sending"]


def ends(hub, id, state):
    return eventually(lambda: (s := shown(hub, id))["state"] == state and s, 60, every=0.5, why=f"{id} {state}")


def recipient(hub):
    """NHS England's own client at the recipient's mailbox."""
    own = hub.home / "certificates"
    return MeshClient(
        f"https://localhost:{hub.mesh_port}", "GPLOCAL01", "password", shared_key=b"TestKey",
        cert=(str(own / "trust.pem"), str(own / "trust.key")), verify=str(own / "ca.pem"))


def objecting(hub, person, objections):
    answer = hub.staff("PATCH", f"/v1/persons/{person}/circumstances", {"objections": objections})
    assert answer.status_code == 200, answer.text


def test_an_objection_after_the_making_stops_it_and_it_is_made_anew(hub):
    hub.hub("queue", "pause", "out.necs", "--reason", "test")
    extract = send(hub)
    assert shown(hub, extract) | {"state": "queued", "attempts": 0, "has_package": True} == shown(hub, extract)
    objecting(hub, hub.persons[3], ["planning"])
    hub.hub("queue", "resume", "out.necs")
    stopped = ends(hub, extract, "stale")
    assert (stopped["failure"], stopped["attempts"], stopped["has_package"]) == ("cohort_changed", 0, False)
    [item] = [item for item in hub.work_items() if extract in item["about"]]
    assert (item["kind"], item["code"], item["partner"]) == ("failed_extract", "cohort_changed", "necs")
    with recipient(hub) as necs:
        assert necs.list_messages() == []
    trace = hub.hub("trace", extract)
    assert "stage=request outcome=PERMIT state=queued" in trace and "stage=send outcome=DENY state=stale" in trace
    assert " release " not in trace


def test_it_arrives_is_read_acknowledged_and_traced(hub):
    # One person fewer than in the one that was stopped: that one never left, and nothing can be subtracted.
    extract = send(hub)
    delivered = ends(hub, extract, "delivered")
    assert delivered["acknowledgement"]["state"] == "waiting" and delivered["has_package"] is False
    with recipient(hub) as necs:
        [id] = necs.list_messages()
        message = necs.retrieve_message(id)
        content = message.read()
        assert (message.local_id, message.workflow_id) == (extract, "LAC_EXTRACT")
        assert re.fullmatch(r"DERBY_LAC_HEALTH_PLANNING_[0-9]{8}T[0-9]{6}Z_[0-9A-F]{8}\.zip", message.filename)
        assert delivered["reference"] == id
        message.acknowledge()
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    assert archive.namelist() == ["counts.csv", "datapackage.json", "release-note.json"]
    [resource] = json.loads(archive.read("datapackage.json"))["resources"]
    table = archive.read(resource["path"])
    assert resource["hash"] == "sha256:" + hashlib.sha256(table).hexdigest() and resource["bytes"] == len(table)
    rows = list(csv.DictReader(io.StringIO(table.decode(), newline=""), strict=True))
    fields = resource["schema"]["fields"]
    assert [field["name"] for field in fields] == list(rows[0])
    for field in fields:
        rules = field.get("constraints", {})
        for text in {row[field["name"]] for row in rows} - set(resource["schema"]["missingValues"]):
            assert text in rules.get("enum", [text]) and re.fullmatch(rules.get("pattern", ".*"), text), field
    assert {row["value"]: row["count"] for row in rows if row["dimension"] == "total"} == {"all": "11"}
    note = json.loads(archive.read("release-note.json"))
    assert (note["extract"], note["recipient"], note["row_count"]) == (extract, "necs", len(rows))
    assert not [word for word in ("ZFAMILY", "QGIVEN", *NUMBERS) if word.encode() in content.upper()]

    eventually(lambda: shown(hub, extract)["acknowledgement"]["state"] == "taken", 60, every=0.5, why="the tracking")
    trace = hub.hub("trace", extract)
    kinds = re.findall(r"^\S+ +(\S+)", trace, re.M)
    wanted = ["share_decided", "queue", "release", "release_outcome", "share_acknowledged"]
    assert [kind for kind in wanted if kind in kinds] == wanted
    assert "out.necs acknowledged, attempt 1" in trace
    listed = [json.loads(line) for line in hub.hub("extract", "list", "--json").splitlines()]
    assert [(line["id"], line["state"]) for line in listed][:1] == [(extract, "delivered")]
    [said] = hub.sql(
        "SELECT convert_from(entry.bytes, 'UTF8') FROM ledger.entry JOIN record.extract_entry ON entry = entry.id "
        f"WHERE kind = 'release' AND extract = '{extract}'").splitlines()
    assert json.loads(said)["bytes_hash"] == hashlib.sha256(content).hexdigest()
    assert hub.sql(f"SELECT num_nonnulls(sealed, wrapped_key) FROM record.extract_sending WHERE extract = '{extract}'") == "0\n"
    assert hub.hub("ledger", "verify").startswith("the ledger holds: ")


def test_what_waits_can_be_taken_back_and_a_disabled_recipient_gets_nothing(hub):
    hub.hub("queue", "pause", "out.necs", "--reason", "test")
    first, second = send(hub), send(hub)
    assert hub.hub("extract", "cancel", first) == "cancelled\n"
    assert hub.hub("extract", "cancel", first, check=False).returncode == 65
    hub.hub("partner", "add", "necs", "--kind", "partner", "--name", "NECS")
    hub.hub("partner", "disable", "necs")
    hub.hub("queue", "resume", "out.necs")
    assert ends(hub, second, "stale")["failure"] == "recipient_suspended"
    assert shown(hub, first)["state"] == "cancelled"
    with recipient(hub) as necs:
        assert necs.list_messages() == []


def test_what_no_adapter_or_endpoint_sends_is_said_at_once(hub):
    project(hub, "by-sftp", channel="sftp")
    refused = hub.hub("extract", "make", "necs", "by-sftp", "--send", check=False)
    assert refused.returncode == 65 and "sends no extracts of health_planning by sftp" in refused.stderr
    project(hub, "no-endpoint", "sftp", "council_insight", "research_evaluation")
    refused = hub.hub("extract", "make", "council_insight", "no-endpoint", "--send", "--json", check=False)
    assert refused.returncode == 65 and json.loads(refused.stdout)["reason"] == "channel_not_configured"
    for options in ([], ["--send", "--out", "x"]):
        assert hub.hub("extract", "make", "necs", "planning-2026", *options, check=False).returncode == 64
    unknown = "01997f2e-6d7a-7c3b-8e4f-0000000000ff"
    assert hub.hub("extract", "cancel", unknown, check=False).returncode == 65
    acknowledged = hub.hub("extract", "acknowledge", unknown, "--verdict", "taken", "--by", "worker-1", check=False)
    assert acknowledged.returncode == 65
