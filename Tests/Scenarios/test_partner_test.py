"""`hub partner test`: the way to a partner, tried without personal data; and certificates near their end."""

import datetime
import json
import subprocess

import requests
from conftest import eventually


def steps(hub, partner):
    """What was tried, by channel and step; and the exit code."""
    run = hub.hub("partner", "test", partner, "--json", check=False)
    return {row["step"]: row for row in map(json.loads, run.stdout.splitlines())}, run.returncode


def test_each_step_of_the_way_is_told(hub):
    tried, code = steps(hub, "derby_homes")
    assert code == 69
    assert tried["certificate"]["outcome"] == "passed"
    connection = tried["connection, TLS and an answer"]
    assert (connection["channel"], connection["outcome"]) == ("https_mtls", "failed")
    assert "no connection" in connection["seen"]

    hub.start_derby_homes()
    tried, code = steps(hub, "derby_homes")
    assert code == 0 and all(row["outcome"] == "passed" for row in tried.values())
    # Nothing was left there.
    assert hub.homes_received() == []

    hub.start_mesh()
    tried, code = steps(hub, "uhdb")
    assert code == 0 and tried["handshake of our mailbox"]["outcome"] == "passed"
    assert "uhdb_concern as LAC_CONCERN, uhdb_referral as LAC_REFERRAL" in tried["workflows"]["seen"]
    (hub.home / "secrets/mesh-password").write_text("another")
    tried, code = steps(hub, "uhdb")
    assert code == 69 and tried["handshake of our mailbox"]["outcome"] == "failed"
    assert "another" not in json.dumps(tried)

    unknown = hub.hub("partner", "test", "nobody", check=False)
    assert unknown.returncode == 64 and "outbound.nobody" in unknown.stderr


def test_a_certificate_near_its_end_is_told_weeks_before(hub):
    own = hub.home / "certificates"
    for days, severity in (30, "attention"), (-1, "fault"):
        # faketime is not at hand: a certificate that ends when it should, of the same key.
        subprocess.run(
            ["openssl", "x509", "-req", "-in", request(own), "-signkey", own / "hub.key", "-out", own / "hub.pem",
             "-days", str(days)],
            check=True, capture_output=True)
        found = [json.loads(line) for line in hub.hub("doctor", "--json", check=False).stdout.splitlines()]
        told = [row for row in found if "outbound.derby_homes.https_mtls.certificate" in json.dumps(row)]
        assert told and severity in json.dumps(told[0]), found
        assert "valid until" in json.dumps(told[0])


def test_what_ends_within_weeks_is_told(hub):
    def told():
        return [json.loads(line) for line in hub.hub("doctor", "--json", check=False).stdout.splitlines()]

    assert not [row for row in told() if "uhdb" in json.dumps(row)]
    hub.hub("partner", "add", "derbys_police", "--name", "A force")
    hub.hub("partner", "key", "derbys_police", "--to-file", hub.home / "police.key", "--days", "20")
    soon = (datetime.date.today() + datetime.timedelta(days=20)).isoformat()
    settings = (hub.home / "hub.yaml").read_text()
    secret = "password: 'file:secrets/mesh-password'"
    assert secret in settings
    (hub.home / "hub.yaml").write_text(
        settings.replace(secret, f"password: {{ from: 'file:secrets/mesh-password', expires: {soon} }}"))
    found = json.dumps(told())
    assert "secret outbound.uhdb.mesh.password: ends" in found and "api key derbys_police: ends" in found
    hub.server.stop()
    hub.start()
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text
    assert 'hub_ends_seconds{kind="secret",about="outbound.uhdb.mesh.password"}' in figures
    eventually(lambda: "something ends soon" in (hub.home / "hub.log").read_text(), why="the log")
    (hub.home / "hub.yaml").write_text(settings.replace(
        secret, "password: { from: 'file:secrets/mesh-password', expires: 2026-01-31 }"))
    assert [row["severity"] for row in told() if "mesh.password" in json.dumps(row)] == ["fault"]


def request(own):
    file = own / "hub.csr"
    subprocess.run(
        ["openssl", "req", "-new", "-key", own / "hub.key", "-subj", "/CN=hub", "-out", file], check=True,
        capture_output=True)
    return file
