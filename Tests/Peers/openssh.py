"""A partner's own OpenSSH server."""

import getpass
import os
import pathlib
import shutil
import subprocess

from installation import Process, free_port, wait_for_port


class Server:
    """A partner's OpenSSH server, for the account that runs the tests, with a login folder of its own."""

    def __init__(self, place):
        self.place, self.port, self.host_key = place, free_port(), "host"
        self.files, self.receipts = place / "login/in", place / "login/ack"
        self.files.mkdir(parents=True)
        self.receipts.mkdir()
        for key in "host", "changed", "hub", "stranger":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / key], check=True)
        shutil.copy(place / "hub.pub", place / "authorized")
        self.process = None

    def pin(self):
        line = subprocess.run(
            ["ssh-keygen", "-l", "-f", self.place / "host.pub"], capture_output=True, text=True, check=True
        ).stdout
        return line.split()[1]

    def start(self):
        (self.place / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.place}/{self.host_key}\nPidFile none\nUsePAM no\n"
            f"StrictModes no\nPermitRootLogin prohibit-password\nAuthorizedKeysFile {self.place}/authorized\n"
            f"Subsystem sftp internal-sftp -d {self.place}/login\n"
        )
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process = Process(
            ["/usr/sbin/sshd", "-D", "-e", "-f", self.place / "sshd_config"], self.place / "sshd.log"
        ).start()
        wait_for_port(self.port)
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def names(self):
        return sorted(path.name for path in self.files.iterdir())


def endpoint(server, port=None, key="hub", folder="in", timeout=30):
    return (
        f"{{ sftp: {{ url: 'sftp://127.0.0.1:{port or server.port}', user: {getpass.getuser()}, key: {server.place}/{key}, "
        f"host_key: '{server.pin()}', folder: {folder}, timeout: {timeout} }} }}"
    )
