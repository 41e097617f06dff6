"""A hub with every way in of its listener, over TLS: partners, staff, a control room, the forms, BaRS; and one of each thing."""

import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from client_identity import Certificate
from installation import Installation, eventually, hl7

CARD = {
    "address": {"house": "1", "lines": ["1 Example Street", "Derby"], "postcode": "DE1 2FS", "uprn": "100030300001"},
    "key_safe": {"present": True, "location": "Left of the door", "code": "4711"},
    "entry": {"door": "front"},
    "verified_on": "2026-11-01",
}
LOOK = {
    "incident_ref": "INC-1", "caller_id": "desk 4", "reason": "No answer at the door", "query": {"uprn": "100030300001"},
}


@contextlib.contextmanager
def listening_hub(*settings):
    """The running hub, with more settings. `requests` trusts its certificate as long as it is there."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Installation(home, settings=[
        "emergency: { call_back: { emas: ['01632 960100'] } }", "public_form: {}", "staff_form: true", *settings])
    (home / "clients").mkdir()
    hub.url = f"https://localhost:{hub.port}"
    hub.configure(
        f"listen: {{ host: 127.0.0.1, port: {hub.port} }}",
        f"listen: {{ host: 127.0.0.1, port: {hub.port}, certificate: certificates/server.pem, "
        f"key: certificates/server.key, client_certificates: true, url: '{hub.url}' }}")
    # Whose document goes where Derby Homes' does. Nothing is there, so that shares stay queued.
    [homes] = [line for line in (home / "hub.yaml").read_text().splitlines() if line.startswith("  derby_homes:")]
    hub.route("council_asc", homes.split(":", 1)[1].strip())
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    hub.authority = os.environ["REQUESTS_CA_BUNDLE"] = str(home / "certificates/ca.pem")
    try:
        for partner in "uhdb", "derby_riverside_school":
            hub.partner(partner)
        for staff in "workers", "visitors":
            hub.partner(staff, kind="staff")
        hub.rooms = {}
        for room in "emas", "derbys_fire":
            hub.partner(room)
            hub.rooms[room] = Certificate(home / "clients", room)
            hub.hub("partner", "certificate", room, "--file", hub.rooms[room].path)
        hub.start()
        hub.known = one_of_each(hub)
        yield hub
    finally:
        hub.close()
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


def one_of_each(hub):
    """Ids of things that are there, by the path below which the API has them."""
    person = hub.person(id="ANNE")
    agreement = hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")["share_id"]
    assert hub.staff("PUT", f"/v1/persons/{person}/access-card", CARD).status_code == 200
    [referral] = hub.staff("GET", "/v1/referrals").json()["referrals"]
    # Somebody of the same name and birth date, and without a number: staff must decide whether it is the same.
    hub.person(id="TWIN1", family="TWIN", number="9990000034", born="19400404")
    hub.person(id="TWIN2", family="TWIN", number="", born="19400404")
    [match, *_] = hub.staff("GET", "/v1/matches").json()["matches"]
    found = eventually(lambda: (answer := look(hub)).get("matches") == 1 and answer, 3, why="the card")
    eventually(lambda: found["lookup_id"] in hub.staff("GET", "/v1/emergency/looks").text, why="the look on record")
    return {
        "/v1/persons": person, "/v1/agreements": agreement, "/fhir/R4/Consent": agreement, "/v1/shares": share,
        "/v1/referrals": referral["referral_id"], "/v1/receipts": referral["receipt_id"],
        "/v1/submissions": referral["receipt_id"], "/v1/matches": match["match_id"],
        "/v1/emergency/looks": found["lookup_id"],
    }


def look(hub, room="emas", **changes):
    """What a control room is answered."""
    answer = requests.post(
        f"{hub.url}/v1/emergency/lookup", json={**LOOK, **changes}, cert=hub.rooms[room].pair, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()
