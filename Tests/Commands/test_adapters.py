"""`hub adapters`: what an author of adapters is told."""

import json

from conftest import PROJECT, run


def spoil(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_list_names_every_adapter():
    folders = {path.parent.name for path in PROJECT.glob("adapters/*/adapter.yaml")}
    table = run("adapters", "list")
    rows = [json.loads(line) for line in run("adapters", "list", "--json").out.splitlines()]
    assert table.code == 0 and table.out.splitlines()[0].split() == ["ID", "KIND", "TAKES", "SENDS", "NAME"]
    assert {row["id"] for row in rows} == folders == {line.split()[0] for line in table.out.splitlines()[1:]}
    assert next(row for row in rows if row["id"] == "uhdb")["sends"] == "care_support/mesh safeguarding/mesh"


def test_ours_pass():
    assert run("adapters", "check").code == 0
    test = run("adapters", "test")
    assert test.code == 0 and test.out.splitlines()[-1].endswith("passed, 0 failed")


def test_bench_measures_each_format_by_itself():
    everything = run("adapters", "bench", "--seconds", "0.01", "--json")
    rows = [json.loads(line) for line in everything.out.splitlines()]
    assert everything.code == 0 and {row["format"].split("/")[0] for row in rows} == {"csv", "fhir", "hl7v2", "json", "xml"}
    assert all(row["documents_per_s"] > 0 and row["referrals_per_s"] >= row["documents_per_s"] for row in rows)
    one = run("adapters", "bench", "--seconds", "0.01", "--only", "uhdb/samples/in/referral-i12", "--json")
    assert [json.loads(line)["samples"] for line in one.out.splitlines()] == [1]
    assert run("adapters", "bench", "--only", "no such sample").code == 65
    assert run("adapters", "bench", "--seconds", "0").code == 64


def test_a_new_adapter_works_at_once(adapters):
    new = run("adapters", "new", "--adapters", adapters, "example_charity")
    assert new.code == 0
    for file in ("README.md", "adapter.yaml", "referral.map.yaml"):
        assert f"example_charity/{file}" in new.out and (adapters / "example_charity" / file).exists()
    assert run("adapters", "test", "--adapters", adapters, "example_charity").out == "1 passed, 0 failed\n"
    assert run("adapters", "check", "--adapters", adapters).code == 0
    assert "example_charity" in run("adapters", "list", "--adapters", adapters).out


def test_new_refuses_what_is_there_and_what_is_no_id(adapters):
    before = (adapters / "uhdb/adapter.yaml").read_bytes()
    for id in ("uhdb", "Bad Id", "../outside", "x"):
        refused = run("adapters", "new", "--adapters", adapters, id)
        assert refused.code == 65 and refused.remarks, id
    assert (adapters / "uhdb/adapter.yaml").read_bytes() == before


def test_one_changed_value_fails_naming_file_and_path(adapters):
    spoil(adapters / "uhdb/samples/in/referral-i12.expected.json", "1948-02-03", "1948-02-04")
    test = run("adapters", "test", "--adapters", adapters)
    assert test.code == 1
    first, closing = test.out.splitlines()
    assert first.startswith("uhdb/samples/in/referral-i12.expected.json: referral.person.dob: ")
    assert closing.endswith("passed, 1 failed")
    assert run("adapters", "test", "--adapters", adapters, "derby_homes").code == 0


def test_one_changed_byte_of_a_rendering_fails_naming_the_line(adapters):
    expected = adapters / "uhdb/samples/out/agreed.expected.hl7"
    expected.write_bytes(expected.read_bytes().replace(b"19480203", b"19480204"))
    test = run("adapters", "test", "--adapters", adapters, "uhdb")
    assert test.code == 1 and test.out.startswith("uhdb/samples/out/agreed.expected.hl7: line 5: ")


def test_a_misspelt_key_is_named_with_file_line_and_remedy(adapters):
    spoil(adapters / "derby_community_action/referral.map.yaml", "wishes: ", "whishes: ")
    line = (adapters / "derby_community_action/referral.map.yaml").read_text().split("whishes")[0].count("\n") + 1
    check = run("adapters", "check", "--adapters", adapters)
    assert check.code == 65
    assert check.out.startswith(f"derby_community_action/referral.map.yaml:{line}: whishes: ")
    assert "did you mean 'wishes'" in check.out


def test_every_mistake_is_reported_at_once(adapters):
    spoil(adapters / "uhdb/adapter.yaml", "channel: mesh", "chanel: mesh")
    spoil(adapters / "csv/row.map.yaml", "| date", "| dat")
    spoil(adapters / "derby_homes/housing_support.shape.yaml", "person.family", "person.famly")
    with open(adapters / "codes/hl7_sex.yaml", "a") as codes:
        codes.write("X: [\n")
    check = run("adapters", "check", "--adapters", adapters)
    assert check.code == 65
    for part in ("uhdb/adapter.yaml:", "csv/row.map.yaml:", "derby_homes/housing_support.shape.yaml:", "codes/hl7_sex.yaml"):
        assert part in check.out, check


def test_nothing_runs_on_adapters_with_mistakes(adapters):
    spoil(adapters / "uhdb/adapter.yaml", "channel: mesh", "chanel: mesh")
    for arguments in (["list"], ["test"]):
        refused = run("adapters", *arguments, "--adapters", adapters)
        assert refused.code == 78 and "did you mean 'channel'" in refused.remarks and refused.out == ""


def test_a_folder_that_is_not_there_is_said(tmp_path):
    assert "no such folder" in run("adapters", "check", "--adapters", tmp_path / "nowhere").out


def test_an_unknown_adapter_is_wrong_usage():
    assert run("adapters", "test", "nosuch").code == 64
