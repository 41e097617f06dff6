"""How fast others read the documents that the hub translates whole: python-hl7, hl7apy and fhir.resources, parsing alone.

    parse_rates.py HL7_FILE FHIR_FILE

Prints a line for each library: its name, the document, and documents per second of processor time. For deploy/bench.
"""

import pathlib
import sys
import time

SECONDS = 2.0


def rate(parse, content):
    """Documents per second of processor time."""
    parse(content)
    began, count = time.process_time(), 0
    while (elapsed := time.process_time() - began) < SECONDS:
        parse(content)
        count += 1
    return count / elapsed


def main(hl7_file, fhir_file):
    import hl7
    from fhir.resources.R4B.bundle import Bundle
    from hl7apy.parser import parse_message

    # Both libraries want segments to end as the standard says.
    message = "\r".join(pathlib.Path(hl7_file).read_text().split("\n"))
    bundle = pathlib.Path(fhir_file).read_bytes()
    for name, parse, content, file in [
        ("python-hl7", hl7.parse, message, hl7_file),
        ("hl7apy", parse_message, message, hl7_file),
        ("fhir.resources", Bundle.model_validate_json, bundle, fhir_file),
    ]:
        try:
            print(f"{name} {file} {rate(parse, content):.0f}")
        except Exception as error:
            # The rest is worth knowing all the same.
            print(f"{name} cannot read {file}: {type(error).__name__}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
