"""`hub migrate`, `hub doctor` and the configuration."""

import json
import os
import pathlib
import shutil
import stat
import tempfile

import pytest

from conftest import CANARIES, PROJECT, Run, run

CONFIGURATION = f"""
environment: test
organisation: {{ id: derby_lac, name: Derby Local Area Co-ordination }}
data: data
adapters: {PROJECT}/adapters
"""


@pytest.fixture(scope="module")
def fresh():
    """A folder with a configuration and nothing else; commands on it."""
    folder = tempfile.mkdtemp(prefix="hub-")
    os.chmod(folder, 0o755)
    with open(folder + "/hub.yaml", "w") as file:
        file.write(CONFIGURATION)
    environment = {**os.environ, "HUB_CONFIG": folder + "/hub.yaml"}
    environment.pop("LOG_LEVEL", None)

    def command(*arguments):
        return Run(arguments, environment=environment)

    command.folder = folder
    yield command
    shutil.rmtree(folder, ignore_errors=True)


def test_a_fresh_database_is_checked_migrated_and_current(fresh):
    check = fresh("migrate", "--check")
    assert check.code == 65
    pending = check.out.split("; ")
    assert os.listdir(fresh.folder) == ["hub.yaml"], "it only looks"
    refused = fresh("queue", "list")
    assert refused.code == 78 and "hub migrate" in refused.remarks

    migrate = fresh("migrate")
    assert migrate.code == 0
    applied = migrate.out.splitlines()
    assert applied and all(line.startswith("applied ") for line in applied)
    assert [line.removeprefix("applied ") + " is pending" for line in applied] == [line.strip() for line in pending]
    key = os.stat(fresh.folder + "/data/keys/installation.key")
    assert stat.S_IMODE(key.st_mode) in (0o400, 0o600)

    again = fresh("migrate")
    assert again.code == 0 and again.out == "nothing to apply\n"
    check = fresh("migrate", "--check")
    assert check.code == 0 and check.out == f"current: {len(applied)} migrations applied\n"


def test_nobody_is_let_in_to_a_fresh_installation(fresh):
    for kind in "staff", "partner":
        known = fresh(kind, "list", "--json")
        assert known.code == 0 and known.out == "", kind


def test_the_doctor_names_the_remedy_when_the_private_postgresql_is_stopped(fresh):
    stopped = fresh("doctor")
    assert stopped.code == 69
    assert "PostgreSQL does not answer" in stopped.out and "remedy: Start the hub: `hub serve`" in stopped.out
    rows = [json.loads(line) for line in fresh("doctor", "--json").out.splitlines()]
    assert rows and all(set(row) == {"severity", "what", "remedy"} for row in rows)


def test_a_postgresql_that_does_not_answer_ends_with_69_and_the_remedy(fresh, tmp_path):
    (tmp_path / "database").write_text(f"host={tmp_path} user=hub dbname=hub password=CANARYSECRET")
    (tmp_path / "hub.yaml").write_text(
        CONFIGURATION.replace("data: data", f"data: {fresh.folder}/data") + "database: { url: 'file:database' }\n"
    )
    for command in ("queue list", "doctor"):
        done = run(*command.split(), "--config", tmp_path / "hub.yaml")
        assert done.code == 69 and "CANARYSECRET" not in done.out + done.remarks
        assert "Check that it runs" in done.remarks or "remedy: Start PostgreSQL" in done.out


def test_a_missing_installation_key_is_never_made_anew(fresh):
    key = fresh.folder + "/data/keys/installation.key"
    os.rename(key, key + ".away")
    try:
        for command in (["queue", "list"], ["migrate"]):
            done = fresh(*command)
            assert done.code == 78 and "restore it" in done.remarks.lower() and not os.path.exists(key)
        assert "remedy: Restore" in fresh("doctor").out
    finally:
        os.rename(key + ".away", key)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_doctor_names_a_hub_that_runs_as_root_in_production_only(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "hub.yaml").write_text(CONFIGURATION)
    assert "runs as root" not in run("doctor", "--config", tmp_path / "hub.yaml").out
    (tmp_path / "hub.yaml").write_text(CONFIGURATION.replace("environment: test", "environment: production"))
    said = run("doctor", "--config", tmp_path / "hub.yaml").out
    assert "attention: " in said and "runs as root" in said and "remedy: Run the hub as a user of its own" in said
    os.chown(tmp_path / "data", 65534, 65534)
    assert "runs as root" not in run("doctor", "--config", tmp_path / "hub.yaml").out


@pytest.mark.parametrize("mode, is_told", [(0o644, True), (0o602, True), (0o640, False), (0o600, False)])
def test_the_doctor_names_in_production_a_secret_that_everybody_may_read_and_a_scanner_that_is_not_there(tmp_path, mode, is_told):
    (tmp_path / "data").mkdir()
    secret = tmp_path / "database"
    secret.write_text("host=/nowhere")
    secret.chmod(mode)
    text = CONFIGURATION + "database: { url: 'file:database' }\n"
    (tmp_path / "hub.yaml").write_text(text.replace("environment: test", "environment: production"))
    said = run("doctor", "--config", tmp_path / "hub.yaml").out
    assert (f"{secret} holds a secret, and every user of this machine may open it" in said) == is_told
    assert "attachments are not looked through for viruses" in said
    (tmp_path / "hub.yaml").write_text(text)
    said = run("doctor", "--config", tmp_path / "hub.yaml").out
    assert "holds a secret" not in said and "looked through" not in said


