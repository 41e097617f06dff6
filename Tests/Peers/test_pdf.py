"""What the hub prints is a PDF in the eyes of others: poppler reads what it says, qpdf finds no fault in it."""

import functools
import json
import os
import re
import subprocess

import pytest

from conftest import HUB, PROJECT, hub

RELEASES = sorted(
    path.with_name(path.name.replace(".expected.txt", ".json"))
    for path in PROJECT.glob("adapters/*/samples/out/*.expected.txt")
)
COURT = PROJECT / "adapters/court_of_protection/samples/out/order.json"


def render(release):
    return hub("render", "--adapter", release.parents[2].name, release)


@functools.cache
def printed(release):
    """The PDF of a sample."""
    return render(release)


def bundle(**changes):
    """The PDF of the court's sample with some fields changed."""
    release = {**json.loads(COURT.read_text()), **changes}
    return hub("render", "--adapter", "court_of_protection", "-", input=json.dumps(release).encode())


def run(*command, input):
    done = subprocess.run(command, input=input, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def said(pdf, *options):
    return run("pdftotext", *options, "-", "-", input=pdf)


def properties(pdf):
    return dict(re.findall(r"^([^:]+): +(.*)$", run("pdfinfo", "-", input=pdf), re.MULTILINE))


def flat(text):
    """Without the white space, which layout changes, and the marks of direction that poppler adds."""
    return re.sub(r"[\s\u202a-\u202e]+", "", text)


def is_reordered(text):
    """Whether poppler gives right-to-left scripts in another order, or there is no font for it."""
    return any(0x590 <= ord(character) < 0x800 or ord(character) >= 0x2000 for character in text)


def test_there_are_releases_to_print():
    assert {path.parents[2].name for path in RELEASES} >= {"subject", "court_of_protection"}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: f"{path.parents[2].name}/{path.stem}")
class TestSamples:
    def test_two_prints_are_equal(self, release):
        assert render(release) == printed(release)

    def test_qpdf_finds_no_fault(self, release, tmp_path):
        (tmp_path / "a.pdf").write_bytes(printed(release))
        report = subprocess.run(
            ["qpdf", "--check", tmp_path / "a.pdf"], capture_output=True, text=True, timeout=60)
        assert report.returncode == 0, report.stdout + report.stderr

    def test_the_properties_name_nobody_and_the_date_is_the_share_s(self, release):
        found = properties(printed(release))
        share = json.loads(release.read_text())["share"]
        assert found["Page size"].startswith("595.28 x 841.89")
        assert found["JavaScript"] == "no" and found["Form"] == "none" and found["Encrypted"] == "no"
        assert "Author" not in found and "Subject" not in found and "Keywords" not in found
        outline = release.with_name(release.stem + ".expected.txt").read_text()
        assert f"# {found['Title']}\n" in outline
        day = run("pdfinfo", "-isodates", "-", input=printed(release))
        assert f"CreationDate:    {share['created_at'][:19]}Z" in day

    def test_every_word_of_the_outline_is_on_the_paper(self, release):
        outline = release.with_name(release.stem + ".expected.txt").read_text()
        text = flat(said(printed(release)))
        for line in outline.removeprefix("OFFICIAL-SENSITIVE\nReference: ").splitlines():
            if is_reordered(line):
                continue
            for part in re.split(r"\| |(?<=^\d\.) |(?<=^\d\d\.) |: ", line.lstrip("#- ")):
                assert flat(part.removeprefix("Reference")) in text

    def test_each_page_has_marking_reference_and_number(self, release):
        pdf = printed(release)
        share = json.loads(release.read_text())["share"]
        pages = said(pdf).split("\f")[:-1]
        marking = release.with_name(release.stem + ".expected.txt").read_text().splitlines()[0]
        assert len(pages) == int(properties(pdf)["Pages"])
        for number, page in enumerate(pages, 1):
            assert marking in page and share["id"] in page
            assert f"page {number} of {len(pages)}" in page


def test_a_long_bundle_has_an_index_with_the_pages_on_which_its_sections_begin():
    notes = "\n".join(f"Visit {number}: the tap drips. " + "word " * 60 for number in range(120))
    pdf = bundle(notes=notes)
    pages = said(pdf, "-layout").split("\f")[:-1]
    assert len(pages) > 5
    index = dict(re.findall(r"^\s*([A-Z])\. .*?\s(\d+)$", pages[0], re.MULTILINE))
    assert list(index) == sorted(index) and len(index) >= 5
    for letter, page in index.items():
        heading = re.search(rf"^\s*{letter}\. (.*?)\s+{page}$", pages[0], re.MULTILINE).group(1)
        assert f"{letter}. {heading}" in pages[int(page) - 1]
    numbers = [int(number) for page in pages for number in re.findall(r"^ {0,3}(\d+)\.\s", page, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 120


def test_a_row_stays_on_one_page():
    needs = [{"code": "exploitation", "detail": f"first{n}\nmiddle{n}\nlast{n}"} for n in range(80)]
    pages = said(bundle(risks=needs)).split("\f")
    for number in range(80):
        found = [index for index, page in enumerate(pages)
                 if re.search(rf"\b(first|middle|last){number}\b", page)]
        assert len(found) == 1
        for word in ("first", "middle", "last"):
            assert re.search(rf"\b{word}{number}\b", pages[found[0]])
    tables = [page for page in pages if re.search(r"\bmiddle\d+\b", page)]
    assert len(tables) > 1 and all("Details" in page for page in tables)


@pytest.mark.parametrize("text", [
    "Llŷn, Tŷ Gwyn a'r ŵyl", "Zażółć gęślą jaźń", "Привет, мир", "x" * 3000, "Ωμέγα", "a\tb\u0001c",
    "<script>alert(1)</script> (javascript:void) /JS /URI",
])
def test_a_name_in_any_script_is_read_back(text):
    pdf = bundle(reason=text)
    assert flat(text.replace("\u0001", "")) in flat(said(pdf))
    assert b"/JavaScript" not in pdf and b"/URI" not in pdf and b"/Annots" not in pdf


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁷󠁬󠁳󠁿", "漢字", "\u202eabc", "\ufffe\uffff", "e\u0301" * 2000])
def test_no_character_stops_the_print(text):
    pdf = bundle(notes=f"{text}\nafterwards")
    assert "afterwards" in said(pdf)


def test_without_any_font_nothing_is_printed(tmp_path):
    (tmp_path / "fonts.conf").write_text(
        f"<fontconfig><dir>{tmp_path}/none</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>")
    done = subprocess.run(
        [HUB, "render", "--adapter", "court_of_protection", COURT], capture_output=True, timeout=60, cwd=PROJECT,
        env={**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")})
    assert done.returncode == 65 and done.stdout == b""
    assert b"no font is installed" in done.stderr


def test_headings_and_tables_are_tagged():
    tags = run("pdfinfo", "-struct", "-", input=printed(COURT))
    for tag in ("H1", "H2", "P", "Table", "TR", "TH", "TD"):
        assert re.search(rf"^ *{tag}\b", tags, re.MULTILINE), tag
