"""`hub queue`: look at the queues and mend what is stuck."""

import http.server
import json
import ssl
import threading

import pytest

from conftest import eventually

QUEUE = "out.derby_homes"


def queue(hub, name=QUEUE):
    rows = [json.loads(line) for line in hub("queue", "list", "--json").out.splitlines()]
    return next(row for row in rows if row["queue"] == name)


def other_person(hub):
    """Somebody else than the person of the shared installation, by a referral that passes intake."""
    return hub.installation.person(family="OTHER", number="9990000026", born="19610203")


@pytest.fixture
def refusing_homes(hub):
    """Derby Homes, where a fault refuses every document for good."""

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(422)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", hub.installation.homes_port), Refuse)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates = hub.home / "certificates"
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def stop():
        server.shutdown()
        thread.join()
        server.server_close()

    yield stop
    if thread.is_alive():
        stop()


def test_every_queue_is_listed(hub):
    table = hub("queue", "list")
    assert table.code == 0
    assert table.out.splitlines()[0].split() == ["QUEUE", "READY", "DELAYED", "LEASED", "DEAD", "OLDEST", "STATE"]
    for name in ("intake", "out.derby_homes", "out.uhdb"):
        assert name in table.out
        assert set(queue(hub, name)) == {"queue", "ready", "delayed", "leased", "dead", "oldest", "state"}


def test_a_paused_queue_keeps_what_arrives_until_resumed(hub):
    assert hub("queue", "pause", "intake", "--reason", "stock-taking").out == "intake is paused\n"
    try:
        assert queue(hub, "intake")["state"] == "paused: stock-taking"
        attention = hub("doctor")
        assert attention.code == 0 and "intake is paused: stock-taking" in attention.out
        assert "remedy: `hub queue resume intake`" in attention.out
        assert hub("queue", "pause", "intake").code == 64
    finally:
        assert hub("queue", "resume", "intake").out == "intake is resumed\n"
    assert queue(hub, "intake")["state"] == ""
    # It works again: a referral passes.
    other_person(hub)


def test_a_pause_may_end_by_itself(hub):
    assert hub("queue", "pause", "intake", "--reason", "stock-taking", "--until", "2h").out == "intake is paused until 2h\n"
    assert queue(hub, "intake")["state"].startswith("paused until 20")
    assert hub("queue", "resume", "intake").code == 0
    for nonsense in ("yesterday", "2020-01-01T00:00:00Z", "0s"):
        assert hub("queue", "pause", "intake", "--reason", "x", "--until", nonsense).code == 64


def policy(hub, *settings):
    lines = hub("queue", "policy", QUEUE, *settings, "--json").out.splitlines()
    return {row["setting"]: (row["value"], row["from"]) for row in map(json.loads, lines)}


def test_a_policy_is_shown_set_and_taken_back(hub):
    before = policy(hub)
    assert before["rate"] == (10, "configuration") and before["attempts"][1] == "configuration"
    changed = policy(hub, "rate=2.5", "deadline=2h", "breaker_failures=0")
    assert changed["rate"] == (2.5, "operator") and changed["deadline"] == (7200, "operator")
    assert changed["breaker_failures"] == (None, "operator")
    assert policy(hub, "rate=default", "deadline=default", "breaker_failures=default") == before


NONSENSE = [
    ("attempts=0", 65, "attempts 0: between 1 and 1000"),
    ("attempts=many", 65, 'attempts "many": a whole number'),
    ("back_off_base=0s", 65, "back-off base"),
    ("back_off_cap=7d", 0, ""),
    ("lease=30", 65, 'lease "30": a time such as'),
    ("burst=5000000", 65, "burst 5000000: 1 to 1000000"),
    ("colour=blue", 64, "colour=blue"),
]


@pytest.mark.parametrize("setting,code,rule", NONSENSE, ids=lambda value: str(value))
def test_a_policy_that_makes_no_sense_is_refused_by_value_and_rule(hub, setting, code, rule):
    refused = hub("queue", "policy", QUEUE, setting)
    assert refused.code == code and rule in refused.remarks
    hub("queue", "policy", QUEUE, setting.split("=")[0] + "=default")


def test_a_dead_letter_is_shown_and_replayed(hub, refusing_homes):
    installation = hub.installation
    person = other_person(hub)
    installation.agree(person, ("derby_homes", "housing_support"))
    shares = [installation.share(person, "derby_homes", "housing_support")["share_id"] for _ in range(2)]
    eventually(lambda: int(queue(hub)["dead"]) == 2, why="two dead letters")
    letters = [json.loads(line) for line in hub("queue", "show", QUEUE, "--json").out.splitlines()]
    assert {letter["cause"] for letter in letters} == {"http_422"} and len(letters) == 2
    assert all(letter["attempts"] == 1 for letter in letters)
    groups = [json.loads(line) for line in hub("queue", "show", QUEUE, "--groups", "--json").out.splitlines()]
    assert [(group["cause"], group["count"]) for group in groups] == [("http_422", 2)]
    assert groups[0]["group"] == letters[0]["group"] and groups[0]["first"] <= groups[0]["last"]
    one = hub("queue", "show", QUEUE, letters[0]["id"]).out
    assert "enqueued 20" in one and "dead_lettered" in one and "http_422" in one
    assert "http_422" in hub("queue", "show", QUEUE).out
    assert "2 dead letters in out.derby_homes" in hub("doctor").out

    assert hub("queue", "replay", QUEUE, "--cause", "nosuch").out == "0 replayed\n"
    trial = hub("queue", "replay", QUEUE, "--group", groups[0]["group"], "--dry-run").out
    assert trial.endswith("2 would be replayed\n") and all(letter["id"] in trial for letter in letters)
    assert int(queue(hub)["dead"]) == 2

    refusing_homes()
    homes = installation.start_derby_homes()
    assert hub("queue", "replay", QUEUE, letters[0]["id"]).out == "1 replayed\n"
    assert hub("queue", "replay", QUEUE, "--cause", "http_422").out == "1 replayed\n"
    for share in shares:
        eventually(lambda: installation.share_state(share) == "delivered", why="delivery after the replay")
    homes.stop()
    assert sorted(line["key"] for line in installation.homes_received()) == sorted(shares)
    assert queue(hub)["dead"] == 0 and hub("queue", "show", QUEUE, "--json").out == ""
    trace = hub("trace", shares[0]).out
    assert "http_422" in trace and "replayed" in trace and "delivered" in trace


UNKNOWN = [
    ["pause", "nosuch", "--reason", "x"],
    ["resume", "nosuch"],
    ["show", "nosuch"],
    ["policy", "nosuch"],
    ["policy", "nosuch", "rate=5"],
    ["replay", "nosuch", "--cause", "x"],
]


@pytest.mark.parametrize("command", UNKNOWN, ids=" ".join)
def test_a_queue_that_is_not_there_ends_with_65(hub, command):
    unknown = hub("queue", *command)
    assert unknown.code == 65 and "hub queue list" in unknown.remarks