class TestHealthy:
    def test_the_doctor_finds_nothing_wrong(self, hub):
        well = hub("doctor")
        assert well.code == 0 and well.out == "nothing wrong\n"
        assert hub("doctor", "--json").out == ""

    def test_the_schema_is_current(self, hub):
        assert hub("migrate", "--check").code == 0
        assert hub("migrate").out == "nothing to apply\n"

    def test_a_command_beside_the_running_hub_leaves_its_postgresql_running(self, hub):
        assert "out.derby_homes" in hub.installation.hub("queue", "list")
        assert hub.installation.is_ready() and hub("doctor").code == 0

    def test_the_log_of_the_running_hub_holds_no_personal_data(self, hub):
        log = (hub.home / "hub.log").read_text()
        assert log and not [canary for canary in CANARIES if canary in log]


class TestConfiguration:
    MISTAKES = """
environment: tset
organisation: { name: X }
data: data
databse: x
database: { url: 'postgresql://hub:CANARYSECRET@host/hub' }
listen: { host: 0.0.0.0, port: 99999 }
outbound:
  derby_homes: { https: { url: 'https://homes.example.org', token: CANARYTOKEN } }
  uhdb: { mesh: { url: 'https://mesh.example.org', mailbox: A, to: B, workflow: W, password: CANARYPASSWORD } }
  nobody: {}
"""

    @pytest.mark.parametrize("command", ["doctor", "migrate", "queue list", "serve"])
    def test_every_mistake_is_printed_and_no_secret(self, tmp_path, command):
        (tmp_path / "hub.yaml").write_text(self.MISTAKES)
        done = run(*command.split(), "--config", tmp_path / "hub.yaml")
        assert done.code == 78 and done.out == "" and "CANARY" not in done.remarks
        for said in (
            "line 2: environment must be test or production",
            "line 3: organisation.id is missing",
            "line 5: databse is not known here",
            "line 6: database.url is a secret: write file:PATH or env:NAME",
            "line 7: listen.port must be a whole number",
            "line 7: listen speaks plain HTTP",
            "line 9: outbound.derby_homes.https.token is a secret",
            "line 10: outbound.uhdb.mesh.password is a secret",
            "outbound.uhdb.mesh.shared_key is missing",
            "line 11: outbound.nobody names no channel",
        ):
            assert said in done.remarks, done
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize(
        "text",
        ["", "- a list", "just text", "a: [", 'database: { url: "CANARYSECRET }', "a: &x [*x]", "\0", "[" * 10_000],
        ids=["empty", "list", "text", "truncated", "unclosed secret", "recursive", "nul", "deep"],
    )
    def test_what_is_no_configuration_is_refused_and_not_quoted(self, tmp_path, text):
        (tmp_path / "hub.yaml").write_text(text)
        done = run("doctor", "--config", tmp_path / "hub.yaml")
        assert done.code == 78 and done.remarks and "CANARY" not in done.remarks

    def test_a_missing_file_is_named(self, tmp_path):
        done = run("doctor", "--config", tmp_path / "nowhere.yaml")
        assert done.code == 78 and "nowhere.yaml cannot be read" in done.remarks

    def test_a_secret_that_is_not_there_is_named(self, tmp_path):
        (tmp_path / "hub.yaml").write_text(CONFIGURATION + "database: { url: 'env:NO_SUCH_SECRET' }\n")
        done = run("queue", "list", "--config", tmp_path / "hub.yaml")
        assert done.code == 78 and done.remarks

    def test_a_way_out_that_does_not_fit_its_adapter_is_told(self, fresh):
        fresh("migrate")
        file = pathlib.Path(fresh.folder, "hub.yaml")
        server = "{ url: 'https://127.0.0.1:1/' }"
        gateway = "{ url: 'https://127.0.0.1:1/', class: C, sender: S, password: 'env:PATH' }"
        try:
            file.write_text(CONFIGURATION + "outbound:\n"
                f"  dwp_jcp: {{ https: {server} }}\n  derby_homes: {{ govtalk: {gateway} }}\n  uhdb: {{ https: {server} }}\n"
                f"  care_provider: {{ https: {server} }}\n")
            done = fresh("queue", "list")
        finally:
            file.write_text(CONFIGURATION)
        assert done.code == 78
        for said in (
            "outbound.dwp_jcp needs `govtalk` in place of `https`: its adapter awaits a response",
            "outbound.derby_homes has `govtalk`, but its adapter awaits no response",
            "outbound.uhdb has an endpoint for https_mtls, by which its adapter sends nothing",
            "outbound.care_provider is a kind",
        ):
            assert said in done.remarks, done.remarks
