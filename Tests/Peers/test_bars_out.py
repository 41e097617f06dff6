"""A running hub sends referrals by the Booking and Referral Standard to a strict receiver over mutual TLS, with access tokens."""

import json
import pathlib
import shutil
import sys
import tempfile

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from bars_receiver import BaRSReceiver, Refused, check_message
from conftest import PROJECT
from installation import Installation, eventually

AMBULANCE = ("emas", "care_support")


def samples():
    return sorted(PROJECT.glob("adapters/emas/samples/out/bars-*.expected.json"))


@pytest.mark.parametrize("sample", samples(), ids=lambda path: path.name.partition(".")[0])
def test_a_sample_is_what_the_receiver_takes_and_nothing_less_is(sample):
    message = json.loads(sample.read_bytes())
    assert check_message(message) == message["id"]
    for change in (
        lambda m: m["entry"].reverse(),
        lambda m: m["entry"][1]["resource"]["subject"].update(reference="urn:uuid:00000000-0000-4000-8000-000000000000"),
        lambda m: m["entry"][1]["resource"].update(id="1"),
        lambda m: m["entry"][1]["resource"].update(reasonForReferral="a sentence"),
        lambda m: m["entry"][0]["resource"]["destination"][0].update(endpoint="https://fhir.nhs.uk/id/dos-service-id|1"),
    ):
        other = json.loads(sample.read_bytes())
        change(other)
        with pytest.raises(Refused):
            check_message(other)


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home, partners=[("uhdb", "partner"), ("workers", "staff")])
    key = rsa.generate_private_key(65537, 2048)
    (home / "secrets/oauth.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    receiver = BaRSReceiver(home / "certificates", key.public_key())
    installation.configure("Derby Local Area Co-ordination }", "Derby Local Area Co-ordination, ods: X99999 }")
    installation.adapt("emas", ("first: 30 s, longest: 4 h", "first: 1 s, longest: 1 s"), ("per_second: 5", "per_second: 20"))
    installation.route("emas", (
        f"{{ bars: {{ url: '{receiver.url}', service: 2000035280, use_case: lac1, ca: certificates/ca.pem, "
        "certificate: certificates/hub.pem, key: certificates/hub.key, timeout: 3, "
        f"oauth: {{ token_url: '{receiver.token_url}', client_id: lac-client, key: 'file:secrets/oauth.key', kid: lac-1, "
        "ca: certificates/ca.pem } } }"))
    try:
        installation.start()
        installation.subject = installation.person()
        installation.agree(installation.subject, AMBULANCE)
        installation.receiver = receiver
        yield installation
    finally:
        installation.close()
        receiver.stop()
        shutil.rmtree(home, ignore_errors=True)


def attempts(hub, share):
    rows = hub.sql(f"SELECT outcome, code FROM record.share_attempt WHERE share = '{share}' ORDER BY attempt")
    return [tuple(row.split("|")) for row in rows.splitlines()]


def sent(hub, *script):
    """Sends a share, which is answered in turn as the script says, until it is over: its state, its attempts, what arrived."""
    before = len(hub.receiver.seen)
    hub.receiver.script = list(script)
    share = hub.share(hub.subject, *AMBULANCE)["share_id"]
    state = eventually(lambda: (s := hub.share_state(share)) in ("delivered", "failed") and s, 60, why=script)
    return share, state, attempts(hub, share), hub.receiver.seen[before:]


def test_a_referral_is_delivered_and_its_receivers_id_kept(hub):
    share, state, tries, seen = sent(hub)
    assert hub.receiver.refusals == []
    assert (state, tries) == ("delivered", [("delivered", "")])
    [(request, correlation, bundle, body)] = seen
    assert len({request, correlation, bundle, share}) == 4 and share.encode() in body
    assert hub.staff("GET", f"/v1/shares/{share}").json()["reference"] == f"EMAS-{request}"
    log = (hub.home / "hub.log").read_text()
    assert "TESTER" not in log.upper() and "9990000018" not in log


@pytest.mark.parametrize("script, state, expected", [
    # Not taken, for now: again, unchanged, with the same two ids.
    (["429"], "delivered", [("retry", "send_too_many_requests"), ("delivered", "")]),
    (["503"], "delivered", [("retry", "rec_service_unavailable"), ("delivered", "")]),
    (["transient"], "delivered", [("retry", "reply_transient_error"), ("delivered", "")]),
    # May have been taken: again too, since the receiver knows a repeat.
    (["408"], "delivered", [("unknown", "rec_timeout"), ("delivered", "")]),
    (["500", "504"], "delivered", [("unknown", "proxy_server_error"), ("unknown", "proxy_gateway_timeout"), ("delivered", "")]),
    (["foreign-404"], "delivered", [("unknown", "http_404"), ("delivered", "")]),
    # Was taken, and the receiver says so at the second time.
    (["broken"], "delivered", [("unknown", "connection_lost"), ("delivered", "")]),
    (["empty"], "delivered", [("unknown", "answer_unreadable"), ("delivered", "")]),
    (["words"], "delivered", [("unknown", "answer_unreadable"), ("delivered", "")]),
    (["other"], "delivered", [("unknown", "answer_mismatch"), ("delivered", "")]),
    (["strange"], "delivered", [("unknown", "answer_mismatch"), ("delivered", "")]),
    # Refused.
    (["400"], "failed", [("rejected", "rec_bad_request")]),
    (["403"], "failed", [("rejected", "send_forbidden")]),
    (["422"], "failed", [("rejected", "rec_unprocessable_entity")]),
    (["unknown-code"], "failed", [("rejected", "http_422")]),
    (["fatal"], "failed", [("rejected", "reply_fatal_error")]),
], ids=str)
def test_each_answer_comes_to_the_end_that_the_standard_wants(hub, script, state, expected):
    share, found, tries, seen = sent(hub, *script)
    assert (found, tries) == (state, expected)
    assert hub.receiver.refusals == []
    assert len(seen) == len(expected) and len(set(seen)) == 1, "the same ids and bytes each time"
    assert hub.receiver.taken.get(seen[0][0], 0) == (state == "delivered")


def test_a_token_that_was_taken_back_is_replaced_and_the_way_is_tried_without_a_message(hub):
    kept = len(hub.receiver.tokens)
    hub.receiver.tokens.append("another")
    assert sent(hub)[1:3] == ("delivered", [("delivered", "")])
    assert len(hub.receiver.tokens) == kept + 2
    before = len(hub.receiver.seen)
    assert "capability statement" in hub.hub("partner", "test", "emas")
    assert hub.receiver.asked == ["/FHIR/R4/metadata"] and len(hub.receiver.seen) == before
    assert hub.receiver.refusals == []


def test_what_does_not_fit_is_told_at_the_start_with_its_key():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    installation = Installation(home)
    bars = "url: 'https://localhost:1/FHIR/R4', service: 2000035280, use_case: lac1"
    try:
        installation.hub("migrate")
        installation.route("derby_homes", f"{{ bars: {{ {bars} }} }}")
        for endpoint, expected in (
            (f"{{ bars: {{ {bars} }} }}", "organisation.ods is missing"),
            ("{ https: { url: 'https://localhost:1/FHIR/R4' } }", "outbound.emas needs `bars`"),
        ):
            installation.route("emas", endpoint)
            refused = installation.hub("serve", check=False)
            assert refused.returncode == 78 and expected in refused.stderr, refused.stderr
            assert "outbound.derby_homes has `bars`" in refused.stderr
    finally:
        installation.close()
        shutil.rmtree(home, ignore_errors=True)
