"""The running hub works as the roles of its functions, and as nobody else; the database refuses the rest."""

import shutil
import subprocess
import tempfile

import pytest

from conftest import Installation, eventually, hl7


def refusal(hub, role, statement):
    """What PostgreSQL says to a statement as a role; nothing where it is obeyed."""
    command = hub.program("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", f"SET ROLE {role}", "-c", statement)
    return subprocess.run(command, capture_output=True, timeout=60, text=True).stderr


def test_the_whole_way_needs_nothing_of_the_operators_role(hub):
    for schema in ("record", "access", "ledger", "queue"):
        hub.sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM hub_app; REVOKE ALL ON SCHEMA {schema} FROM hub_app")
    hub.sql("REVOKE ALL ON SEQUENCE queue.position FROM hub_app")
    hub.start_derby_homes()
    receipt = hub.post("uhdb", hl7("RIGHTS-1"), "application/hl7-v2").json()["receipt_id"]
    person = hub.worked_on(receipt)["referrals"][0]["person_id"]
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")
    eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="delivery")
    hub.drop("uhdb", "rights-2.hl7", hl7("RIGHTS-2"))
    assert hub.file_answer("uhdb", "rights-2.hl7")[0] == "ack"
    assert "delivered" in hub.hub("trace", share["share_id"])
    assert "holds" in hub.hub("ledger", "verify")


@pytest.mark.parametrize("role", [
    "hub_app", "hub_serve", "hub_ingest", "hub_worker", "hub_emergency", "hub_console", "hub_audit", "hub_retention",
    "hub_partners",
])
def test_no_role_changes_the_ledger_or_the_schema(owned, role):
    for statement in [
        "UPDATE ledger.entry SET kind = 'release'", "DELETE FROM ledger.entry", "TRUNCATE ledger.entry",
        "ALTER TABLE ledger.entry DISABLE TRIGGER ALL", "CREATE TABLE record.mine (at timestamptz)",
        "CREATE TEMPORARY TABLE mine (at timestamptz)", "DROP TABLE record.share",
    ]:
        said = refusal(owned, role, statement)
        assert "permission denied" in said or "must be owner" in said, (statement, said)


@pytest.fixture(scope="module")
def owned():
    """An installation whose log is not looked at: what is refused here is refused on purpose."""
    folder = tempfile.mkdtemp(prefix="hub-")
    installation = Installation(folder, outbound=False)
    installation.start()
    yield installation
    installation.server.stop()
    shutil.rmtree(folder, ignore_errors=True)
