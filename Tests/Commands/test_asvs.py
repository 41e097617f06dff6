"""The list of OWASP ASVS 5.0 is whole, and what it names is in the tree."""

import ast
import datetime
import functools
import pathlib
import re
from collections import Counter

import pytest

PROJECT = pathlib.Path(__file__).parents[2]
LIST = PROJECT / "deploy/security/asvs.md"

# Version 5.0.0, by section: the numbers of level 1, and those of level 2.
SECTIONS = {
    "1.1": ("", "1-2"), "1.2": ("1-5", "6-9"), "1.3": ("1-2", "3-11"), "1.4": ("", "1-3"), "1.5": ("1", "2"),
    "2.1": ("1", "2-3"), "2.2": ("1-2", "3"), "2.3": ("1", "2-4"), "2.4": ("", "1"), "3.2": ("1-2", ""),
    "3.3": ("1", "2-4"), "3.4": ("1-2", "3-6"), "3.5": ("1-3", "4-5"), "3.7": ("", "1-2"), "4.1": ("1", "2-3"),
    "4.2": ("", "1"), "4.3": ("", "1-2"), "4.4": ("1", "2-4"), "5.1": ("", "1"), "5.2": ("1-2", "3"),
    "5.3": ("1-2", ""), "5.4": ("", "1-3"), "6.1": ("1", "2-3"), "6.2": ("1-8", "9-12"), "6.3": ("1-2", "3-4"),
    "6.4": ("1-2", "3-4"), "6.5": ("", "1-5"), "6.6": ("", "1-3"), "6.8": ("", "1-4"), "7.1": ("", "1-3"),
    "7.2": ("1-4", ""), "7.3": ("", "1-2"), "7.4": ("1-2", "3-5"), "7.5": ("", "1-2"), "7.6": ("", "1-2"),
    "8.1": ("1", "2"), "8.2": ("1-2", "3"), "8.3": ("1", ""), "8.4": ("", "1"), "9.1": ("1-3", ""),
    "9.2": ("1", "2-4"), "10.1": ("", "1-2"), "10.2": ("", "1-2"), "10.3": ("", "1-4"), "10.4": ("1-5", "6-11"),
    "10.5": ("", "1-5"), "10.6": ("", "1-2"), "10.7": ("", "1-3"), "11.1": ("", "1-2"), "11.2": ("", "1-3"),
    "11.3": ("1-2", "3"), "11.4": ("1", "2-4"), "11.5": ("", "1"), "11.6": ("", "1"), "12.1": ("1", "2-3"),
    "12.2": ("1-2", ""), "12.3": ("", "1-4"), "13.1": ("", "1"), "13.2": ("", "1-5"), "13.3": ("", "1-2"),
    "13.4": ("1", "2-5"), "14.1": ("", "1-2"), "14.2": ("1", "2-4"), "14.3": ("1", "2-3"), "15.1": ("1", "2-3"),
    "15.2": ("1", "2-3"), "15.3": ("1", "2-7"), "16.1": ("", "1"), "16.2": ("", "1-5"), "16.3": ("", "1-4"),
    "16.4": ("", "1-3"), "16.5": ("", "1-3"), "17.1": ("", "1"), "17.2": ("", "1-4"), "17.3": ("", "1-2"),
}
# Of each chapter, both levels together.
CHAPTERS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7,
}
STATUSES = {"test", "document", "not applicable", "deviation"}


def numbers(text):
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def requirements():
    """Each id of the standard with its level."""
    return [
        (f"{section}.{number}", level)
        for section, levels in SECTIONS.items() for level, text in enumerate(levels, 1) for number in numbers(text)
    ]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@functools.cache
def table():
    """The rows of all chapters. One without an id goes on with the row above it."""
    rows, chapter = [], None
    for line in LIST.read_text().splitlines():
        if heading := re.match(r"## (\d+)\. ", line):
            chapter = int(heading[1])
        elif chapter and line.startswith("|") and not line.startswith(("| Id |", "| --- ")):
            id, level, text, status, shown = cells(line)
            if id:
                word, _, day = status.partition(" 20")
                rows.append({"id": id, "level": level, "chapter": chapter, "text": text, "status": word,
                             "day": "20" + day if day else None, "shown": []})
            if shown:
                rows[-1]["shown"].append(shown)
    return rows


