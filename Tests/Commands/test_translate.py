"""`hub translate`: documents in, JSON Lines out, whatever the bytes."""

import json
import os
import pathlib
import random

import pytest

from conftest import PROJECT, run

SAMPLES = sorted(
    path for path in PROJECT.glob("adapters/*/samples/in/*") if not path.name.endswith(".expected.json")
)
FORMATS = ("hl7v2", "bars", "envelope", "csv", "ppn")
STATUSES = {"accepted", "incomplete", "rejected"}


def translated(translation):
    """The lines of a translation, each of the documented shape; the exit code agrees with them."""
    lines = [json.loads(line) for line in translation.out.splitlines()]
    for line in lines:
        members = {"file", "index", "status", "referral", "reply", "warnings", "errors"}
        assert set(line) | {"referral", "reply"} == members, line
        assert isinstance(line["index"], int) and line["status"] in STATUSES
        assert bool(line["errors"]) == (line["status"] != "accepted"), line
        # What is taken is about a person, or about a share that its sender was given.
        assert line["status"] == "rejected" or line.get("referral") or line.get("reply"), line
        for finding in line["warnings"] + line["errors"]:
            assert set(finding) == {"code", "path", "text"}, finding
            assert finding["code"] and finding["text"]
    rejected = any(line["status"] == "rejected" for line in lines)
    assert translation.code == (65 if rejected else 0), translation
    return lines


def files_translated(adapter, files):
    """Translates many files at once; each has its lines, in order, so that none was lost."""
    lines = translated(run("translate", "--adapter", adapter, *files))
    assert list(dict.fromkeys(line["file"] for line in lines)) == [str(file) for file in files]
    return lines


def test_every_sample_is_detected():
    for line in files_translated("auto", SAMPLES):
        assert not any(error["text"] == "No adapter knows this document" for error in line["errors"]), line["file"]


def test_a_named_adapter_and_detection_agree():
    sample = PROJECT / "adapters/uhdb/samples/in/referral-i12.hl7"
    [named], [detected] = (translated(run("translate", "--adapter", a, sample)) for a in ("uhdb", "auto"))
    assert named == detected
    assert named["status"] == "accepted" and named["index"] == 0
    assert named["referral"]["sender"] == "uhdb" and named["referral"]["person"]["dob"] == "1948-02-03"


def test_a_dash_reads_standard_input():
    sample = PROJECT / "adapters/uhdb/samples/in/referral-i12.hl7"
    [piped] = translated(run("translate", "--adapter", "auto", "-", stdin=sample.read_bytes()))
    [line] = translated(run("translate", "--adapter", "auto", sample))
    assert piped == line | {"file": "-"}


def test_a_batch_gives_a_line_for_each_message():
    lines = translated(run("translate", "--adapter", "uhdb", PROJECT / "adapters/uhdb/samples/in/batch-adt.hl7"))
    assert len(lines) > 1 and [line["index"] for line in lines] == list(range(len(lines)))


def test_a_bad_row_is_rejected_alone():
    sample = PROJECT / "adapters/derby_community_action/samples/in/bad-rows.csv"
    lines = translated(run("translate", "--adapter", "derby_community_action", sample))
    assert {"accepted", "rejected"} <= {line["status"] for line in lines}


def test_a_missing_file_is_rejected_and_the_others_are_translated(tmp_path):
    sample = PROJECT / "adapters/envelope/samples/in/faith-group.json"
    missing, folder = tmp_path / "missing.json", tmp_path
    first, second, third = files_translated("auto", [missing, folder, sample])
    assert first["status"] == second["status"] == "rejected" and third["status"] == "accepted"


def test_an_adapter_that_is_not_there_is_wrong_usage():
    wrong = run("translate", "--adapter", "nosuch", SAMPLES[0])
    assert wrong.code == 64 and "hub adapters list" in wrong.remarks


def test_production_refuses_the_synthetic_number_range():
    sample = PROJECT / "adapters/uhdb/samples/in/referral-i12.hl7"
    [test] = translated(run("translate", "--adapter", "uhdb", sample))
    [production] = translated(run("translate", "--adapter", "uhdb", "--production", sample))
    assert len(production["warnings"] + production["errors"]) > len(test["warnings"] + test["errors"])


