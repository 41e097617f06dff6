"""A whole hub for tests: its own data folder, private PostgreSQL, partners and keys; the partners are real processes."""

import atexit
import base64
import contextlib
import functools
import hmac
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

PROJECT = pathlib.Path(__file__).resolve().parents[2]
HUB = os.environ.get("HUB") or str(PROJECT / ".build/debug/hub")
UVICORN = str(PROJECT / ".hub/venv/bin/uvicorn")


# Below those that the system gives to whoever connects (32768 and up), who would otherwise take one before its server does; and
# apart for each of the processes that test at the same time.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = range(16_000 + 4_000 * (WORKER % 4), 20_000 + 4_000 * (WORKER % 4))
given_ports = set()


def free_port():
    """A port on which nobody listens, never given before: whoever was given it need not listen yet."""
    while True:
        # Of the system's chance, for tests that generate their data begin `random` anew.
        port = random.SystemRandom().choice(PORTS)
        if port in given_ports:
            continue
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            given_ports.add(port)
            return port


def eventually(condition, within=30, every=0.05, why="the condition"):
    """The first truthy value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{why} did not come within {within} s")
        time.sleep(every)


def one_time_code(key, at=None):
    """What an authenticator app shows (RFC 6238)."""
    secret = base64.b32decode(key.replace(" ", ""))
    counter = int(time.time() if at is None else at) // 30
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset:offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


class Process:
    """A program in the background, its remarks kept in a log."""

    def __init__(self, arguments, log, environment=None):
        self.arguments, self.log, self.environment = arguments, log, environment
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.process = None


class Installation:
    """One hub in a folder of its own. `start` and `stop` may be called again and again."""

    def __init__(self, home, outbound=True, settings=(), user=None, partners=(), model=True):
        """`partners`: pairs of name and kind that are there from the start. `model`: copy a database made before."""
        # A database knows the user of the machine that it was made for.
        model = model and user is None
        self.home = pathlib.Path(home)
        # A hub that runs as a user of its own, by number; else as whoever runs the tests.
        self.command = [HUB] if user is None else [
            "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs", HUB
        ]
        self.home.chmod(0o755)
        self.port, self.homes_port, self.mesh_port, self.admin_port = (free_port() for _ in range(4))
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "HUB_CONFIG": str(self.home / "hub.yaml"), "LOG_LEVEL": "info"}
        self.keys = {}
        self.members = {}
        self.others = []
        (self.home / "secrets").mkdir()
        (self.home / "secrets/mesh-password").write_text("password")
        (self.home / "secrets/mesh-shared-key").write_text("TestKey")
        if model:
            self.copy(data_of(tuple(partners)), partners)
        if user is not None:
            for path in self.home, *self.home.rglob("*"):
                os.chown(path, user, user)
        lines = [
            "environment: test",
            "organisation: { id: derby_lac, name: Derby Local Area Co-ordination }",
            "data: data",
            f"adapters: {PROJECT}/adapters",
            f"listen: {{ host: 127.0.0.1, port: {self.port} }}",
            f"admin: {{ port: {self.admin_port} }}",
            "drop: drop",
            "bars: { services: [999000] }",
            *settings,
        ]
        if outbound:
            lines += [
                "outbound:",
                f"  derby_homes: {{ https: {{ url: 'https://localhost:{self.homes_port}/housing/v1', "
                "ca: certificates/ca.pem, certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 5 } }",
                f"  uhdb: {{ mesh: {{ url: 'https://localhost:{self.mesh_port}', mailbox: DERBYLAC01, to: RTGLOCAL1, "
                "workflows: { uhdb_referral: LAC_REFERRAL, uhdb_concern: LAC_CONCERN }, password: 'file:secrets/mesh-password', "
                "shared_key: 'file:secrets/mesh-shared-key', ca: certificates/ca.pem, "
                "certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 5 } }",
            ]
            self.hub("simulate", "certificates", "--folder", self.home / "certificates")
        (self.home / "hub.yaml").write_text("\n".join(lines) + "\n")
        self.server = self.serving()
        if not model:
            self.hub("migrate")
            for name, kind in partners:
                self.partner(name, kind)

    def configure(self, old, new):
        """Puts other text in the place of some of the configuration, which must be there."""
        file = self.home / "hub.yaml"
        text = file.read_text()
        assert old in text, old
        file.write_text(text.replace(old, new))

    def adapt(self, partner, *changes, first=False):
        """Changes how a partner is sent to, in a copy of the adapters that is this hub's own.

        `changes`: pairs of a pattern, which must be found in the adapter below `outbound:`, and what takes its place;
        `first`: only where it is found first, which is in the first way out.
        """
        own = self.home / "adapters"
        if not own.exists():
            shutil.copytree(PROJECT / "adapters", own)
            self.configure(f"adapters: {PROJECT}/adapters", "adapters: adapters")
        definition = own / partner / "adapter.yaml"
        inbound, outbound = definition.read_text().split("\noutbound:\n")
        for pattern, new in changes:
            outbound, found = re.subn(pattern, new, outbound, count=1 if first else 0)
            assert found, pattern
        definition.write_text(f"{inbound}\noutbound:\n{outbound}")

    def route(self, partner, endpoint):
        """Configures the way to a partner, in YAML, in place of what stood on its line."""
        file = self.home / "hub.yaml"
        key = f'  "{partner}":' if ":" in partner else f"  {partner}:"
        lines = [line for line in file.read_text().splitlines() if not line.startswith(key)]
        if "outbound:" not in lines:
            lines.append("outbound:")
        file.write_text("\n".join([*lines, f"{key} {endpoint}"]) + "\n")

    def copy(self, model, partners):
        """Takes the database and the keys of another installation as its own."""
        subprocess.run(["cp", "-a", model / "data", self.home / "data"], check=True)
        for name, _ in partners:
            self.keys[name] = (model / f"secrets/{name}.key").read_text()

    def hub(self, *arguments, check=True, stdin=None):
        """Runs a command of the hub; its standard output as text."""
        run = subprocess.run(
            [*self.command, *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=120, input=stdin
        )
        if check and run.returncode != 0:
            raise AssertionError(f"hub {arguments} gave {run.returncode}: {run.stdout}{run.stderr}")
        return run.stdout if check else run

    def serving(self, *options):
        """A process of the hub, not started yet."""
        return Process([*self.command, "serve", *map(str, options)], self.home / "hub.log", self.environment)

    def start(self):
        self.server.start()
        eventually(self.is_ready, 60, why="the hub's readiness")
        return self

    def is_ready(self):
        assert self.server.process.poll() is None, (self.home / "hub.log").read_text()[-2000:]
        try:
            return requests.get(self.url + "/readyz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def partner(self, name, kind="partner", adapter=None):
        """Adds a partner and gives its key."""
        if name not in self.keys:
            extra = ["--adapter", adapter] if adapter else []
            self.hub("partner", "add", name, "--kind", kind, "--name", name, *extra)
            file = self.home / f"secrets/{name}.key"
            self.hub("partner", "key", name, "--to-file", file)
            self.keys[name] = file.read_text()
        return self.keys[name]

    def member(self, name, *roles, control_room=None):
        """Makes an account of staff, or of a control room, and sets it up by its link as its owner would."""
        words = ["--control-room", control_room] if control_room else [word for role in roles for word in ("--role", role)]
        link = self.hub("staff", "add", name, *words).strip()
        page = requests.get(link).text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        key = re.search(r'id="code-key">([A-Z2-7 ]+)<', page).group(1)
        password = f"correct horse battery {name}"
        self.members[name] = (password, key)
        answer = requests.post(
            link.split("?")[0], {**fields, "password": password, "again": password, "code": one_time_code(key)},
            allow_redirects=False)
        assert answer.status_code == 303, answer.text

    def credentials(self, name):
        """What a member of staff types to sign in. Each code is taken once in half a minute, which tests do not wait for."""
        self.sql(f"UPDATE record.staff_account SET code_step = NULL WHERE id = '{name}'")
        password, key = self.members[name]
        return {"name": name, "password": password, "code": one_time_code(key)}

    def signed_in(self, name):
        """A browser without scripts in which a member of staff is signed in, and the answer to signing in."""
        session = requests.Session()
        answer = session.post(self.url + "/staff/sign-in", self.credentials(name), allow_redirects=False)
        return session, answer

    def authorised(self, name, **headers):
        return {"Authorization": "Bearer " + self.keys[name], **headers}

    def post(self, partner, body, media_type, **headers):
        return requests.post(
            self.url + "/v1/referrals",
            data=body,
            headers=self.authorised(partner, **{"Content-Type": media_type, **headers}),
            timeout=30,
        )

    def staff(self, method, path, body=None, **headers):
        self.partner("workers", kind="staff")
        return requests.request(
            method, self.url + path, headers=self.authorised("workers", **headers), json=body, timeout=30
        )

    def receipt(self, id):
        return self.staff("GET", f"/v1/receipts/{id}").json()

    def worked_on(self, id):
        """The receipt once intake is through with it."""
        return eventually(
            lambda: (r := self.receipt(id)) and r["status"] != "waiting" and r, 60, why="intake"
        )

    def person(self, family="TESTER", number="9990000018", born="19500102", id=None):
        """A referral of an invented person from the hospital, worked on; the person's id."""
        self.partner("uhdb")
        receipt = self.post("uhdb", hl7(id or f"M{time.time_ns()}", family, number, born), "application/hl7-v2")
        assert receipt.status_code == 202, receipt.text
        worked = self.worked_on(receipt.json()["receipt_id"])
        assert worked["referrals"], worked
        return worked["referrals"][0]["person_id"]

    def agree(self, person, *lines):
        scope = [{"recipient": recipient, "purposes": [purpose]} for recipient, purpose in lines]
        answer = self.staff(
            "POST",
            "/v1/agreements",
            {"person_id": person, "signed_on": "2026-01-05", "signed_by": "subject", "scope": scope},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["agreement_id"]

    def share(self, person, recipient, purpose):
        answer = self.staff("POST", "/v1/shares", {"person_id": person, "recipient": recipient, "purpose": purpose})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def share_state(self, id):
        return self.staff("GET", f"/v1/shares/{id}").json()["state"]

    def start_derby_homes(self, *options):
        """Derby Homes behind HTTPS, a process of its own."""
        homes = Process(
            [HUB, "simulate", "derby-homes", "--port", str(self.homes_port), "--certificates",
             str(self.home / "certificates"), "--journal", str(self.home / "homes.journal"), *options],
            self.home / "homes.log",
        ).start()
        self.others.append(homes)
        wait_for_port(self.homes_port)
        return homes

    def start_mesh(self):
        """The real mesh-sandbox behind TLS, a process of its own."""
        mesh = Process(
            [HUB, "simulate", "mesh", "--port", str(self.mesh_port), "--folder", str(self.home / "mesh"), "--uvicorn",
             UVICORN, "--certificates", str(self.home / "certificates"), "--shared-key-file",
             str(self.home / "secrets/mesh-shared-key"), "--mailboxes", "DERBYLAC01,RTGLOCAL1,GPLOCAL01"],
            self.home / "mesh.log",
        ).start()
        self.others.append(mesh)
        wait_for_port(self.mesh_port)
        return mesh

    def homes_received(self):
        return read_journal(self.home / "homes.journal")

    def start_trust(self):
        """The hospital trust, which collects its MESH mailbox."""
        trust = Process(
            [HUB, "simulate", "trust", "--url", f"https://localhost:{self.mesh_port}", "--mailbox", "RTGLOCAL1",
             "--certificates", str(self.home / "certificates"), "--password-file",
             str(self.home / "secrets/mesh-password"), "--shared-key-file", str(self.home / "secrets/mesh-shared-key"),
             "--journal", str(self.home / "trust.journal")],
            self.home / "trust.log",
        ).start()
        self.others.append(trust)
        return trust

    def trust_collected(self):
        return read_journal(self.home / "trust.journal")

    def drop(self, partner, name, body, digest=None, done=True):
        """Drops a file as a partner does: part, rename, digest, done."""
        import hashlib

        folder = self.home / "drop" / partner / "in"
        eventually(folder.exists, why="the partner's folder")
        (folder / (name + ".part")).write_bytes(body)
        (folder / (name + ".part")).rename(folder / name)
        (folder / (name + ".sha256")).write_text(f"{digest or hashlib.sha256(body).hexdigest()}  {name}\n")
        if done:
            (folder / (name + ".done")).touch()

    def program(self, name, *arguments):
        """A program of PostgreSQL, to be run on the hub's own server as the owner of everything."""
        path = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1]
        return [str(path), "-h", str(self.home / "data/postgresql-socket"), "-U", "hub", *arguments, "hub"]

    def dump(self):
        """All of the database as SQL text, as a backup would hold it."""
        return subprocess.run(self.program("pg_dump"), capture_output=True, check=True, timeout=120).stdout.decode()

    def sql(self, statement):
        """Runs a statement behind the hub's back; what it gives as text, unaligned."""
        command = self.program("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout

    @contextlib.contextmanager
    def without_database(self):
        """PostgreSQL is stopped at once, as by a crash, and started again afterwards."""
        control = str(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1])
        data = self.home / "data/postgresql"
        owner = data.stat().st_uid

        def run(*arguments):
            as_owner = ["setpriv", f"--reuid={owner}", "--clear-groups"] if os.geteuid() == 0 and owner != 0 else []
            subprocess.run([*as_owner, control, "-D", data, "-w", *arguments], check=True, capture_output=True, timeout=60)

        options = [option.strip('"') for option in (data / "postmaster.opts").read_text().split()[1:]]
        run("stop", "-m", "immediate")
        try:
            yield
        finally:
            run("start", "-l", "/dev/null", "-o", " ".join(option for option in options if option not in ("-D", str(data))))

    @contextlib.contextmanager
    def holding(self, statement):
        """Holds what a statement locks, in a transaction of its own."""
        command = self.program("psql", "-XqAt", "-v", "ON_ERROR_STOP=1")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            session.stdin.write(f"BEGIN;\n{statement};\n\\echo held\n")
            session.stdin.flush()
            assert session.stdout.readline() == "held\n"
            yield
            session.stdin.close()

    def work_items(self):
        """What waits for staff."""
        return [json.loads(line) for line in self.hub("work", "list", "--json").splitlines()]

    def file_answer(self, partner, name):
        folder = self.home / "drop" / partner / "ack"

        def answer():
            for kind in ("ack", "nack"):
                path = folder / f"{name}.{kind}.json"
                if path.exists():
                    return kind, json.loads(path.read_text())
            return None

        return eventually(answer, why=f"the answer to {name}")

    def close(self):
        self.server.stop()
        for other in self.others:
            other.stop()
        assert not (refused := self.refused_by_database()), f"the database refused the hub's own statements: {refused}"

    def refused_by_database(self):
        """What the hub's roles lacked a right for, by PostgreSQL's log: no test may find such a way, however seldom taken."""
        logs = (self.home / "data/postgresql/log").glob("*")
        return [
            line for log in logs for line in log.read_text(errors="replace").splitlines()
            if "permission denied" in line or "row-level security policy" in line
        ]