def of(status):
    return [row for row in table() if row["status"] == status]


def named_tests():
    return [(row["id"], shown.strip("`")) for row in of("test") for shown in row["shown"]]


def test_every_requirement_of_levels_1_and_2_stands_there_once():
    assert Counter(int(id.partition(".")[0]) for id, _ in requirements()) == CHAPTERS
    assert sum(level == 1 for _, level in requirements()) == 70 and len(requirements()) == 253
    assert [(row["id"], int(row["level"])) for row in table()] == sorted(
        requirements(), key=lambda one: [int(part) for part in one[0].split(".")])
    assert all(row["chapter"] == int(row["id"].partition(".")[0]) for row in table())


def test_each_row_says_how_it_stands_and_what_shows_that():
    unsettled = [(row["id"], row["status"]) for row in table() if row["status"] not in STATUSES]
    assert unsettled == []
    assert [row["id"] for row in table() if not row["text"] or not row["shown"]] == []


def test_the_counts_are_those_of_the_tables():
    opening = LIST.read_text().partition("\n## ")[0]
    said = {row[0]: int(row[2]) for line in opening.splitlines() if line.startswith("|")
            if len(row := cells(line)) == 3 and row[2].isdigit()}
    assert said == {**Counter(row["status"] for row in table()), "all": len(table())}


def is_python_test(name):
    file, *path = name.split("::")
    if not (PROJECT / file).is_file():
        return False
    within = ast.parse((PROJECT / file).read_text()).body
    for part in path:
        found = [node for node in within if getattr(node, "name", None) == part]
        if not found:
            return False
        within = found[0].body
    return path[-1].startswith("test_")


def is_swift_test(name):
    target, suite, test = name.split(".", 2)
    for file in (PROJECT / "Tests" / target).rglob("*.swift"):
        text = file.read_text()
        if not re.search(rf"\b(struct|class|enum|extension) {re.escape(suite)}\b", text):
            continue
        # Between the attribute and its function stand arguments and no other function.
        before, found, _ = text.partition(f"func `{test}`")
        if found and "@Test" in before and "func " not in before.rpartition("@Test")[2]:
            return True
    return False


@pytest.mark.parametrize(("id", "name"), named_tests())
def test_a_test_that_is_named_is_there(id, name):
    assert is_python_test(name) if "::" in name else is_swift_test(name), f"{id}: {name}"


def test_what_is_no_test_is_told_from_one():
    here = "Tests/Commands/test_asvs.py"
    assert is_python_test(f"{here}::test_what_is_no_test_is_told_from_one")
    assert not is_python_test(f"{here}::test_nothing") and not is_python_test(f"{here}::is_python_test")
    assert not is_python_test("Tests/Commands/test_nowhere.py::test_nothing")
    assert is_swift_test("VaultTests.VaultTests.the same bytes sealed twice differ")
    assert not is_swift_test("VaultTests.VaultTests.the same bytes") and not is_swift_test("VaultTests.Nothing.at all")


def anchor(heading):
    """As a heading is linked to on a page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(file, name):
    """The text below the heading of that anchor, up to the next one that is not below it; white space does not count."""
    level, lines, is_code = 0, [], False
    for line in (PROJECT / file).read_text().splitlines():
        is_code ^= line.lstrip().startswith("```")
        heading = None if is_code else re.match(r"(#+) (.*)", line)
        if heading and not level and anchor(heading[2]) == name:
            level = len(heading[1])
        elif heading and level and len(heading[1]) <= level:
            break
        elif level:
            lines.append(line)
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("row", of("document"), ids=lambda row: row["id"])
def test_what_is_said_to_be_written_down_is_there(row):
    link, *said = row["shown"]
    file, name = re.fullmatch(r"\[(\S+?)#(\S+)\]\(\S+\)", link).groups()
    text = section(file, name)
    assert text, f"{file} has no section {name}"
    quoted = re.findall(r"“([^”]+)”", " ".join(said))
    assert quoted and [words for words in quoted if words not in text] == []


def test_no_deviation_is_older_than_a_year():
    today = datetime.date.today()
    for row in of("deviation"):
        day = datetime.date.fromisoformat(row["day"])
        assert day <= today <= day + datetime.timedelta(days=366), f"{row['id']}: look at it again"
        assert len(row["shown"]) > 1 and row["shown"][-1].startswith("Closes it: "), row["id"]
