"""`hub disclose`: the policy on written cases."""

import json

import pytest

from conftest import PROJECT, UNKNOWN_ID, run

CASES = """
version: 1
cases:
- id: T01
  title: Named on a live agreement
  at: '2026-03-02T10:00:00Z'
  subject: { age: 58 }
  agreements:
  - id: A1
    signed_on: '2025-09-01'
    signed_by: subject
    scope: [{ recipient: gp, purposes: [care_support], groups: [NAME, NHSNO, NEEDS] }]
  request: { recipient: gp, purpose: care_support, level: identifiable, groups: [NAME, NEEDS], channel: mesh }
  expect: { decision: PERMIT, reason: permitted, level: identifiable, groups: [NEEDS, NAME] }
- id: T02
  title: No agreement
  at: '2026-03-02T10:00:00Z'
  subject: { age: 58 }
  agreements: []
  request: { recipient: gp, purpose: care_support, level: identifiable, groups: [NAME], channel: mesh }
  expect: { decision: DENY, reason: no_agreement }
"""


@pytest.fixture
def cases(tmp_path):
    def write(text):
        file = tmp_path / "cases.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def test_each_case_has_a_line_and_all_are_counted(cases):
    done = run("disclose", "--cases", cases(CASES))
    assert done.code == 0
    first, second, closing = done.out.splitlines()
    assert first.split() == ["passed", "T01", "PERMIT", "permitted"]
    assert second.split() == ["passed", "T02", "DENY", "no_agreement"]
    assert closing == "2 passed, 0 failed"


@pytest.mark.parametrize(
    "old, new, key",
    [
        ("reason: no_agreement", "reason: permitted", "reason"),
        ("groups: [NEEDS, NAME]", "groups: [NAME]", "groups"),
        ("DENY, reason: no_agreement", "DENY, reasn: no_agreement", "reasn"),
        ("subject: { age: 58 }", "subject: { aeg: 58 }", "aeg"),
    ],
    ids=["another reason", "fewer groups", "a misspelt expectation", "a misspelt fact"],
)
def test_a_case_that_does_not_hold_fails_and_says_why(cases, old, new, key):
    assert old in CASES
    done = run("disclose", "--cases", cases(CASES.replace(old, new, 1)))
    assert done.code == 1
    [failed] = [line for line in done.out.splitlines() if line.startswith("FAILED")]
    assert key in failed and done.out.splitlines()[-1] == "1 passed, 1 failed"


