"""Partners drop files through a real OpenSSH server, configured by the file in deploy/, and read their answers there."""

import hashlib
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, Installation, Process, eventually, free_port, hl7, wait_for_port

SSHD = "/usr/sbin/sshd"
# An account that is there, since PostgreSQL's programs want one.
HUB_USER = pwd.getpwnam("daemon").pw_uid
# Accounts of the server alone: the files that name them are seen by no other process.
PARTNERS, GROUP = {"uhdb": 61001, "derby_homes": 61002}, 61010

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="accounts and chroot need root")


@pytest.fixture(scope="module")
def hub():
    """A hub that runs as a user of its own, its drop folders set up as the operations guide says, with sshd before them."""
    # Not in /tmp: sshd refuses a folder below one that everybody may write.
    place = pathlib.Path(tempfile.mkdtemp(prefix="hub-sftp-", dir="/srv"))
    place.chmod(0o755)
    home, drop = place / "home", place / "drop"
    home.mkdir()
    drop.mkdir(mode=0o755)
    own = place / "drop.state"
    own.mkdir(mode=0o700)
    os.chown(own, HUB_USER, HUB_USER)
    for name, user in PARTNERS.items():
        (drop / name).mkdir(mode=0o755)
        for folder, owner, group in ("in", user, HUB_USER), ("ack", HUB_USER, user), ("out", HUB_USER, user):
            path = drop / name / folder
            path.mkdir()
            os.chown(path, owner, group)
            path.chmod(0o2770)
    installation = Installation(home, outbound=False, user=HUB_USER)
    configuration = home / "hub.yaml"
    configuration.write_text(configuration.read_text().replace("drop: drop", f"drop: {drop}"))
    installation.drop, installation.place = drop, place
    server = None
    try:
        for name in PARTNERS:
            installation.partner(name)
        installation.partner("workers", kind="staff")
        installation.start()
        server = start_sshd(installation)
        yield installation
    finally:
        if server:
            server.stop()
        installation.close()
        shutil.rmtree(place, ignore_errors=True)


def start_sshd(hub):
    keys, port = hub.place / "ssh", free_port()
    keys.mkdir(mode=0o755)
    (keys / "authorized").mkdir()
    for name in ["host", *PARTNERS, "stranger"]:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True)
    for name in PARTNERS:
        shutil.copy(keys / f"{name}.pub", keys / "authorized" / name)
    (keys / "passwd").write_text(
        pathlib.Path("/etc/passwd").read_text()
        + "".join(f"{name}:x:{user}:{user}::/:/usr/sbin/nologin\n" for name, user in PARTNERS.items())
    )
    (keys / "group").write_text(
        pathlib.Path("/etc/group").read_text()
        + "".join(f"{name}:x:{user}:\n" for name, user in PARTNERS.items())
        + f"referral-partners:x:{GROUP}:{','.join(PARTNERS)}\n"
    )
    shutil.copy("/etc/shadow", keys / "shadow")
    with open(keys / "shadow", "a") as shadow:
        shadow.writelines(f"{name}:*:20000:0:99999:7:::\n" for name in PARTNERS)
    ours = (PROJECT / "deploy/sshd_drop.conf").read_text()
    assert "/srv/referral-drop/%u" in ours and "/etc/ssh/referral-keys/%u" in ours
    (keys / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys}/host\nPidFile none\nUsePAM no\n"
        "Subsystem sftp internal-sftp\n"
        + ours.replace("/srv/referral-drop/", f"{hub.drop}/").replace("/etc/ssh/referral-keys/", f"{keys}/authorized/")
    )
    pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    binds = " && ".join(f"mount --bind {keys}/{name} /etc/{name}" for name in ("passwd", "group", "shadow"))
    server = Process(
        ["unshare", "-m", "sh", "-c", f"{binds} && exec {SSHD} -D -e -f {keys}/sshd_config"], hub.place / "sshd.log"
    ).start()
    wait_for_port(port)
    hub.ssh_port, hub.ssh_keys = port, keys
    return server


