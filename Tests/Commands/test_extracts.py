"""`hub extract`: the packages, opened and checked by this program alone, which knows everybody and trusts nothing.

Some hundreds of made-up persons are referred; the extracts about them are read with Python's own `csv` and `json`.
"""

import collections
import concurrent.futures
import csv
import datetime
import hashlib
import json
import os
import random
import re
import shutil
import tempfile

import pytest

from conftest import UNKNOWN_ID, Run
from installation import Installation, eventually

PERSONS = 320
TODAY = datetime.date.today()
PERIOD = ("--from", TODAY - datetime.timedelta(1), "--until", TODAY + datetime.timedelta(30),
          "--destroy-by", TODAY + datetime.timedelta(365))
# The needs of the group NEEDS; the others are health, risk, hazard, money or housing, and in no extract.
NEEDS = ["isolation", "mobility", "falls", "daily_living", "carer_support", "bereavement", "community_connection",
         "work_learning", "parenting", "digital", "transport", "food_fuel", "language", "other"]
OTHER_NEEDS = ["alcohol", "money_debt", "hoarding", "domestic_abuse", "homelessness", "dementia_memory"]
BANDS = ["0-4"] + [f"{first}-{first + 9}" for first in range(5, 85, 10)] + ["85+", "unknown"]


class MadeUp:
    """A person who does not exist."""

    def __init__(self, number, chance):
        letters = "".join(chr(97 + number // 26**place % 26) for place in range(3))
        self.given, self.family = f"Qgiven{letters}", f"Zfamily{letters}"
        self.born = datetime.date(chance.randint(1930, 2006), chance.randint(1, 12), chance.randint(1, 28))
        self.sex = chance.choice("FFFFFFMMMMMMMU") if number else "F"
        self.nhs = nhs_number(number)
        self.postcode = f"DE1 {4 + number % 5}{'ABDEFG'[number // 5 % 6]}{'ABDEFGHJLN'[number // 30 % 10]}"
        self.phone = f"01632 960{number:03}"
        self.needs = {need for need in NEEDS if need != "parenting" and chance.random() < 0.15}
        self.needs |= {need for need in OTHER_NEEDS if chance.random() < 0.1}
        self.source = chance.choice(["3A", "3A", "3A", "6", "4", "4"]) if number % 100 else "1C"
        self.id = None
        self.lsoa, self.ward = area_of(self.postcode)

    @property
    def age(self):
        return TODAY.year - self.born.year - ((TODAY.month, TODAY.day) < (self.born.month, self.born.day))

    @property
    def envelope(self):
        return {
            "message_id": f"e-{self.nhs}", "sender": "example_church", "sent_at": "2026-11-22T09:30:00Z",
            "type": "referral", "source_code": self.source, "needs": sorted(self.needs),
            "person": {"given": self.given, "family": self.family, "dob": self.born.isoformat(), "sex": self.sex,
                       "phone": [self.phone], "identifiers": [{"type": "nhs_number", "value": self.nhs}]},
            "address": {"lines": ["1 Bobbin Row"], "town": "Derby", "postcode": self.postcode},
            "reason": "Would like company", "referrer": {"name": "A Verger", "organisation": "Example Church"},
        }

    @property
    def secrets(self):
        return [self.given, self.family, self.nhs, self.postcode, self.postcode.replace(" ", ""), self.born.isoformat(),
                self.phone, self.id]


def nhs_number(number):
    """The one with this number of the range 999 that has a check digit."""
    found = -1
    for middle in range(1000, 10**6):
        digits = [9, 9, 9, *map(int, f"{middle:06}")]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1))) % 11
        if check == 10: continue
        found += 1
        if found == number: return "".join(map(str, digits)) + str(check % 11)


def area_of(postcode):
    """Seven LSOAs in three wards, one of them with few; the last letter is in none, as a new street is."""
    if postcode.endswith("N"): return None, None
    if postcode.endswith("L") and postcode[4] in "45": return "E01013449", "E05001772"
    number = "45678".index(postcode[4]) // 2 * 2 + (postcode[5] in "ABD")
    return f"E0101344{number}", f"E0500177{number // 2}"


