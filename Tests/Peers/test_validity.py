"""What partners are sent is valid in the eyes of programs of others: JSON by the schema beside its shape, HL7 v2 by hl7apy, CSV by
Python's own reader with the columns of the table schema beside its shape, XML by lxml and the schema
beside its shape, FHIR by fhir.resources, an extract by Python's zipfile and its own description."""

import csv
import datetime
import hashlib
import io
import json
import re
import zipfile

import jsonschema
import pytest
import yaml
from fhir.resources.R4B.bundle import Bundle
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from lxml import etree

from conftest import PROJECT

EXTENSIONS = {"json": "json", "hl7v2": "hl7", "csv": "csv", "xml": "xml", "pdf": "txt", "fhir": "json", "extract": "zip"}


class Way:
    """A way out of an adapter: for a purpose, in a format, by a shape with its schema; or for extracts, without."""

    def __init__(self, folder, definition):
        self.purpose, self.channel = definition["purpose"], definition["channel"]
        self.format = "extract" if definition.get("content") == "extract" else definition["format"]
        if self.format == "extract":
            return
        self.shape = (folder / definition["shape"]).resolve()
        ending = ".schema.xsd" if self.format == "xml" else ".schema.json"
        self.schema_file = self.shape.with_name(self.shape.name.replace(".shape.yaml", ending))

    @property
    def schema(self):
        return json.loads(self.schema_file.read_text())


class Sample:
    """A release of an adapter, and the bytes that it must give."""

    def __init__(self, path):
        self.path, self.folder = path, path.parents[2]
        self.release = json.loads(path.read_text())
        self.facts = self.release.get("extract") or self.release["share"]
        ways = [way for way in WAYS[self.folder.name] if way.purpose == self.facts["purpose"]]
        self.way = next(way for way in ways if way.channel == self.facts.get("channel", way.channel))
        self.expected = path.with_name(f"{path.stem}.expected.{EXTENSIONS[self.way.format]}")

    def __str__(self):
        return f"{self.folder.name}/{self.path.stem}"

    @property
    def document(self):
        return json.loads(self.expected.read_bytes())

    @property
    def archive(self):
        return zipfile.ZipFile(self.expected)

    @property
    def recipient(self):
        if self.way.format == "extract":
            return json.loads(self.archive.read("release-note.json"))["recipient"]
        return self.facts["recipient"]


WAYS = {
    path.parent.name: [Way(path.parent, way) for way in yaml.safe_load(path.read_text()).get("outbound", [])]
    for path in sorted(PROJECT.glob("adapters/*/adapter.yaml"))
}
SAMPLES = [
    Sample(path) for path in sorted(PROJECT.glob("adapters/*/samples/out/*.json")) if ".expected." not in path.name
]
ALL_WAYS = [pytest.param(id, way, id=f"{id}/{way.purpose}/{way.channel}") for id, ways in WAYS.items() for way in ways]


def of(format):
    return pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.way.format == format], ids=str)


def validator(schema):
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def objects(value):
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from objects(inner)


@pytest.mark.parametrize("id, way", ALL_WAYS)
def test_every_way_out_has_samples_of_its_purpose(id, way):
    samples = [sample for sample in SAMPLES if sample.folder.name == id and sample.way.purpose == way.purpose]
    assert samples and all(sample.expected.exists() for sample in samples)
    # A member of a kind is named behind a colon: gp:C81001.
    assert {sample.recipient.partition(":")[0] for sample in samples} == {id}


@pytest.mark.parametrize("id, way", [param for param in ALL_WAYS if param.values[1].format in ("json", "csv")])
def test_every_shape_has_a_schema_beside_it(id, way):
    if way.format == "json":
        jsonschema.Draft202012Validator.check_schema(way.schema)
        assert way.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        # What a schema does not know is wrong, at every depth: else it would pass whatever were added to a shape.
        assert all(part.get("additionalProperties") is False for part in objects(way.schema) if part.get("type") == "object")
    else:
        assert [field["name"] for field in way.schema["fields"]] == list(yaml.safe_load(way.shape.read_text()))


