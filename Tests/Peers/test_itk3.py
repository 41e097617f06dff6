"""What goes to a GP practice is a valid STU3 bundle in the eyes of fhir.resources, with a letter in it that poppler reads."""

import base64
import functools
import json
import re
import subprocess
import uuid

import pytest
from fhir.resources.STU3.bundle import Bundle

from conftest import PROJECT, hub

RELEASES = sorted(
    path for path in PROJECT.glob("adapters/gp/samples/out/*.json") if ".expected." not in path.name
)


def render(release):
    return hub("render", "--adapter", "gp", release)


@functools.cache
def rendered(release):
    return render(release)


def bundle(release):
    return Bundle.model_validate_xml(rendered(release))


def resources(bundle):
    """The resources of the message and of the document within it, by name."""
    outer = [entry.resource for entry in bundle.entry]
    return outer, [entry.resource for entry in outer[2].entry]


def test_there_are_releases_to_render():
    assert len(RELEASES) >= 2


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
class TestSamples:
    def test_the_bundle_is_valid_and_in_the_order_of_the_standard(self, release):
        message = bundle(release)
        outer, inner = resources(message)
        assert message.type == "message" and outer[2].type == "document"
        assert [one.get_resource_type() for one in outer] == ["MessageHeader", "Organization", "Bundle"]
        assert [one.get_resource_type() for one in inner] == [
            "Composition", "Binary", "Practitioner", "Organization", "Patient"]

    def test_every_reference_leads_to_a_resource(self, release):
        outer, inner = resources(bundle(release))
        urls = [entry.fullUrl for entry in bundle(release).entry + outer[2].entry]
        assert len(set(urls)) == 8
        assert all(uuid.UUID(url.removeprefix("urn:uuid:")).version == 5 for url in urls[1:])
        header, composition = outer[0], inner[0]
        assert header.sender.reference == urls[1] and header.focus[0].reference == urls[2]
        assert composition.section[0].entry[0].reference == urls[4]
        assert composition.author[0].reference == urls[5] and composition.custodian.reference == urls[6]
        assert composition.subject.reference == urls[7]

    def test_the_header_says_what_the_standard_wants(self, release):
        header = resources(bundle(release))[0][0]
        handling = {part.url: part for part in header.extension[0].extension}
        assert handling["BusAckRequested"].valueBoolean is True and handling["InfAckRequested"].valueBoolean is True
        assert handling["RecipientType"].valueCoding.code == "FA"
        # Whichever of them a reply gives back, it names the share.
        share = json.loads(release.read_text())["share"]["id"]
        assert handling["SenderReference"].valueString == header.id == bundle(release).identifier.value == share
        assert header.event.code == "ITK007C" and header.source.endpoint == "X99OT001"
        assert header.destination is None and header.receiver is None

    def test_the_patient_is_the_one_of_the_release(self, release):
        person = json.loads(release.read_text())["person"]
        patient = resources(bundle(release))[1][4]
        assert patient.identifier[0].value == next(
            one["value"] for one in person["identifiers"] if one["type"] == "nhs_number")
        assert patient.birthDate.isoformat() == person["dob"]
        assert patient.name[0].use == "official"

    def test_the_letter_is_a_pdf_that_says_who_and_what(self, release, tmp_path):
        binary = resources(bundle(release))[1][1]
        assert binary.contentType == "application/pdf"
        content = re.search(rb'<content value="([^"]+)"', rendered(release)).group(1)
        pdf = base64.b64decode(content, validate=True)
        (tmp_path / "letter.pdf").write_bytes(pdf)
        subprocess.run(["qpdf", "--check", tmp_path / "letter.pdf"], check=True, capture_output=True, timeout=60)
        text = subprocess.run(
            ["pdftotext", tmp_path / "letter.pdf", "-"], check=True, capture_output=True, timeout=60).stdout.decode()
        number = resources(bundle(release))[1][4].identifier[0].value
        for words in ("Support by Local Area Co-ordination", "The patient", number, "page 1 of 1"):
            assert words in text

    def test_a_repeat_is_the_same_message(self, release):
        assert render(release) == rendered(release)


# Two lack what the standard demands, the identifier of what they answer.
REPLIES = [
    path for path in sorted(PROJECT.glob("adapters/gp/samples/in/*.xml")) if path.stem not in ("reply-by-reference", "reply-nothing")
]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda path: path.stem)
def test_the_replies_that_are_read_are_valid(reply):
    message = Bundle.model_validate_xml(reply.read_bytes())
    assert [entry.resource.get_resource_type() for entry in message.entry] == [
        "MessageHeader", "Organization", "OperationOutcome"]
    assert message.entry[0].resource.event.code == "ITK008M"


def test_the_validator_refuses_what_is_wrong():
    wrong = rendered(RELEASES[0]).replace(b"<focus>", b"<fokus>").replace(b"</focus>", b"</fokus>")
    with pytest.raises(Exception):
        Bundle.model_validate_xml(wrong)
