"""What the hub emits as HL7 v2 is valid in the eyes of hl7apy, which knows the structures of version 2.4."""

import json

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from conftest import PROJECT, hub

RELEASES = sorted(
    path for path in PROJECT.glob("adapters/*/samples/out/*.json")
    if not path.name.endswith(".expected.json")
    and list(path.parent.glob(path.stem + ".expected.hl7"))
)


def rendered(release):
    return hub("render", "--adapter", release.parents[2].name, release).decode()


def message(release):
    return parse_message(rendered(release), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True)


def test_there_are_releases_to_render():
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: f"{path.parents[2].name}/{path.stem}")
class TestEmittedHL7:
    def test_is_valid(self, release):
        assert message(release).validate()

    def test_is_a_referral_in_version_2_4(self, release):
        header = message(release).msh
        assert header.msh_9.to_er7() == "REF^I12^REF_I12"
        assert header.msh_12.to_er7() == "2.4"
        assert header.msh_18.to_er7() == "UNICODE UTF-8"

    def test_has_segments_ended_by_carriage_returns_only(self, release):
        text = rendered(release)
        assert text.endswith("\r") and "\n" not in text

    def test_names_the_person_of_the_release(self, release):
        person = json.loads(release.read_text()).get("person", {})
        segment = next(part for part in rendered(release).split("\r") if part.startswith("PID|"))
        fields = segment.split("|")
        # Escapes are undone by the reader of the document, not here: only names without any are compared.
        if (family := person.get("family", "")).isalpha():
            assert fields[5].split("^")[0].upper() == family.upper()
        if dob := person.get("dob"):
            assert fields[7].startswith(dob.replace("-", "")) or fields[7] == ""

    def test_is_the_same_message_on_a_retry(self, release):
        first, second = rendered(release).split("|"), rendered(release).split("|")
        # MSH-10, by which the receiver recognises a repeat.
        assert first[9] == second[9] != ""
