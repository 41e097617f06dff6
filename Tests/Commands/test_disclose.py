"""`hub disclose`: the policy on written cases."""

import pytest

from conftest import run

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
