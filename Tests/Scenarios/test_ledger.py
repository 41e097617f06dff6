"""Whoever changes the ledger behind the hub's back is found out by somebody who trusts neither: deploy/ledger-verify.py."""

import bisect
import importlib.util
import json
import random
import shutil
import subprocess
import sys

import pytest

from conftest import PROJECT, eventually

VERIFIER = PROJECT / "deploy/ledger-verify.py"
NOBODY = "01900000-0000-7000-8000-000000000000"


def run_verifier(*arguments):
    return subprocess.run([sys.executable, VERIFIER, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def load_verifier():
    """The same program inside this process, for thousands of runs."""
    specification = importlib.util.spec_from_file_location("ledger_verify", VERIFIER)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Session:
    """The owner of the database, who means harm: no trigger and no constraint holds him up."""

    # What `hub ledger export` reads, and prints in this form.
    EXPORT = """
        SELECT json_strip_nulls(json_build_object(
            'position', sequence, 'id', entry.id, 'commitment', encode(commitment, 'hex'), 'leaf', encode(leaf, 'hex'),
            'salt', CASE WHEN told THEN encode(salt, 'hex') END,
            'bytes', CASE WHEN told THEN convert_from(bytes, 'UTF8') END,
            'at', CASE WHEN told THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
            'kind', CASE WHEN told THEN kind END, 'submission', submission, 'referral', referral, 'person', person,
            'agreement', agreement, 'share', share))
        FROM ledger.position JOIN ledger.entry ON entry.id = position.entry,
            LATERAL (SELECT salt IS NOT NULL AND bytes IS NOT NULL AS told) AS content
        ORDER BY sequence"""

    def __init__(self, hub):
        command = hub.program("psql", "-XqAt", "-v", "ON_ERROR_STOP=1")
        self.psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self("SET session_replication_role = replica")
        checks = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0"
        for check in self(f"{checks} AND connamespace = 'ledger'::regnamespace"):
            self("ALTER TABLE {} DROP CONSTRAINT {}".format(*check.split("|")))
        self("CREATE SCHEMA saved")
        for table in "entry", "position", "checkpoint":
            self(f"CREATE TABLE saved.{table} AS TABLE ledger.{table}")

    def __call__(self, statement):
        self.psql.stdin.write(f"{statement};\n\\echo done\n")
        self.psql.stdin.flush()
        lines = []
        while (line := self.psql.stdout.readline()) != "done\n":
            assert line, f"psql ended at: {statement}"
            lines.append(line.removesuffix("\n"))
        return lines

    def restore(self):
        for table in "entry", "position", "checkpoint":
            self(f"TRUNCATE ledger.{table}")
            self(f"INSERT INTO ledger.{table} SELECT * FROM saved.{table}")

    def close(self):
        self.psql.stdin.close()
        self.psql.wait(20)


class Ledger:
    """What an auditor keeps: the key and the checkpoint file, copied away from the hub; and the session of the owner."""

    def __init__(self, hub, folder):
        self.hub, self.verifier = hub, load_verifier()
        self.key, self.checkpoints = folder / "ledger.pub", folder / "ledger.checkpoints"
        self.key.write_text(hub.hub("ledger", "key"))
        shutil.copy(hub.home / "data/ledger.checkpoints", self.checkpoints)
        self.options = ["--key", self.key, "--checkpoints", self.checkpoints]
        self.roots, passed_over = self.verifier.read_checkpoints(self.checkpoints, self.verifier.read_keys(self.key))
        assert passed_over == 0
        self.sizes = sorted(self.roots)
        self.size = self.sizes[-1]
        self.session = Session(hub)
        self.entries = [json.loads(line) for line in self.session(Session.EXPORT)]

    def fault(self, lines):
        """What the verifier says of these exported lines; nothing when all holds."""
        try:
            self.verifier.walk(lines, self.roots)
        except self.verifier.Fault as fault:
            return str(fault)

    def interval(self, position):
        """The first entry under the same checkpoint, and where that checkpoint ends."""
        index = bisect.bisect_right(self.sizes, position)
        return ([0] + self.sizes)[index], self.sizes[index]

    def exported(self):
        """What the hub's own command prints, in a file."""
        file = self.checkpoints.parent / "export"
        file.write_text(self.hub.hub("ledger", "export"))
        return file


@pytest.fixture
def ledger(hub, tmp_path):
    """Entries of every sort that the hub makes now, one of them erased, under a dozen checkpoints; nobody writes more."""
    person = hub.person()
    agreement = hub.agree(person, ("derby_homes", "housing_support"))
    hub.share(person, "derby_homes", "housing_support")
    assert hub.staff("POST", f"/v1/agreements/{agreement}/withdrawals", {}).status_code == 201
    referral = hub.sql("SELECT id FROM record.referral LIMIT 1").strip()
    assert hub.staff("GET", f"/v1/referrals/{referral}").status_code == 200
    for _ in range(10):
        newest = hub.sql("SELECT max(size) FROM ledger.checkpoint")
        hub.hub("trace", NOBODY, check=False)
        hub.hub("trace", NOBODY, check=False)
        eventually(lambda: hub.sql("SELECT max(size) FROM ledger.checkpoint") != newest, why="a checkpoint")
    erased = hub.sql("SELECT id FROM ledger.entry WHERE kind = 'view' ORDER BY id LIMIT 1").strip()
    hub.sql(f"SELECT ledger.erase(ARRAY['{erased}'::uuid])")
    eventually(lambda: hub.sql("SELECT count(*) FROM ledger.pending").strip() == "0", why="the order")
    # Without housekeeping the ledger stays as it is, and the database runs.
    hub.server.stop()
    hub.server = hub.serving("--only", "dispatch")
    hub.server.start()
    eventually(lambda: subprocess.run(hub.program("psql", "-c", "SELECT 1"), capture_output=True).returncode == 0)
    ledger = Ledger(hub, tmp_path)
    yield ledger
    ledger.session.close()



# What is done to the ledger. Each takes the owner's session, a source of chance and the ledger, does its harm by SQL, and
# gives what the verifier must say of it.

def holds_not(position):
    return f"entry {position} does not hold: "


def among(ledger, position):
    """Every entry holds by itself, so all that can be known is between which checkpoints the first bad one stands."""
    first, end = ledger.interval(position)
    named = f"entry {first} is" if end - first == 1 else f"entry {first}, or one up to {end - 1}, is"
    return f"{named} not that of the checkpoint of size {end}"


def told(random, ledger):
    """A place whose entry is not erased."""
    return random.choice([entry["position"] for entry in ledger.entries[: ledger.size] if "bytes" in entry])


def at(position):
    return f"id = (SELECT entry FROM ledger.position WHERE sequence = {position})"


def edit_content(session, random, ledger):
    position, part = told(random, ledger), random.choice(["bytes", "salt", "commitment", "leaf"])
    length = int(session(f"SELECT length({part}) FROM ledger.entry WHERE {at(position)}")[0])
    byte = random.randrange(length)
    session(
        f"UPDATE ledger.entry SET {part} = set_byte({part}, {byte}, get_byte({part}, {byte}) # 1) WHERE {at(position)}")
    return holds_not(position)


def edit_column(session, random, ledger):
    position = told(random, ledger)
    column = random.choice(["at", "kind", "submission", "referral", "person", "agreement", "share"])
    kind = ledger.entries[position]["kind"]
    other = {
        "at": "at + interval '1 microsecond'",
        "kind": "'release'" if kind != "release" else "'view'",
    }.get(column, "gen_random_uuid()")
    session(f"UPDATE ledger.entry SET {column} = {other} WHERE {at(position)}")
    return holds_not(position)


def edit_id(session, random, ledger):
    position, id = told(random, ledger), session("SELECT gen_random_uuid()")[0]
    session(f"UPDATE ledger.entry SET id = '{id}' WHERE {at(position)}")
    session(f"UPDATE ledger.position SET entry = '{id}' WHERE sequence = {position}")
    return holds_not(position)


def rewrite(session, random, ledger):
    """With commitment and leaf computed anew, as a thorough forger does."""
    position = told(random, ledger)
    forge(session, at(position), "replace(convert_from(bytes, 'UTF8'), '\"actor\":\"', '\"actor\":\"x')")
    return among(ledger, position)


def forge(session, where, text):
    session(f"""
        UPDATE ledger.entry
        SET bytes = new.bytes, salt = new.salt, commitment = sha256(new.salt || new.bytes),
            leaf = sha256('\\x00'::bytea || sha256(new.salt || new.bytes))
        FROM (
            SELECT id, convert_to({text}, 'UTF8') AS bytes, sha256(uuid_send(gen_random_uuid())) AS salt
            FROM ledger.entry
        ) AS new
        WHERE new.id = entry.id AND entry.{where}""")


def empty(session, random, ledger):
    position = told(random, ledger)
    session(f"""
        UPDATE ledger.entry
        SET bytes = NULL, salt = NULL, submission = NULL, referral = NULL, person = NULL, agreement = NULL, share = NULL
        WHERE {at(position)}""")
    # The entry that tells of an erasure is no longer one: the erased is as bad as it, and stands before it.
    if ledger.entries[position]["kind"] == "entry_erased":
        position = min(entry["position"] for entry in ledger.entries if "bytes" not in entry)
    return holds_not(position)


def delete_entry(session, random, ledger):
    position = random.randrange(ledger.size)
    session(f"DELETE FROM ledger.entry WHERE {at(position)}")
    return gap(position, ledger)


def delete_position(session, random, ledger):
    position = random.randrange(ledger.size)
    session(f"DELETE FROM ledger.position WHERE sequence = {position}")
    return gap(position, ledger)


def gap(position, ledger):
    return holds_not(position) if position + 1 < len(ledger.entries) else f"entry {position} and those after it are missing"


def shift(session, position, by):
    """Moves the entries from a position on, past those in the way."""
    session(f"UPDATE ledger.position SET sequence = sequence + 1000000 WHERE sequence >= {position}")
    session(f"UPDATE ledger.position SET sequence = sequence - {1000000 - by} WHERE sequence >= 1000000")


def delete_and_close(session, random, ledger):
    position = random.randrange(ledger.size)
    session(f"DELETE FROM ledger.entry WHERE {at(position)}")
    session(f"DELETE FROM ledger.position WHERE sequence = {position}")
    shift(session, position, -1)
    if ledger.size == len(ledger.entries) and ledger.interval(position)[1] == ledger.size:
        return f"entry {ledger.size - 1} and those after it are missing"
    return among(ledger, position)


def swap(session, random, ledger):
    first, second = sorted(random.sample(range(ledger.size), 2))
    session(f"UPDATE ledger.position SET sequence = 1000000 WHERE sequence = {first}")
    session(f"UPDATE ledger.position SET sequence = {first} WHERE sequence = {second}")
    session(f"UPDATE ledger.position SET sequence = {second} WHERE sequence = 1000000")
    return among(ledger, first)


def insert(session, random, ledger):
    position, id = random.randrange(ledger.size), session("SELECT gen_random_uuid()")[0]
    shift(session, position, 1)
    session(f"""
        INSERT INTO ledger.entry (id, at, kind, commitment, leaf, salt, bytes)
        VALUES ('{id}', to_timestamp(1), 'view', '', '', '', '')""")
    text = json.dumps({"at": "1000000", "id": id, "kind": "view"}, separators=(",", ":"))
    forge(session, f"id = '{id}'", f"'{text}'")
    session(f"INSERT INTO ledger.position VALUES ({position}, '{id}')")
    return among(ledger, position)


def cut(session, random, ledger):
    """With the database's own checkpoints, so that nothing there tells."""
    position = random.randrange(ledger.size)
    session(f"DELETE FROM ledger.entry WHERE id IN (SELECT entry FROM ledger.position WHERE sequence >= {position})")
    session(f"DELETE FROM ledger.position WHERE sequence >= {position}")
    session(f"DELETE FROM ledger.checkpoint WHERE size > {position}")
    return f"entry {position} and those after it are missing: a checkpoint counts {ledger.size} entries"


def truncate(session, random, ledger):
    session("TRUNCATE ledger.entry, ledger.position, ledger.checkpoint")
    return f"entry 0 and those after it are missing: a checkpoint counts {ledger.size} entries"


HARM = [
    edit_content, edit_column, edit_id, rewrite, empty, delete_entry, delete_position, delete_and_close, swap, insert, cut,
    truncate,
]


def harm_many_times(ledger, times, seed):
    assert ledger.fault(ledger.session(Session.EXPORT)) is None
    chance = random.Random(seed)
    for number in range(times):
        harm = HARM[number % len(HARM)]
        ledger.session("BEGIN")
        expected = harm(ledger.session, chance, ledger)
        found = ledger.fault(ledger.session(Session.EXPORT))
        assert found is not None and found.startswith(expected), f"{harm.__name__}, seed {seed}, {number}: {expected}: {found}"
        ledger.session("ROLLBACK")
    assert ledger.fault(ledger.session(Session.EXPORT)) is None


def test_a_few_hundred_ways_to_tamper_are_found_where_they_are(ledger):
    harm_many_times(ledger, 360, seed=5)


@pytest.mark.slow
def test_ten_thousand_ways_to_tamper_are_found_where_they_are(ledger):
    harm_many_times(ledger, 10_000, seed=random.randrange(2**32))


def test_the_programs_themselves_find_each_way_to_tamper(ledger):
    """What stands in the database for good: by the hub's export and the verifier as an auditor runs them, and the hub's own."""
    whole = run_verifier(*ledger.options, ledger.exported())
    assert whole.returncode == 0 and whole.stdout.startswith("the ledger holds: "), whole
    assert "1 erased" in whole.stdout
    verify = ["ledger", "verify", *map(str, ledger.options)]
    assert "holds" in ledger.hub.hub(*verify)
    ledger.session.restore()
    chance = random.Random(7)
    for harm in HARM:
        expected = harm(ledger.session, chance, ledger)
        found = run_verifier(*ledger.options, ledger.exported())
        assert found.returncode == 1 and found.stderr.startswith(expected), f"{harm.__name__}: {expected}: {found}"
        own = ledger.hub.hub(*verify, check=False)
        assert own.returncode == 65 and "does not hold" in own.stdout, f"{harm.__name__}: {own}"
        ledger.session.restore()
    assert run_verifier(*ledger.options, ledger.exported()).returncode == 0


def test_the_hub_exports_what_is_in_the_database(ledger):
    """The reading of this test, in one transaction with the harm, is that of the hub's command."""
    def moments(line):
        """The entry, its time with all six digits of a second."""
        entry = json.loads(line)
        if "at" in entry:
            whole, _, fraction = entry["at"].removesuffix("Z").partition(".")
            entry["at"] = f"{whole}.{fraction:0<6}Z"
        return entry

    hub = [moments(line) for line in ledger.exported().read_text().splitlines()]
    assert hub[: ledger.size] == [moments(line) for line in ledger.session(Session.EXPORT)][: ledger.size]
    kinds = {entry.get("kind") for entry in hub}
    assert {
        "submission_received", "submission_finished", "key_made", "key_used", "policy_changed", "partner_changed",
        "agreement_added", "agreement_withdrawn", "share_requested", "share_decided", "view", "entry_erased",
    } <= kinds


def test_an_entry_and_an_earlier_ledger_are_proved_to_somebody_who_has_only_checkpoints(ledger, tmp_path):
    def prove(*arguments):
        file = tmp_path / "proof"
        file.write_text(ledger.hub.hub("ledger", "prove", "--json", *map(str, arguments)))
        return file

    for entry, size in [(0, 1), (0, ledger.size), (ledger.size - 1, ledger.size), (4, ledger.sizes[-2])]:
        said = run_verifier(*ledger.options, "--proof", prove("--entry", entry, "--size", size))
        if size in ledger.sizes:
            assert said.returncode == 0 and f"entry {entry} is in the ledger of {size} entries" in said.stdout, said
        else:
            # Without a signed checkpoint the root is nobody's word; with the whole export it is known.
            assert said.returncode == 1 and "no signed checkpoint of size" in said.stderr, said
    for old in ledger.sizes:
        said = run_verifier(*ledger.options, "--proof", prove("--from", old, "--to", ledger.size))
        assert said.returncode == 0 and f"the ledger of {old} entries is the beginning" in said.stdout, said
    proof = json.loads(prove("--entry", 3).read_text())
    fakes = [
        {**proof, "path": proof["path"][:-1]}, {**proof, "path": proof["path"] + [proof["root"]]},
        {**proof, "root": proof["path"][0]}, {**proof, "line": {**proof["line"], "position": 2}},
        {**proof, "line": ledger.entries[2] | {"position": 3}}, {**proof, "size": proof["size"] - 1},
        {**proof, "checkpoint": proof["checkpoint"].replace(str(proof["size"]), str(proof["size"] + 1))},
    ]
    keys = ledger.verifier.read_keys(ledger.key)
    assert ledger.verifier.check_proof(proof, ledger.roots, keys)
    for fake in fakes:
        with pytest.raises(ledger.verifier.Fault):
            ledger.verifier.check_proof(fake, ledger.roots, keys)


def test_a_checkpoint_that_was_forged_or_cut_is_told_from_one_that_is_whole(ledger, tmp_path):
    text = ledger.checkpoints.read_text()
    notes = text.split("\n\n\u2014 ")
    other = tmp_path / "other"
    options = ["--key", ledger.key, "--checkpoints", other, ledger.exported()]
    # Another size under the same signature.
    other.write_text(text.replace(f"\n{ledger.sizes[3]}\n", f"\n{ledger.sizes[3] + 1}\n", 1))
    forged = run_verifier(*options)
    assert forged.returncode == 1 and "is not signed by the ledger's key" in forged.stderr, forged
    # What a crash leaves, at the end and in the middle.
    other.write_text(text[: -60] + "\n\n" + text)
    torn = run_verifier(*options)
    assert torn.returncode == 0 and "1 passed over" in torn.stdout, torn
    assert len(notes) == len(ledger.sizes) + 1
    # A key that is not the ledger's.
    stranger = tmp_path / "stranger.pub"
    stranger.write_text(ledger.key.read_text().replace("+", "x+", 1))
    assert run_verifier("--key", stranger, "--checkpoints", ledger.checkpoints).returncode == 1