class TestJSON:
    @of("json")
    def test_is_what_its_schema_says(self, sample):
        errors = [f"{error.json_path}: {error.message}" for error in validator(sample.way.schema).iter_errors(sample.document)]
        assert errors == []

    @of("json")
    def test_a_member_that_is_not_in_the_schema_is_noticed_wherever_it_stands(self, sample):
        document = sample.document
        schema = validator(sample.way.schema)
        for place in objects(document):
            place["diagnosis"] = "a sentence"
            assert not schema.is_valid(document)
            del place["diagnosis"]
        assert schema.is_valid(document)

    @of("json")
    def test_has_nothing_empty_and_no_byte_order_mark(self, sample):
        assert sample.expected.read_bytes().startswith(b"{")
        for place in objects(sample.document):
            assert all(value not in ("", [], {}, None) for value in place.values())


@of("hl7v2")
def test_hl7_is_valid(sample):
    text = sample.expected.read_bytes().decode()
    assert parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True).validate()
    definition = yaml.safe_load((sample.folder / "adapter.yaml").read_text())
    # MSH-6: the shape is shared, the receiver is not.
    assert text.split("|")[5] == definition["ods"][0]


# A letter to a practice is FHIR, and another test's matter.
XML = [sample for sample in SAMPLES if sample.way.format == "xml" and sample.folder.name != "gp"]


@pytest.mark.parametrize("sample", XML, ids=str)
def test_xml_is_what_its_schema_says_and_nothing_else_would_be(sample):
    schema = etree.XMLSchema(etree.parse(sample.way.schema_file))
    document = etree.fromstring(sample.expected.read_bytes())
    schema.assertValid(document)
    for element in list(document.iter()):
        stranger = etree.SubElement(element, "{urn:lac:jcp:v1}Diagnosis")
        assert not schema.validate(document)
        element.remove(stranger)
        assert (element.text or "").strip() or len(element), element.tag
    schema.assertValid(document)


@of("extract")
def test_an_extract_is_an_archive_whose_table_is_as_it_describes_itself(sample):
    archive = sample.archive
    assert archive.testzip() is None and archive.namelist()[1:] == ["datapackage.json", "release-note.json"]
    assert [archive.read(file["name"]).decode() for file in sample.release["files"]] == [
        file["text"] for file in sample.release["files"]
    ]
    [resource] = json.loads(archive.read("datapackage.json"))["resources"]
    table = archive.read(resource["path"])
    assert resource["hash"] == "sha256:" + hashlib.sha256(table).hexdigest() and resource["bytes"] == len(table)
    header, *rows = csv.reader(io.StringIO(table.decode(), newline=""), strict=True)
    fields = resource["schema"]["fields"]
    assert header == [field["name"] for field in fields] and rows
    for row in rows:
        for field, text in zip(fields, row, strict=True):
            rules = field.get("constraints", {})
            assert text or not rules.get("required")
            assert not text or text in rules.get("enum", [text]) and re.fullmatch(rules.get("pattern", ".*"), text)
    note = json.loads(archive.read("release-note.json"))
    assert note["row_count"] == len(rows) and note["extract"] == sample.facts["id"]
    assert note["purpose"] == sample.way.purpose


@of("fhir")
def test_fhir_is_a_valid_message_whose_references_lead_to_its_entries(sample):
    message = Bundle.model_validate(sample.document)
    urls = [entry.fullUrl for entry in message.entry]
    assert message.entry[0].resource.get_resource_type() == "MessageHeader" and len(set(urls)) == len(urls)
    named = [place["reference"] for place in objects(sample.document) if isinstance(place.get("reference"), str)]
    assert named and set(named) <= set(urls)
    assert all(value not in ("", [], {}, None) for place in objects(sample.document) for value in place.values())


@of("csv")
class TestCSV:
    def rows(self, sample):
        return list(csv.reader(io.StringIO(sample.expected.read_bytes().decode(), newline=""), strict=True))

    def test_has_the_columns_of_its_schema_and_a_row(self, sample):
        header, *rows = self.rows(sample)
        assert header == [field["name"] for field in sample.way.schema["fields"]]
        assert rows and all(len(row) == len(header) for row in rows)

    def test_each_cell_is_what_its_column_holds(self, sample):
        _, *rows = self.rows(sample)
        for row in rows:
            for field, cell in zip(sample.way.schema["fields"], row, strict=True):
                constraints = field.get("constraints", {})
                assert cell or not constraints.get("required"), field["name"]
                if cell and field["type"] == "date":
                    assert datetime.datetime.strptime(cell, field["format"])
                if cell and "pattern" in constraints:
                    assert re.fullmatch(constraints["pattern"], cell), field["name"]

    def test_runs_nothing_in_a_spreadsheet(self, sample):
        for row in self.rows(sample):
            assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