class Extracts:
    """A hub that knows the made-up persons, and commands on it."""

    def __init__(self, home):
        self.installation = Installation(home, outbound=False)
        self.home = self.installation.home
        (self.home / "secrets/database").write_text(f"host={self.home}/data/postgresql-socket user=hub dbname=hub")
        configuration = (self.home / "hub.yaml").read_text() + "database: { url: 'file:secrets/database' }\n"
        (self.home / "commands.yaml").write_text(configuration)
        self.environment = {**os.environ, "HUB_CONFIG": str(self.home / "commands.yaml")}
        self.environment.pop("LOG_LEVEL", None)
        self.installation.partner("example_church", adapter="envelope")
        self.installation.partner("workers", kind="staff")
        self.installation.start()
        chance = random.Random(16)
        self.people = [MadeUp(number, chance) for number in range(PERSONS)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for person, id in zip(self.people, pool.map(self.refer, self.people)):
                person.id = id
        self.areas = self.home / "areas.csv"
        with open(self.areas, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["postcode", "lsoa", "ward"])
            rows.writerows({(p.postcode, p.lsoa, p.ward) for p in self.people if p.ward})

    def refer(self, person):
        answer = self.installation.post("example_church", json.dumps(person.envelope), "application/json")
        assert answer.status_code == 202, answer.text
        worked = self.installation.worked_on(answer.json()["receipt_id"])
        return worked["referrals"][0]["person_id"]

    def __call__(self, *arguments):
        run = Run(arguments, None, self.environment)
        for person in self.people[:20]:
            for secret in person.secrets[:-1]:
                assert secret not in run.out + run.remarks, run
        return run

    def project(self, recipient, id, level, purpose="research_evaluation", channel="sftp", *options):
        added = self("extract", "project", "add", recipient, id, "--purpose", purpose, "--level", level,
                     "--channel", channel, *PERIOD, *options)
        assert added.code == 0 and added.out == f"{id} of {recipient} added\n", added

    def make(self, recipient, project, *options):
        """An extract in a folder of its own, or what was refused."""
        folder = self.home / f"out-{len(list(self.home.glob('out-*')))}"
        run = self("extract", "make", recipient, project, "--out", folder, "--areas", self.areas, "--json", *options)
        said = json.loads(run.out)
        assert (run.code == 0) == said["outcome"].startswith("PERMIT"), run
        if run.code:
            assert run.code == 65 and not folder.exists(), run
            return said
        return Package(folder, said)

    def set(self, person, **circumstances):
        answer = self.installation.staff("PATCH", f"/v1/persons/{person.id}/circumstances", circumstances)
        assert answer.status_code == 200, answer.text


class Package:
    """What a recipient has in hands."""

    def __init__(self, folder, said):
        self.folder, self.said = folder, said
        self.note = json.loads((folder / "release-note.json").read_text())
        self.description = json.loads((folder / "datapackage.json").read_text())
        [self.resource] = self.description["resources"]
        self.bytes = (folder / self.resource["path"]).read_bytes()
        self.all_bytes = b"".join(file.read_bytes() for file in folder.iterdir())
        text = self.bytes.decode()
        assert all(re.fullmatch('("[^"]*",?)+', line) for line in text.removesuffix("\r\n").split("\r\n"))
        rows = csv.DictReader(text.splitlines(), strict=True)
        self.rows = list(rows)
        self.columns = rows.fieldnames

    def counts(self, dimension):
        return {row["value"]: row["count"] for row in self.rows if row["dimension"] == dimension}

    def k(self):
        by = [name for name in self.columns if name.startswith("age_band") or name in ("sex", "lsoa", "ward")]
        groups = collections.Counter(tuple(row[name] for name in by) for row in self.rows)
        return min(groups.values())


def bounds(network):
    """The least and most that each hidden count can be, by every sum again and again until nothing moves.

    `network`: {name: told}, [(parts, total)]. The bounds are outer ones: a count that has room here may have less, but one
    without room is worked out.
    """
    told, sums = network
    most = max(int(text) for text in told.values() if text.isdigit())
    low = {name: int(text) if text.isdigit() else 1 if text == "<5" else 5 for name, text in told.items()}
    high = {name: int(text) if text.isdigit() else 4 if text == "<5" else most for name, text in told.items()}
    moved = True
    while moved:
        moved = False
        for parts, total in sums:
            for name in [*parts, total]:
                rest = [part for part in parts if part != name]
                if name == total:
                    least, greatest = sum(low[part] for part in parts), sum(high[part] for part in parts)
                else:
                    least = low[total] - sum(high[part] for part in rest)
                    greatest = high[total] - sum(low[part] for part in rest)
                if least > low[name]: low[name], moved = least, True
                if greatest < high[name]: high[name], moved = greatest, True
    return low, high


@pytest.fixture(scope="module")
def hub():
    folder = tempfile.mkdtemp(prefix="hub-")
    extracts = Extracts(folder)
    try:
        yield extracts
    finally:
        extracts.installation.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def counts(hub):
    hub.project("council_insight", "loneliness-2026", "anonymised", "research_evaluation", "portal")
    return hub.make("council_insight", "loneliness-2026")


@pytest.fixture(scope="module")
def rows(hub):
    hub.project("council_childrens", "support-2026", "pseudonymised", "research_evaluation", "sftp",
                "--undertakings", "IG-2026-014")
    return hub.make("council_childrens", "support-2026")


def truth(people):
    """Every count that a table may tell, counted again."""
    counts = collections.Counter()
    for person in people:
        band = BANDS[min((person.age + 5) // 10, 9)]
        counts["total", "all"] += 1
        counts["age_band", band] += 1
        counts["sex", person.sex] += 1
        counts["age_band*sex", f"{band}*{person.sex}"] += 1
        counts["ward", person.ward or "unknown"] += 1
        counts["lsoa", person.lsoa or "unknown"] += 1
        counts["source_code", person.source] += 1
        counts["referral_year", str(TODAY.year)] += 1
        counts["ending_code", "none"] += 1
        for need in NEEDS:
            counts[f"need_{need}", "yes" if need in person.needs else "no"] += 1
    return counts


class TestCounts:
    def test_every_count_is_true_or_hidden(self, hub, counts):
        assert counts.columns == ["measure", "dimension", "value", "count"]
        true = truth(hub.people)
        for row in counts.rows:
            real = true[row["dimension"], row["value"]]
            assert row["count"] == ("<5" if 0 < real < 5 else str(real)) or row["count"] == "" and real >= 5, (row, real)
        assert {row["dimension"] for row in counts.rows} == (
            {"total", "age_band", "sex", "age_band*sex", "ward", "source_code", "referral_year", "ending_code"}
            | {f"need_{need}" for need in NEEDS})
        assert counts.said["row_count"] == len(counts.rows) == counts.note["row_count"]

    def test_no_count_of_1_to_4_is_told(self, counts):
        told = [row["count"] for row in counts.rows]
        assert not {"1", "2", "3", "4"} & set(told)
        assert "<5" in told and "" in told and told.count("") < 25

    def test_no_hidden_count_is_worked_out_from_totals(self, counts):
        everybody = counts.counts("total")["all"]
        hidden = 0
        for dimension in {row["dimension"] for row in counts.rows} - {"total", "age_band", "sex", "age_band*sex"}:
            told = counts.counts(dimension) | {"total": everybody}
            low, high = bounds((told, [([name for name in told if name != "total"], "total")]))
            for name, text in told.items():
                if text == "<5": assert (low[name], high[name]) == (1, 4), (dimension, told)
                if text == "": assert low[name] < high[name], (dimension, told)
                hidden += not text.isdigit()
        ages, sexes, cells = (counts.counts(name) for name in ("age_band", "sex", "age_band*sex"))
        sums = [([f"{age}*{sex}" for sex in sexes], age) for age in ages]
        sums += [([f"{age}*{sex}" for age in ages], sex) for sex in sexes]
        sums += [(list(ages), "total"), (list(sexes), "total")]
        told = ages | sexes | cells | {"total": everybody}
        low, high = bounds((told, sums))
        for name, text in told.items():
            if not text.isdigit(): assert low[name] < high[name], name
            hidden += not text.isdigit()
        for parts, total in sums:
            if told[total].isdigit():
                rest = int(told[total]) - sum(int(told[part]) for part in parts if told[part].isdigit())
                assert not 1 <= rest <= 4, total
        assert hidden > 5

    def test_areas_are_not_below_ward_where_any_has_fewer_than_20(self, hub, counts):
        sizes = collections.Counter(person.lsoa for person in hub.people if person.lsoa)
        assert 0 < min(sizes.values()) < 20
        assert "lsoa" not in {row["dimension"] for row in counts.rows} and len(counts.counts("ward")) == 4

    def test_the_same_again_is_permitted_and_one_person_fewer_refused(self, hub, counts):
        again = hub.make("council_insight", "loneliness-2026")
        assert again.rows == counts.rows and again.said["extract_id"] != counts.said["extract_id"]
        hub.project("council_insight", "another-heading", "anonymised", "research_evaluation", "portal")
        gone = hub.people[7]
        hub.set(gone, objections=["all"])
        for project in ("loneliness-2026", "another-heading"):
            refused = hub.make("council_insight", project)
            assert (refused["outcome"], refused["reason"]) == ("DENY", "differencing_refused")
        # Somebody who never had the first cannot subtract it.
        hub.project("necs", "planning", "anonymised", "health_planning", "smime_email")
        others = hub.make("necs", "planning")
        assert int(others.counts("total")["all"]) == PERSONS - 1
        assert not [row for row in others.rows if row["dimension"] == "ending_code"]
        hub.set(gone, objections=[])
        assert hub.make("council_insight", "another-heading").rows == counts.rows

    def test_a_cohort_below_10_is_refused(self, hub, counts):
        none = hub.make("council_insight", "loneliness-2026", "--referred-until", "2020-01")
        assert (none["outcome"], none["reason"]) == ("DENY", "cohort_too_small")


class TestRows:
    def test_k_is_true_and_5_or_more(self, rows):
        assert rows.k() == rows.said["k"] == rows.note["k"] >= 5
        assert PERSONS * 0.95 <= len(rows.rows) <= PERSONS

    def test_a_row_tells_bands_months_and_areas_only(self, hub, rows):
        forms = {"pid": "[A-Z2-7]{26}", "sex": "[FMUX]", "ward": "E05[0-9]{6}|unknown", "lsoa": "E01[0-9]{6}|unknown",
                 "source_code": "[0-9A-D]{1,2}", "referral_month": "[0-9]{4}-[0-9]{2}", "closed_month": "",
                 "ending_code": "", "care_leaver": "(true|false)?"}
        needs = [name for name in rows.columns if name.startswith("need_")]
        assert needs == [f"need_{need}" for need in NEEDS]
        for row in rows.rows:
            for name, text in row.items():
                form = "true|false" if name in needs else forms.get(name, r"[0-9]+-[0-9]+|90\+")
                assert re.fullmatch(form, text), (name, text)
        assert all(re.match("age_band(5|10|30)$", name) for name in rows.columns if name not in forms and name not in needs)

    def test_the_rows_are_those_of_the_persons(self, hub, rows):
        def kind(needs, source): return tuple(need in needs for need in NEEDS), source
        real = collections.Counter(kind(person.needs, person.source) for person in hub.people)
        told = collections.Counter(
            kind({need for need in NEEDS if row[f"need_{need}"] == "true"}, row["source_code"]) for row in rows.rows)
        assert not told - real and sum((real - told).values()) == PERSONS - len(rows.rows)
        assert [row["pid"] for row in rows.rows] == sorted(row["pid"] for row in rows.rows)
        assert len({row["pid"] for row in rows.rows}) == len(rows.rows)

    def test_a_person_keeps_the_pseudonym_in_a_project_and_has_another_in_the_next(self, hub, rows):
        first = {row["pid"]: row for row in rows.rows}
        again = hub.make("council_childrens", "support-2026")
        assert {row["pid"]: row for row in again.rows} == first and again.note["key_id"] == rows.note["key_id"]
        hub.project("council_childrens", "other-2026", "pseudonymised", "research_evaluation", "sftp",
                    "--undertakings", "IG-2026-015")
        other = hub.make("council_childrens", "other-2026")
        assert len(other.rows) == len(first) and not first.keys() & {row["pid"] for row in other.rows}
        assert other.note["key_id"] != rows.note["key_id"]

    def test_who_objects_or_is_restricted_or_erased_is_in_no_further_one(self, hub, rows):
        # One has a need that nobody else has, and so is found without a name.
        hub.project("council_audit", "support-2026", "pseudonymised", "research_evaluation", "sftp",
                    "--undertakings", "IG-2026-016", "--groups", "NEEDS")
        find = lambda package: [row for row in package.rows if row["need_parenting"] == "true"]
        someone = hub.people[0]
        update = someone.envelope | {"message_id": "e-2", "type": "update", "in_reply_to": someone.envelope["message_id"],
                                     "needs": ["parenting"], "sent_at": "2026-11-23T09:30:00Z"}
        answer = hub.installation.post("example_church", json.dumps(update), "application/json")
        hub.installation.worked_on(answer.json()["receipt_id"])
        before = hub.make("council_audit", "support-2026")
        [row] = find(before)
        assert len(before.rows) == PERSONS
        for name, value in (("objections", ["research"]), ("objections", ["all"]), ("restricted_on", "2026-11-01"),
                            ("deceased_on", "2026-11-01"), ("erasure", "requested"), ("retention_until", "2026-11-01")):
            hub.set(someone, **{name: value})
            after = hub.make("council_audit", "support-2026")
            assert find(after) == [] and row["pid"] not in {row["pid"] for row in after.rows}
            assert len(after.rows) == PERSONS - 1
            excluded = json.loads(hub("extract", "show", after.said["extract_id"]).out)["excluded"]
            assert list(excluded.values()) == [1]
            hub.set(someone, **{name: None})
        assert find(hub.make("council_audit", "support-2026")) == [row]
        # An objection to research leaves somebody in counts, and so the rows must not be set against those.
        hub.set(someone, objections=["research"])
        hub.project("council_audit", "counts-2026", "anonymised")
        assert hub.make("council_audit", "counts-2026")["reason"] == "differencing_refused"
        hub.set(someone, objections=[])


class TestIpsos:
    def test_only_those_in_the_programme_and_joined_only_with_their_consent(self, hub):
        hub.project("ipsos", "leavers-2026", "pseudonymised", "ipsos_evaluation", "sftp")
        empty = hub.make("ipsos", "leavers-2026")
        assert (empty["outcome"], empty["reason"]) == ("DENY", "k_too_small")
        people = hub.people[20:80]
        for number, person in enumerate(people):
            hub.set(person, care_status="care_leaver" if number % 2 else "in_care", dfe_programme=True,
                    ipsos_link_consent=number < 30)
        packages = [hub.make("ipsos", "leavers-2026") for _ in range(2)]
        assert packages[0].said["reason"] == "link_consent_missing"
        first, second = ({row["pid"] for row in package.rows} for package in packages)
        assert 30 <= len(first) == len(second) <= 60 and packages[0].k() >= 5
        joined = first & second
        assert 0 < len(joined) <= 30 < len(joined) + len(first - joined)
        # Those without consent have pseudonyms of a key that only that extract had.
        keys = [[key["id"] for key in package.note["keys"]] for package in packages]
        assert keys[0][0] == keys[1][0] and keys[0][1] != keys[1][1]
        flags = collections.Counter(row["care_leaver"] for row in packages[0].rows)
        assert set(flags) <= {"", "true", "false"} and sum(flags.values()) == len(first)

    def test_never_identifiable(self, hub):
        hub.project("ipsos", "names", "identifiable", "ipsos_evaluation", "smime_email", "--groups", "DEMOG")
        assert hub.make("ipsos", "names")["reason"] == "ipsos_never_identifiable"


class TestRefusals:
    @pytest.mark.parametrize(
        "recipient, level, purpose, channel, options, outcome, reason",
        [
            ("council_audit", "pseudonymised", "research_evaluation", "sftp", [], "DENY", "research_undertaking_missing"),
            ("council_audit", "pseudonymised", "research_evaluation", "plain_email", ["--undertakings", "U"], "DENY",
             "channel_insecure"),
            ("probation", "anonymised", "research_evaluation", "sftp", [], "DENY", "recipient_not_listed"),
            ("example_university", "anonymised", "research_evaluation", "sftp", [], "DENY", "recipient_not_listed"),
            ("council_audit", "anonymised", "health_planning", "sftp", [], "DENY", "purpose_not_for_recipient"),
            ("dchs", "pseudonymised", "health_planning", "sftp", ["--groups", "NEEDS"], "DENY",
             "planning_anonymised_only"),
            ("necs", "identifiable", "research_evaluation", "smime_email",
             ["--undertakings", "U", "--why-identifiable", "linkage"], "REFER", "ig_approval_required"),
            ("necs", "identifiable", "research_evaluation", "sftp",
             ["--undertakings", "U", "--why-identifiable", "linkage"], "DENY", "channel_not_encrypted_email"),
        ],
    )
    def test_what_may_not_leave_is_refused_before_anybody_is_looked_at(
        self, hub, recipient, level, purpose, channel, options, outcome, reason
    ):
        project = f"{reason.replace('_', '-')}-{recipient.replace('_', '-')}"
        hub.project(recipient, project, level, purpose, channel, *options)
        refused = hub.make(recipient, project)
        assert (refused["outcome"], refused["reason"]) == (outcome, reason)
        shown = json.loads(hub("extract", "show", refused["extract_id"]).out)
        assert shown["cohort"] is None and shown["excluded"] == {} and shown["row_count"] is None

    def test_identifiable_without_a_reason_comes_down_to_pseudonyms(self, hub):
        hub.project("council_hctb", "no-reason", "identifiable", "research_evaluation", "sftp", "--undertakings", "U")
        lowered = hub.make("council_hctb", "no-reason")
        assert lowered.said["reason"] == "lowest_level_first" and lowered.note["level"] == "pseudonymised"
        assert lowered.k() >= 5 and not {"nhs_number", "dob"} & set(lowered.columns)

    def test_a_project_that_is_over_or_not_begun_gives_nothing(self, hub):
        for name, days in (("over", (-9, -1, 9)), ("to-come", (1, 9, 99))):
            first, last, end = (str(TODAY + datetime.timedelta(day)) for day in days)
            added = hub("extract", "project", "add", "council_insight", name, "--purpose", "research_evaluation", "--level",
                        "anonymised", "--channel", "sftp", "--from", first, "--until", last, "--destroy-by", end)
            assert added.code == 0, added
            assert hub.make("council_insight", name)["reason"] == "recipient_suspended"

    def test_wrong_usage_and_unknown_names(self, hub, counts):
        wrong = hub("extract", "make", "council_insight", "nothing", "--out", hub.home / "none")
        assert wrong.code == 65 and "hub extract project list" in wrong.remarks and not (hub.home / "none").exists()
        add = ["extract", "project", "add", "council_insight"]
        good = ["--purpose", "research_evaluation", "--level", "anonymised", "--channel", "sftp", *PERIOD]
        for arguments in (["Name", *good], ["a|b", *good], ["x", *good, "--groups", "EVERYTHING"], ["", *good],
                          ["x", *good[2:], "--purpose", "care_support"], ["x", *good, "--until", "2001-01-01"]):
            assert hub(*add, *arguments).code == 64, arguments
        again = hub(*add, "loneliness-2026", *good)
        assert again.code == 0 and again.out == "loneliness-2026 of council_insight was there already and stays as it is\n"
        assert hub("extract", "show", UNKNOWN_ID).code == 65 and hub("extract", "show", "x").code == 64
        for option in (["--referred-from", "2026"], ["--referred-from", "2026-05", "--referred-until", "2026-04"]):
            assert hub("extract", "make", "a", "b", "--out", hub.home / "none", *option).code == 64

    @pytest.mark.parametrize("text", ["", "postcode,lsoa\n", "postcode,lsoa,ward\nDE1 4AB,Alvaston,Alvaston\n",
                                      "postcode,lsoa,ward\nhere,E01013440,E05001770\n"])
    def test_a_table_of_areas_with_a_mistake_is_not_taken(self, hub, tmp_path, text):
        file = tmp_path / "areas.csv"
        file.write_text(text)
        wrong = hub("extract", "make", "a", "b", "--out", tmp_path / "out", "--areas", file)
        assert wrong.code == 65 and "line " in wrong.remarks and "Alvaston" not in wrong.remarks


class TestPackage:
    def test_nothing_that_names_anybody_is_in_the_bytes(self, hub, counts, rows):
        for folder in hub.home.glob("out-*"):
            text = b"".join(file.read_bytes() for file in folder.iterdir()).decode()
            folded = text.upper()
            for person in hub.people:
                for secret in person.secrets:
                    assert secret.upper() not in folded, folder
            for word in ("DE1", "Bobbin", "company", "Verger", "alcohol", "hoarding", "domestic_abuse", "01632"):
                # Ids and digests are hexadecimal, and may say so by chance.
                assert not re.search(rf"\b{word.upper()}", folded), (folder, word)

    def test_it_describes_itself_truly(self, counts, rows):
        for package in (counts, rows):
            assert package.description["profile"] == "tabular-data-package"
            assert package.description["name"] == package.said["extract_id"] == package.note["extract"]
            assert package.resource["hash"] == "sha256:" + hashlib.sha256(package.bytes).hexdigest()
            assert package.resource["bytes"] == len(package.bytes)
            schema = package.resource["schema"]
            assert [field["name"] for field in schema["fields"]] == package.columns
            for field in schema["fields"]:
                texts = {row[field["name"]] for row in package.rows} - set(schema["missingValues"])
                rules = field.get("constraints", {})
                if "enum" in rules: assert texts <= set(rules["enum"])
                if "pattern" in rules: assert all(re.fullmatch(rules["pattern"], text) for text in texts)
                if field["type"] == "boolean": assert texts <= {"true", "false"}
                if field["type"] == "yearmonth": assert all(re.fullmatch("[0-9]{4}-[0-9]{2}", text) for text in texts)
        assert rows.resource["schema"]["primaryKey"] == "pid"

    def test_the_note_tells_what_was_done_and_what_the_recipient_is_bound_by(self, counts, rows):
        assert (counts.note["level"], counts.note["key_id"], counts.note["k"]) == ("anonymised", None, None)
        assert counts.note["obligations"] == ["log", "small_number_suppression"]
        assert rows.note["obligations"] == ["log", "no_reidentification", "recipient_pseudonyms"]
        assert (rows.note["project"], rows.note["recipient"]) == ("support-2026", "council_childrens")
        assert rows.note["undertakings"] == "IG-2026-014" and rows.note["suppression"]
        assert rows.note["destroy_by"] == str(TODAY + datetime.timedelta(365))
        assert "excluded" not in rows.note and "cohort" not in rows.note

    def test_its_files_are_the_owners_alone_and_never_overwritten(self, hub, counts):
        assert counts.folder.stat().st_mode & 0o777 == 0o700
        assert {file.name for file in counts.folder.iterdir()} == {"counts.csv", "datapackage.json", "release-note.json"}
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in counts.folder.iterdir())
        before = len(hub("extract", "list", "--json").out.splitlines())
        again = hub("extract", "make", "council_insight", "loneliness-2026", "--out", counts.folder)
        assert again.code == 64 and "holds a counts.csv already" in again.remarks
        assert (counts.folder / "counts.csv").read_bytes() == counts.bytes
        assert len(hub("extract", "list", "--json").out.splitlines()) == before


class TestFailedWrite:
    def test_a_file_in_the_way_of_the_last_leaves_none_behind(self, hub):
        hub.project("dchs", "in-the-way", "anonymised", "health_planning", "sftp")
        folder = hub.home / "out-in-the-way"
        folder.mkdir()
        (folder / "release-note.json.part").write_text("in the way")
        run = hub("extract", "make", "dchs", "in-the-way", "--out", folder, "--areas", hub.areas, "--json")
        assert run.code == 69 and "release-note.json.part" in run.remarks, run
        assert [file.name for file in folder.iterdir()] == ["release-note.json.part"]
        shutil.rmtree(folder)
        newest = json.loads(hub("extract", "list", "--limit", 1, "--json").out)
        assert newest["project"] == "in-the-way" and newest["decision"].startswith("PERMIT")

        def outcomes():
            lines = [json.loads(line) for line in hub("ledger", "export").out.splitlines()]
            said = [json.loads(line["bytes"]) for line in lines if line.get("bytes")]
            return [entry["outcome"] for entry in said
                    if entry["kind"] == "release_outcome" and entry.get("extract") == newest["id"]]

        assert eventually(outcomes, why="the order") == ["not_written"]


class TestLedger:
    def test_every_release_and_refusal_is_on_it_and_it_holds(self, hub, counts, rows):
        listed = [json.loads(line) for line in hub("extract", "list", "--limit", 500, "--json").out.splitlines()]
        assert len(listed) >= 2

        def entries():
            lines = [json.loads(line) for line in hub("ledger", "export").out.splitlines()]
            said = [json.loads(line["bytes"]) for line in lines if line.get("bytes")]
            found = {}
            for entry in said:
                if "extract" in entry: found.setdefault(entry["extract"], []).append(entry)
            return found if {line["id"] for line in listed} <= found.keys() else None

        found = eventually(entries, why="the order")
        for line in listed:
            decided = [entry for entry in found[line["id"]] if entry["kind"] in ("release", "share_decided")]
            assert [f"{entry['outcome']} {entry['reason']}" for entry in decided] == [line["decision"]]
            isReleased = decided[0]["kind"] == "release"
            assert isReleased == line["decision"].startswith("PERMIT")
            ended = [entry["outcome"] for entry in found[line["id"]] if entry["kind"] == "release_outcome"]
            assert ended == ([line["project"] == "in-the-way" and "not_written" or "written"] if isReleased else [])
        for package in (counts, rows):
            [release] = [entry for entry in found[package.said["extract_id"]] if entry["kind"] == "release"]
            assert release["bytes_hash"] == hashlib.sha256(package.bytes).hexdigest()
            assert release.get("pseudonym_key") == package.note["key_id"]
        holds = hub("ledger", "verify")
        assert holds.code == 0 and holds.out.startswith("the ledger holds: "), holds

    def test_the_database_tells_nobody_who_was_in_a_release(self, hub, rows):
        dump = hub.installation.dump()
        kept = dump[dump.index('COPY record."extract" '):]
        assert rows.said["extract_id"] in kept
        for row in rows.rows[:20]:
            assert row["pid"] not in dump
