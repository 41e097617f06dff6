"""`hub render`: a release in, the exact outbound bytes out.

A PDF's bytes hang on the libraries that print it: samples hold what it says, which `--outline` writes in its place."""

import json

import pytest

from conftest import PROJECT, run

RELEASES = sorted(
    path for path in PROJECT.glob("adapters/*/samples/out/*.json") if ".expected." not in path.name
)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: f"{path.parents[2].name}/{path.stem}")
def test_the_bytes_are_exact(release):
    [expected] = release.parent.glob(release.stem + ".expected.*")
    done = run("render", "--outline", "--adapter", release.parents[2].name, release)
    assert done.code == 0 and done.remarks == ""
    assert done.bytes == expected.read_bytes()


def test_a_dash_reads_standard_input():
    release = PROJECT / "adapters/uhdb/samples/out/agreed.json"
    done = run("render", "--adapter", "uhdb", "--purpose", "care_support", "-", stdin=release.read_bytes())
    assert done.bytes == release.with_name("agreed.expected.hl7").read_bytes()


@pytest.mark.parametrize(
    "release",
    [
        b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"{}", b'{"share":{"id":"x","purpose":"housing_support"}}',
    ],
    ids=["empty", "truncated", "list", "deep", "not UTF-8", "nothing", "nobody"],
)
def test_a_mistake_ends_with_65_and_prints_no_document(release):
    done = run("render", "--adapter", "derby_homes", "-", stdin=release)
    assert done.code == 65 and done.bytes == b""
    assert done.remarks.startswith("-: ")


@pytest.mark.parametrize("adapter", ["uhdb", "derby_homes"])
@pytest.mark.parametrize("born", ["CANARYDATE", "1948-02-30", "1948-13-03"])
def test_a_date_that_does_not_fit_is_named_and_not_quoted(adapter, born):
    release = (PROJECT / f"adapters/{adapter}/samples/out/agreed.json").read_text()
    assert "1948-02-03" in release
    done = run("render", "--adapter", adapter, "-", stdin=release.replace("1948-02-03", born).encode())
    assert done.code == 65 and done.bytes == b""
    assert "dob" in done.remarks and born not in done.remarks


@pytest.mark.parametrize(
    "sample, path, said",
    [
        ("council_audit/answer", "share.authority_ref", "authority_ref"),
        ("court_of_protection/order", "share.authority_ref", "authority_ref"),
        ("derbys_fire/agreed", "person.family", "family"),
    ],
)
def test_what_a_form_cannot_be_without_is_named(sample, path, said):
    adapter, name = sample.split("/")
    release = json.loads((PROJECT / f"adapters/{adapter}/samples/out/{name}.json").read_text())
    place, field = parent(release, path)
    del place[field]
    done = run("render", "--adapter", adapter, "-", stdin=json.dumps(release).encode())
    assert done.code == 65 and done.bytes == b""
    assert said in done.remarks


@pytest.mark.parametrize(
    "sample, path",
    [
        ("council_derby_advice/agreed", "extensions.council.rent"),
        ("care_provider/agreed", "extensions.start_by"),
        ("equipment_provider/agreed", "extensions.equipment.deliver_from"),
        ("derby_homes/agreed", "extensions.household_size"),
        ("derby_homes/agreed", "extensions.tenancy_ref"),
    ],
)
def test_a_sentence_in_the_place_of_a_number_a_date_or_a_reference_stays_here(sample, path):
    adapter, name = sample.split("/")
    release = json.loads((PROJECT / f"adapters/{adapter}/samples/out/{name}.json").read_text())
    place, field = parent(release, path)
    place[field] = "CANARY, she says"
    done = run("render", "--adapter", adapter, "-", stdin=json.dumps(release).encode())
    assert done.code == 0 and done.bytes
    assert b"CANARY" not in done.bytes and "CANARY" not in done.remarks


def parent(release, path):
    """What holds the field that a path names, and its last name."""
    *parents, field = path.split(".")
    for name in parents:
        release = release[name]
    return release, field


def test_a_missing_file_ends_with_65(tmp_path):
    done = run("render", "--adapter", "uhdb", tmp_path / "missing.json")
    assert done.code == 65 and "missing.json" in done.remarks


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--adapter", "nosuch"], "No adapter is named nosuch"),
        (["--adapter", "uhdb", "--purpose", "nosuch"], "sends nothing for that purpose"),
        (["--adapter", "uhdb", "--channel", "sftp"], "not by that channel"),
        (["--adapter", "csv"], "sends nothing for that purpose"),
    ],
)
def test_a_wrong_adapter_or_purpose_is_wrong_usage(arguments, said):
    done = run("render", *arguments, PROJECT / "adapters/uhdb/samples/out/agreed.json")
    assert done.code == 64 and said in done.remarks


def test_a_row_of_an_exercise_is_written_by_its_sheet(tmp_path):
    folder = PROJECT / "adapters/cabinet_office"
    release = json.loads((folder / "samples/out/nfi.json").read_text())
    sheet = ["--sheet", folder / "sheet.example.yaml"]
    told = run("render", "--adapter", "cabinet_office", *sheet, "-", stdin=json.dumps(release).encode())
    assert told.code == 65 and told.bytes == b"" and "authority_ref is not the exercise" in told.remarks
    release["share"]["authority_ref"] = "NFI-2026-27"
    told = run("render", "--adapter", "cabinet_office", *sheet, "-", stdin=json.dumps(release).encode())
    # The sample's number is one that nobody can have.
    assert told.code == 65 and "column 'NINO' is not written as nino" in told.remarks and "QQ123456B" not in told.remarks
    release["person"]["identifiers"][0]["value"] = "AB123456C"
    done = run("render", "--adapter", "cabinet_office", *sheet, "-", stdin=json.dumps(release).encode())
    assert done.code == 0 and done.remarks == "", done.remarks
    assert done.bytes.splitlines()[1].decode() == (
        '"01997f2e-6d7a-7c3b-8e4f-000000090001","Mrs","Example","Anne Marie","","03/02/1948","1 Example Street","Alvaston",'
        '"","Derby","DE1 2FS","100030123456","AB123456C","00441632960123","anne.example@example.org"')
    wrong = tmp_path / "sheet.yaml"
    wrong.write_text((folder / "sheet.example.yaml").read_text().replace("from: Surname", "from: Surnam"))
    told = run("render", "--adapter", "cabinet_office", "--sheet", wrong, "-", stdin=json.dumps(release).encode())
    assert told.code == 65 and told.bytes == b"" and "did you mean 'Surname'?" in told.remarks
    checked = run("nfi", "check", folder / "sheet.example.yaml")
    assert checked.code == 0 and checked.out.endswith("upload by 2026-12-31, no mistakes\n")
    checked = run("nfi", "check", wrong, tmp_path / "none.yaml")
    assert checked.code == 65 and "columns[2].from" in checked.out and "cannot be read" in checked.out