def test_findings_quote_no_value(tmp_path):
    """Every text of an envelope replaced by a canary: whatever is found wrong, no finding repeats it."""

    def spoilt(value):
        if isinstance(value, dict):
            return {key: value[key] if key in ("sender", "type") else spoilt(value[key]) for key in value}
        if isinstance(value, list):
            return [spoilt(part) for part in value]
        return "CANARYVALUE"

    document = tmp_path / "spoilt.json"
    document.write_text(json.dumps(spoilt(json.loads((PROJECT / "adapters/envelope/samples/in/faith-group.json").read_text()))))
    done = run("translate", "--adapter", "envelope", document)
    [line] = translated(done)
    assert line["warnings"] or line["errors"]
    assert "CANARYVALUE" not in json.dumps(line["warnings"] + line["errors"]) + done.remarks


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    noise = random.Random(1)
    contents = {
        "empty": b"",
        "nul": b"\0",
        "line-end": b"\n",
        "deep-lists.json": b"[" * 100_000 + b"]" * 100_000,
        "deep-open.json": b"[" * 100_000,
        "deep-objects.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "deep.xml": b"<a>" * 100_000 + b"</a>" * 100_000,
        "dtd.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        "laughs.xml": b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><l>&c;</l>',
        "twice.json": b'{"sender":"x","sender":"y"}',
        "not-utf-8.json": b'{"sender":"\xff\xfe"}',
        "half-surrogate.json": rb'{"sender":"\ud800"}',
        "number.json": b"1e99999999",
        "msh.hl7": b"MSH",
        "delimiters.hl7": b"MSH|||||||||||||",
        "same-delimiters.hl7": b"MSH||||||\rPID|1\r",
        "escapes.hl7": b"MSH|^~\\&|A|B|C|D|20261101||REF^I12|1|P|2.4\rPID|1||\\X\\\\XZZ\\\\E|\\",
        "quote.csv": b'surname,forename\n"never closed',
        "columns.csv": b"surname,forename\n" + b"," * 100_000,
        "nul.csv": b"surname,forename\na\0b,c\n",
        "utf-16.csv": "surname,forename\nÉ,É\n".encode("utf-16"),
        **{f"noise-{n}": noise.randbytes(5_000) for n in range(5)},
    }
    for name, bytes in contents.items():
        (folder / name).write_bytes(bytes)
    return sorted(folder.iterdir())


class TestBadInput:
    """Nothing crashes the command, and every file has an answer."""

    @pytest.mark.parametrize("adapter", ["auto", *FORMATS])
    def test_is_rejected(self, adapter, bad_files):
        lines = files_translated(adapter, bad_files)
        accepted = {pathlib.Path(line["file"]).name for line in lines if line["status"] != "rejected"}
        # A table may have rows that are only odd; everything else is refused whole.
        assert all(name.endswith(".csv") for name in accepted), accepted

    def test_a_document_over_the_limit_is_too_large(self, tmp_path):
        (tmp_path / "big").write_bytes(b"A" * 20_000_000)
        [line] = files_translated("auto", [tmp_path / "big"])
        assert line["errors"][0]["code"] == "too_large"

    @pytest.mark.parametrize("name", ["dtd.xml", "laughs.xml"])
    def test_a_document_type_declaration_is_refused_by_name(self, name, bad_files):
        [file] = [file for file in bad_files if file.name == name]
        [line] = files_translated("ppn", [file])
        assert "DTD" in line["errors"][0]["text"]

    @pytest.mark.parametrize("how", ["auto", "named"])
    def test_truncated_anywhere_is_answered(self, how, tmp_path):
        by_adapter = {}
        for sample in SAMPLES:
            whole, adapter = sample.read_bytes(), sample.parents[2].name
            for part in range(1, 10, 2):
                file = tmp_path / f"{adapter}-{sample.stem}-{part}{sample.suffix}"
                file.write_bytes(whole[: len(whole) * part // 10])
                by_adapter.setdefault("auto" if how == "auto" else adapter, []).append(file)
        for adapter, files in by_adapter.items():
            files_translated(adapter, files)

    def test_spoilt_bytes_are_answered(self, tmp_path):
        noise, files = random.Random(2), []
        for sample in SAMPLES:
            bytes = bytearray(sample.read_bytes())
            for _ in range(20):
                bytes[noise.randrange(len(bytes))] = noise.randrange(256)
            file = tmp_path / f"{sample.parents[2].name}-{sample.name}"
            file.write_bytes(bytes)
            files.append(file)
        files_translated("auto", files)


def genuine():
    """HL7 v2 and BaRS documents as published by others."""
    folder = os.environ.get("HUB_SAMPLES")
    if not folder:
        return []
    nhs = pathlib.Path(folder) / "nhs"
    found = [p for part in ("hl7v2", "bars") for p in sorted((nhs / part).rglob("*")) if p.is_file()]
    assert found, f"HUB_SAMPLES has no documents under {nhs}"
    return found


@pytest.mark.skipif(not os.environ.get("HUB_SAMPLES"), reason="HUB_SAMPLES is unset: no genuine documents to translate")
class TestGenuineDocuments:
    @pytest.mark.parametrize("adapter", ["auto", "hl7v2", "bars"])
    def test_are_answered(self, adapter):
        files_translated(adapter, genuine())

    def test_referrals_and_updates_are_taken(self):
        taken = {pathlib.Path(line["file"]).name for line in files_translated("auto", genuine()) if line["status"] != "rejected"}
        assert {"REF-I12-01.hl7", "ADT-A01-01.hl7", "process-message-servicerequest-request.json"} <= taken


def test_provenance_is_told_when_it_is_asked_for():
    sample = PROJECT / "adapters/uhdb/samples/in/referral-i12.hl7"
    [plain], [told] = (
        [json.loads(line) for line in run("translate", "--adapter", "uhdb", *more, sample).out.splitlines()]
        for more in ([], ["--provenance"])
    )
    origins = told.pop("provenance")
    assert told == plain
    assert origins["person.dob"] == {"from": ["PID-7.1"], "steps": ["date"]}
    assert origins["source_code"] == {"from": [], "steps": ["always 3F"]}
    assert len(origins) > 15