def options(hub, key):
    return [
        "-i", str(hub.ssh_keys / key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
        "-o", f"UserKnownHostsFile={hub.place}/known", "-o", "ConnectTimeout=20", "-F", "none",
    ]


def sftp(hub, commands, user="uhdb", key=None):
    """Runs the commands in one session of the real client; (exit code, what it said)."""
    run = subprocess.run(
        ["sftp", "-q", "-b", "-", "-P", str(hub.ssh_port), *options(hub, key or user), f"{user}@127.0.0.1"],
        input="\n".join(commands) + "\n", capture_output=True, text=True, timeout=60, cwd=hub.place,
    )
    return run.returncode, run.stdout + run.stderr


def ssh(hub, *arguments, user="uhdb", within=60):
    return subprocess.run(
        ["ssh", "-p", str(hub.ssh_port), *options(hub, user), *arguments], capture_output=True, text=True, timeout=within
    )


def drop(hub, name, body, user="uhdb"):
    """Drops a file as partners are told to: part, rename, digest, done."""
    local = hub.place / "outbox"
    local.mkdir(exist_ok=True)
    (local / name).write_bytes(body)
    (local / f"{name}.sha256").write_text(f"{hashlib.sha256(body).hexdigest()}  {name}\n")
    (local / f"{name}.done").write_bytes(b"")
    code, said = sftp(
        hub,
        [f"put {local}/{name} in/{name}.part", f"rename in/{name}.part in/{name}", f"put {local}/{name}.sha256 in/",
         f"put {local}/{name}.done in/"], user,
    )
    assert code == 0, said


def collected(hub, name, user="uhdb"):
    """Waits for an answer, fetches it and removes it, as a partner does."""
    path = hub.place / name
    eventually(lambda: sftp(hub, [f"get ack/{name} {path}"], user)[0] == 0, 60, every=0.5, why=name)
    code, said = sftp(hub, [f"rm ack/{name}"], user)
    assert code == 0, said
    return path.read_text()


def test_a_file_is_dropped_and_its_receipt_fetched_and_removed(hub):
    name = "UHDB_REF_20261101T090000Z_0001.hl7"
    drop(hub, name, hl7("SFTP1"))
    answer = collected(hub, f"{name}.ack.json")
    assert '"status":"received"' in answer
    assert list((hub.drop / "uhdb/in").iterdir()) == [] and list((hub.drop / "uhdb/ack").iterdir()) == []
    [row] = hub.sql("SELECT state FROM record.submission WHERE channel = 'file'").splitlines()
    assert row in ("received", "accepted")


def test_a_wrong_digest_is_answered_by_a_nack(hub):
    name = "UHDB_REF_20261101T090000Z_0002.hl7"
    local = hub.place / "wrong"
    local.write_text("0" * 64 + f"  {name}\n")
    code, said = sftp(hub, [f"put {referral_file(hub)} in/{name}", f"put {local} in/{name}.sha256"])
    assert code == 0, said
    (hub.place / "empty").write_bytes(b"")
    assert sftp(hub, [f"put {hub.place}/empty in/{name}.done"])[0] == 0
    assert '"checksum"' in collected(hub, f"{name}.nack.json")


def referral_file(hub):
    """A file to be put."""
    path = hub.place / "referral.hl7"
    path.write_bytes(hl7("SFTP2"))
    return path


def test_a_link_that_a_partner_makes_is_not_followed(hub):
    name = "UHDB_REF_20261101T090000Z_0003.hl7"
    (hub.place / "empty").write_bytes(b"")
    code, said = sftp(
        hub, [f"symlink /etc/hostname in/{name}", f"put {hub.place}/empty in/{name}.sha256",
              f"put {hub.place}/empty in/{name}.done"],
    )
    assert code == 0, said
    assert '"errors"' in collected(hub, f"{name}.nack.json")


def test_what_a_partner_writes_is_for_the_hub_and_for_nobody_else(hub):
    code, said = sftp(hub, [f"put {referral_file(hub)} in/still.part"])
    assert code == 0, said
    status = (hub.drop / "uhdb/in/still.part").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (PARTNERS["uhdb"], HUB_USER, 0o640)
    assert sftp(hub, ["rm in/still.part"])[0] == 0


@pytest.mark.parametrize(
    "command",
    ["get /etc/passwd", "get ../../../etc/passwd", "ls ../derby_homes", "ls /derby_homes/in", "put referral.hl7 /x",
     "mkdir /out-of-place", "rename /in /mine", "rmdir /ack", "put referral.hl7 ../x", "get /home/hub.yaml"],
)
def test_a_partner_stays_in_its_own_folders(hub, command):
    referral_file(hub)
    code, said = sftp(hub, [command])
    assert code != 0, said
    assert "root:" not in said


def test_a_partner_sees_its_own_three_folders_only(hub):
    code, said = sftp(hub, ["ls -1 /"])
    assert code == 0 and sorted(said.split("\n")[1:-1]) == ["/ack", "/in", "/out"], said


def test_a_partner_cannot_come_in_as_another_one(hub):
    assert sftp(hub, ["ls"], user="derby_homes")[0] == 0
    for user, key in ("derby_homes", "uhdb"), ("uhdb", "stranger"):
        run = ssh(hub, f"{user}@127.0.0.1", user=key)
        assert run.returncode == 255 and "Permission denied (publickey)" in run.stderr


def test_there_is_no_shell_no_command_and_no_terminal(hub):
    for arguments in (["uhdb@127.0.0.1", "id"], ["-tt", "uhdb@127.0.0.1"], ["uhdb@127.0.0.1", "cat", "/etc/passwd"]):
        # The command that is forced in its place speaks SFTP, hears nothing of it and ends.
        run = ssh(hub, *arguments)
        assert "uid=" not in run.stdout and "root:" not in run.stdout and "$" not in run.stdout
        if "-tt" in arguments:
            assert "PTY allocation request failed" in run.stderr


def test_no_port_is_forwarded(hub):
    inner = hub.port
    local = free_port()
    forward = Process(
        ["ssh", "-N", "-p", str(hub.ssh_port), *options(hub, "uhdb"), "-L", f"127.0.0.1:{local}:127.0.0.1:{inner}",
         "uhdb@127.0.0.1"], hub.place / "forward.log",
    ).start()
    try:
        wait_for_port(local)
        run = subprocess.run(
            ["curl", "-sS", "-m", "20", f"http://127.0.0.1:{local}/healthz"], capture_output=True, text=True
        )
        assert run.returncode != 0, run.stdout
        eventually(
            lambda: "administratively prohibited" in (hub.place / "forward.log").read_text(), why="the refusal"
        )
    finally:
        forward.stop()
    # And none towards the partner: ssh ends, since it was told to when a forwarding fails.
    run = ssh(hub, "-o", "ExitOnForwardFailure=yes", "-N", "-R", f"127.0.0.1:{free_port()}:127.0.0.1:{inner}", "uhdb@127.0.0.1")
    assert run.returncode != 0 and "remote port forwarding failed" in run.stderr


def test_passwords_are_not_asked_for(hub):
    run = subprocess.run(
        ["ssh", "-p", str(hub.ssh_port), "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
         "-o", f"UserKnownHostsFile={hub.place}/known", "-o", "PubkeyAuthentication=no", "uhdb@127.0.0.1"],
        capture_output=True, text=True, timeout=60,
    )
    assert run.returncode != 0 and "(publickey)" in run.stderr


def test_the_hub_that_serves_these_folders_is_not_root(hub):
    status = pathlib.Path(f"/proc/{hub.server.process.pid}/status").read_text()
    assert f"Uid:\t{HUB_USER}\t" in status