@functools.cache
def data_of(partners):
    """The folder of an installation that was migrated, given these partners and never started: a model to copy.

    To make a database takes longer than most tests.
    """
    folder = tempfile.mkdtemp(prefix="hub-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Installation(folder, outbound=False, partners=partners, model=False).home


def read_journal(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_port(port):
    def accepts():
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(accepts, 40, why=f"port {port}")


def hl7(id, family="TESTER", number="9990000018", born="19500102"):
    """A hospital's REF^I12 about an invented person."""
    return "\r".join(
        [
            rf"MSH|^~\&|PAS|RTG|LACHUB|DERBYLAC|20261101093000+0000||REF^I12^REF_I12|{id}|P|2.4|||AL|AL|GBR|UNICODE UTF-8",
            f"RF1|P^Pending^HL70283|R^Routine^HL70280|Soc^Social^L||O^Outpatient^HL70284|{id}^RTG|20261101",
            "PRD|RP^Referring Provider^HL70286|NURSE^TEST||||01632960123||N1",
            f"PID|1||{number}^^^NHS^NH~L{id}^^^RTG^PI||{family}^ANNE^^^MRS^^L||{born}|2|||1 Example Street^^Derby^^DE1 2FS^GBR^H||01632960456",
            "NTE|1||Lonely since a bereavement; would like company",
        ]
    ).encode()