def test_explain_prints_every_rule_tried(cases):
    done = run("disclose", "--cases", cases(CASES), "--explain", "T02")
    assert done.code == 0 and done.out.startswith("DENY no_agreement\n")
    tried = [line for line in done.out.splitlines() if " passed " in line]
    assert len(tried) > 10 and "purpose: care_support" in done.out
    assert run("disclose", "--cases", cases(CASES), "--explain", "T99").code == 64


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00", b"cases: [", b"[" * 100_000], ids=["not UTF-8", "truncated", "deep"]
)
def test_a_file_that_cannot_be_read_ends_with_65(cases, text):
    done = run("disclose", "--cases", cases(text))
    assert done.code == 65 and "cases.yaml" in done.remarks and done.out == ""


def test_a_missing_file_ends_with_65(tmp_path):
    assert run("disclose", "--cases", tmp_path / "missing.yaml").code == 65


@pytest.mark.parametrize("text", ["", "version: 2\ncases: []", "cases: {}", "cases: []"])
def test_a_file_without_cases_never_passes(cases, text):
    assert run("disclose", "--cases", cases(text)).code in (1, 65)


def test_the_cases_of_the_notice_pass():
    done = run("disclose", "--cases", "Tests/Commands/notice-1-cases.yaml")
    assert done.code == 0 and done.out.endswith(" passed, 0 failed\n")


def test_explain_prints_json_for_machines(cases):
    done = run("disclose", "--cases", cases(CASES), "--explain", "T01", "--json")
    decision = json.loads(done.out)
    assert (decision["format"], decision["outcome"], decision["reason"]) == (1, "PERMIT", "permitted")
    assert decision["tried"][-1] == {
        "step": 11, "rule": "permitted", "facts": "asked: NAME NEEDS, released: NAME NEEDS", "applied": True,
    }


def test_one_thing_is_asked_for_at_a_time(cases):
    for arguments in ((), ("--bench", "--decision", UNKNOWN_ID), ("--bench", "--explain", "T01")):
        assert run("disclose", *arguments).code == 64


def test_bench_prints_both_rates():
    done = run("disclose", "--bench", "--seconds", "0.1", "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0 and [row["explanation"] for row in rows] == ["without", "with"]
    assert all(row["decisions_per_s"] > 0 and 0 < row["released"] < row["facts"] for row in rows)


@pytest.fixture(scope="module")
def notice():
    return run("policy", "show").out


class TestRules:
    def test_the_hubs_own_are_shown_and_hold(self, notice, tmp_path):
        file = tmp_path / "rules.yaml"
        file.write_text(notice)
        assert notice == (PROJECT / "Sources/Disclosure/Policies/notice-1.yaml").read_text()
        checked = run("policy", "check", file)
        assert (checked.code, checked.out) == (0, f"{file}: notice-1.rules-1, no mistakes\n")

    def test_every_mistake_has_its_file_and_line(self, notice, tmp_path):
        file = tmp_path / "rules.yaml"
        file.write_text(notice.replace("[nfi_web]", "[fax]").replace("  gp: row\n", "").replace("format: 1", "format: 2"))
        checked = run("policy", "check", file, tmp_path / "none.yaml")
        assert checked.code == 65
        lines = checked.out.splitlines()
        assert len(lines) == 4 and all(line.startswith(f"{file}:") for line in lines[:3])
        assert f"{file}:7: format: must be 1" in lines and "none.yaml" in lines[3]

    def test_cases_run_by_rules_of_ones_own(self, notice, cases, tmp_path):
        file = tmp_path / "rules.yaml"
        file.write_text(notice.replace("rules-1", "rules-2").replace("\n- care_support\n", "\n"))
        done = run("disclose", "--cases", cases(CASES), "--policy", file)
        assert done.code == 1 and "purpose_not_enabled" in done.out
        file.write_text("format: 1")
        done = run("disclose", "--cases", cases(CASES), "--policy", file)
        assert done.code == 65 and "matrix: is missing" in done.remarks and done.out == ""


@pytest.fixture(scope="module")
def share(hub):
    """A share that was refused, with its decision."""
    asked = hub("share", "request", hub.person, "--recipient", "uhdb", "--purpose", "care_support")
    assert asked.code == 65
    return json.loads(asked.out)


class TestKeptDecisions:
    def test_one_is_explained_and_taken_again(self, hub, share):
        again = hub("disclose", "--decision", share["share_id"])
        assert again.code == 0 and "taken again from the kept facts: the same" in again.out
        assert share["decision"]["reason"] in again.out and " passed " in again.out
        [line] = hub("disclose", "--decision", share["share_id"], "--json").out.splitlines()
        row = json.loads(line)
        assert row["same"] is True and row["again"]["reason"] == row["reason"] == share["decision"]["reason"]
        assert json.loads(hub("disclose", "--decision", row["decision_id"], "--json").out) == row

    def test_who_is_unknown_ends_with_65(self, hub):
        assert hub("disclose", "--decision", UNKNOWN_ID).code == 65
        assert hub("disclose", "--decision", "no-id").code == 64

    def test_rules_that_are_not_there_are_named(self, hub, share):
        hub.installation.sql("UPDATE record.decision SET policy_version = 'notice-0.rules-9' WHERE share = '%s'" % share["share_id"])
        again = hub("disclose", "--decision", share["share_id"])
        assert again.code == 65 and "notice-0.rules-9" in again.remarks

    def test_one_that_comes_out_otherwise_ends_with_1(self, hub, share):
        hub.installation.sql(
            "UPDATE record.decision SET policy_version = 'notice-1.rules-1', reason = 'permitted' WHERE share = '%s'"
            % share["share_id"]
        )
        again = hub("disclose", "--decision", share["share_id"])
        assert again.code == 1 and "TAKEN AGAIN IT IS ANOTHER" in again.out

    def test_a_hub_with_broken_rules_does_not_start_and_the_doctor_says_why(self, hub, notice):
        rules = hub.home / "rules"
        rules.mkdir()
        (rules / "notice-2.yaml").write_text(notice.replace("rules-1", "rules-2").replace("  gp: row\n", ""))
        broken = hub.home / "broken.yaml"
        broken.write_text((hub.home / "commands.yaml").read_text() + "policy: rules/notice-2.yaml\n")
        environment = {**hub.environment, "HUB_CONFIG": str(broken)}
        for command in (("serve",), ("share", "list")):
            done = run(*command, environment=environment)
            assert done.code == 78 and "ceilings.gp: is missing" in done.remarks
        doctor = run("doctor", environment=environment)
        assert doctor.code == 78 and "notice-2.yaml:" in doctor.out and "ceilings.gp: is missing" in doctor.out
        assert run("policy", "check", environment=environment).code == 65
        (rules / "notice-2.yaml").write_text(notice.replace("rules-1", "rules-2"))
        rows = [json.loads(line) for line in run("policy", "list", "--json", environment=environment).out.splitlines()]
        assert [(row["version"], row["state"]) for row in rows] == [
            ("notice-1.rules-1", "kept"), ("notice-1.rules-2", "in force"),
        ]
