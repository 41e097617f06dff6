"""HL7 v2 over MLLP: python-hl7's clients against the running hub, and what the hub answers in the eyes of hl7apy."""

import asyncio
import json
import re
import shutil
import socket
import ssl
import sys
import tempfile

import hl7
import pytest
import requests
from hl7.client import MLLPClient
from hl7.mllp import open_hl7_connection
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from conftest import PROJECT, eventually, free_port

sys.path.insert(0, str(PROJECT / "Tests/Scenarios"))
from installation import Installation  # noqa: E402

START, END = b"\x0b", b"\x1c\r"


class MLLPHub(Installation):
    """A running hub with a plain listener for each trust, and one under TLS."""

    def __init__(self, home):
        self.plain, self.tls, self.replying = free_port(), free_port(), free_port()
        super().__init__(home, settings=[
            "mllp:",
            f"  - {{ partner: uhdb, port: {self.plain}, connections: 4 }}",
            f"  - {{ partner: uhdb, port: {self.tls}, certificate: certificates/server.pem, "
            "key: certificates/server.key, ca: certificates/ca.pem, clients: [trust] }",
            f"  - {{ partner: dhcft, port: {self.replying} }}",
        ])

    def count(self, line):
        text = requests.get(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10).text
        return next((float(row.split()[-1]) for row in text.splitlines() if row.startswith(line)), 0)

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.home / "certificates/ca.pem")
        if certificate:
            context.load_cert_chain(
                self.home / f"certificates/{certificate}.pem", self.home / f"certificates/{certificate}.key")
        return context


@pytest.fixture(scope="module")
def running():
    home = tempfile.mkdtemp(prefix="hub-")
    hub = MLLPHub(home)
    for partner in ["uhdb", "dhcft"]:
        hub.partner(partner)
    hub.start()
    yield hub
    hub.close()
    shutil.rmtree(home, ignore_errors=True)


def message(id, ask="", sender="RTG", family="TESTER", reason="Lonely since a bereavement", charset="UNICODE UTF-8",
            number="9990000018"):
    """A REF^I12 about an invented person. `ask` is MSH-15 and MSH-16, as `AL|NE`."""
    ask = ask or "|"
    return "\r".join([
        rf"MSH|^~\&|PAS|{sender}|LACHUB|DERBYLAC|20261101093000+0000||REF^I12^REF_I12|{id}|P|2.4|||{ask}|GBR|{charset}",
        f"RF1|P^Pending^HL70283|R^Routine^HL70280|Soc^Social^L||O^Outpatient^HL70284|{id}^{sender}|20261101",
        "PRD|RP^Referring Provider^HL70286|NURSE^TEST||||01632960123||N1",
        f"PID|1||{number}^^^NHS^NH~L{id}^^^{sender}^PI||{family}^ANNE^^^MRS^^L||19500102|2|||"
        "1 Example Street^^Derby^^DE1 2FS^GBR^H||01632960456",
        f"NTE|1||{reason}",
    ]) + "\r"


class Wire:
    """A bare socket, for what python-hl7 would never send."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def frame(self, text, charset="utf-8"):
        self.send(START + text.encode(charset) + END)

    def answer(self):
        """The next answer's bytes; None when the hub closed the connection."""
        while END not in self.buffer:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return None
            self.buffer += part
        answer, self.buffer = self.buffer.split(END, 1)
        assert answer.startswith(START)
        return answer[1:]

    def is_closed(self):
        return self.answer() is None


def parsed(answer):
    return hl7.parse(answer.decode() if isinstance(answer, bytes) else answer)


def msa(answer):
    segment = parsed(answer).segment("MSA")
    return str(segment[1]), str(segment[2])


def text(answer):
    return (answer if isinstance(answer, str) else answer.decode()).strip("\x0b\x1c\r") + "\r"


def receipt(answer):
    return re.search(r"receipt ([0-9a-f-]{36})", text(answer)).group(1)


def is_valid(answer):
    return parse_message(text(answer), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True).validate()


class TestClients:
    def test_python_hl7s_client_gets_aa_once_the_message_is_stored(self, running):
        with MLLPClient("127.0.0.1", running.plain) as client:
            answer = client.send_message(message("C1"))
        assert msa(text(answer.decode())) == ("AA", "C1")
        assert is_valid(answer.decode()) and "TESTER" not in answer.decode()
        worked = running.worked_on(receipt(answer.decode()))
        assert worked["status"] == "accepted"
        assert "channel=mllp" in running.hub("trace", worked["receipt_id"])

    def test_its_asyncio_client_is_known_by_its_certificate(self, running):
        async def exchange():
            reader, writer = await open_hl7_connection("localhost", running.tls, ssl=running.context("trust"))
            answers = []
            for id in ["T1", "T2", "T3"]:
                writer.writemessage(hl7.parse(message(id)))
                await writer.drain()
                answers.append(msa(str(await reader.readmessage())))
            writer.close()
            return answers

        assert asyncio.run(exchange()) == [("AA", "T1"), ("AA", "T2"), ("AA", "T3")]

    @pytest.mark.parametrize("certificate", [None, "hub"])
    def test_nobody_else_gets_in(self, running, certificate):
        before = running.count('hub_mllp_faults_total{fault="not_admitted"}')
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            with socket.create_connection(("127.0.0.1", running.tls), timeout=30) as plain:
                with running.context(certificate).wrap_socket(plain, server_hostname="localhost") as client:
                    client.sendall(START + message("N1").encode() + END)
                    if not client.recv(1):
                        raise EOFError
        eventually(lambda: running.count('hub_mllp_faults_total{fault="not_admitted"}') > before, why="the count")
        assert running.sql("SELECT count(*) FROM record.submission WHERE channel = 'mllp' AND sender = 'hub'") == "0\n"

    def test_tls_before_1_3_is_refused(self, running):
        context = running.context("trust")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", running.tls), timeout=30) as plain:
            with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
                context.wrap_socket(plain, server_hostname="localhost")


class TestAnswers:
    def test_a_repeat_gets_the_first_answer_byte_for_byte(self, running):
        with Wire(running.plain) as wire:
            answers = []
            for _ in range(2):
                wire.frame(message("R1"))
                answers.append(wire.answer())
            running.worked_on(receipt(answers[0]))
            wire.frame(message("R1"))
            answers.append(wire.answer())
        assert len(set(answers)) == 1 and msa(answers[0]) == ("AA", "R1")

    def test_other_bytes_under_the_same_id_are_an_error(self, running):
        with Wire(running.plain) as wire:
            wire.frame(message("R2"))
            assert msa(wire.answer())[0] == "AA"
            wire.frame(message("R2", reason="Something else"))
            answer = wire.answer()
        assert msa(answer) == ("AE", "R2") and "205&Duplicate key identifier" in text(answer)
        assert is_valid(answer)

    def test_another_organisations_message_is_refused_and_kept_for_staff(self, running):
        with Wire(running.plain) as wire:
            wire.frame(message("S1", sender="RXM"))
            answer = wire.answer()
        assert msa(answer) == ("AE", "S1") and "sender_mismatch" in text(answer)
        assert running.receipt(receipt(answer))["status"] == "quarantined"

    def test_what_cannot_be_read_is_answered_all_the_same(self, running):
        with Wire(running.plain) as wire:
            for content in ["", "hello", "MSH", "MSH|^~\\&|PAS|RTG", "PID|1"]:
                wire.frame(content)
                assert msa(wire.answer())[0] == "AE"
            wire.frame(message("S2"))
            assert msa(wire.answer()) == ("AA", "S2")

    @pytest.mark.parametrize("ask, codes", [
        ("AL|AL", ["CA", "AA"]), ("AL|NE", ["CA"]), ("NE|AL", ["AA"]), ("AL|ER", ["CA"]), ("SU|SU", ["CA", "AA"]),
    ])
    def test_enhanced_mode_gives_what_was_asked_for(self, running, ask, codes):
        id = "E" + ask.replace("|", "")
        with Wire(running.plain) as wire:
            wire.frame(message(id, ask=ask))
            answers = [wire.answer() for _ in codes]
            # Nothing else comes before the answer to the next message.
            wire.frame(message(id + "x"))
            assert msa(wire.answer()) == ("AA", id + "x")
        assert [msa(answer) for answer in answers] == [(code, id) for code in codes]
        assert all(is_valid(answer) for answer in answers)
        assert len({str(parsed(answer).segment("MSH")[10]) for answer in answers}) == len(answers)

    def test_an_error_in_enhanced_mode_comes_from_whoever_found_it(self, running):
        with Wire(running.plain) as wire:
            wire.frame(message("EE1", ask="ER|NE", sender="RXM"))
            assert msa(wire.answer()) == ("CE", "EE1")
            wire.frame(message("EE2", ask="NE|ER", sender="RXM"))
            assert msa(wire.answer()) == ("AE", "EE2")
            # Stored well, and names nobody: only intake sees that.
            wire.frame(re.sub(r"PID\|[^\r]*\r", "", message("EE3", ask="AL|ER")))
            assert msa(wire.answer()) == ("CA", "EE3")
            answer = wire.answer()
            assert msa(answer) == ("AE", "EE3") and is_valid(answer)

    def test_an_acknowledgement_is_never_answered(self, running):
        with Wire(running.plain) as wire:
            wire.frame("MSH|^~\\&|PAS|RTG|LACHUB|DERBYLAC|20261101||ACK^I12^ACK|K1|P|2.4\rMSA|CA|X\r")
            wire.frame(message("K2"))
            assert msa(wire.answer()) == ("AA", "K2")

    @pytest.mark.parametrize("charset, declared", [("latin-1", "8859/1"), ("utf-8", "UNICODE UTF-8"), ("latin-1", "")])
    def test_the_answer_is_in_the_messages_character_set(self, running, charset, declared):
        id = f"CH{charset}{len(declared)}"
        with Wire(running.plain) as wire:
            wire.frame(message(id, charset=declared).replace("|PAS|", "|PÄS|"), charset)
            answer = wire.answer()
        header = answer.decode(charset).split("\r")[0].split("|")
        assert msa(answer.decode(charset)) == ("AA", id)
        assert header[4] == "PÄS" and (header + [""] * 20)[17] == declared

    def test_a_referrals_reply_tells_what_became_of_it_and_nothing_of_the_person(self, running):
        with Wire(running.replying) as wire:
            wire.frame(message("RR1", sender="RXM"))
            answer = wire.answer()
            assert msa(answer) == ("AA", "RR1")
            assert str(parsed(answer).segment("MSH")[9]) == "RRI^I12^RRI_I12"
            assert str(parsed(answer).segment("RF1")[6]) == "RR1^RXM"
            assert is_valid(answer)
            for secret in ["TESTER", "ANNE", "9990000018", "19500102", "Example Street", "NURSE"]:
                assert secret not in text(answer)
            # The same again, once it is known to the hub: no word differs.
            wire.frame(message("RR1", sender="RXM"))
            assert wire.answer() == answer
            wire.frame(re.sub(r"PID\|[^\r]*\r", "", message("RR2", sender="RXM")))
            refused = wire.answer()
        assert msa(refused) == ("AE", "RR2") and str(parsed(refused).segment("RF1")[1]).startswith("R^")
        assert "missing" in text(refused) and is_valid(refused)

    def test_over_http_the_answer_is_hl7_for_those_who_accept_it(self, running):
        answer = running.post("uhdb", message("H1").encode(), "application/hl7-v2", Accept="application/hl7-v2")
        assert answer.status_code == 202 and answer.headers["content-type"] == "application/hl7-v2"
        assert msa(answer.content) == ("AA", "H1") and is_valid(answer.content)
        again = running.post("uhdb", message("H1").encode(), "application/hl7-v2", Accept="application/hl7-v2")
        assert again.status_code == 200 and again.content == answer.content
        refused = running.post("uhdb", message("H1", reason="x").encode(), "application/hl7-v2",
                               Accept="application/hl7-v2")
        assert refused.status_code == 409 and msa(refused.content) == ("AE", "H1")
        plain = running.post("uhdb", message("H2").encode(), "application/hl7-v2")
        assert plain.status_code == 202 and plain.json()["message_id"] == "H2"


class TestTheWire:
    def test_two_messages_in_one_write_are_answered_in_their_order(self, running):
        with Wire(running.plain) as wire:
            wire.send(b"".join(START + message(f"W{n}").encode() + END for n in range(2)))
            assert [msa(wire.answer()) for _ in range(2)] == [("AA", "W0"), ("AA", "W1")]

    def test_hundreds_in_flight_stay_in_order_and_are_all_stored(self, running):
        ids = [f"F{n}" for n in range(300)]
        with Wire(running.plain) as wire:
            wire.send(b"".join(START + message(id, number="").encode() + END for id in ids))
            answers = [wire.answer() for _ in ids]
        assert [msa(answer) for answer in answers] == [("AA", id) for id in ids]
        receipts = [receipt(answer) for answer in answers]
        listed = ",".join(f"'{id}'" for id in receipts)
        assert running.sql(f"SELECT count(*) FROM record.submission WHERE receipt IN ({listed})") == "300\n"
        assert receipts == sorted(receipts)

    def test_one_message_in_many_writes_is_one_message(self, running):
        with Wire(running.plain) as wire:
            for byte in START + message("B1").encode() + END:
                wire.send(bytes([byte]))
            assert msa(wire.answer()) == ("AA", "B1")

    def test_garbage_before_the_start_byte_is_skipped(self, running):
        before = running.count('hub_mllp_faults_total{fault="noise"}')
        with Wire(running.plain) as wire:
            wire.send(b"\r\nGET / HTTP/1.1\x00\xff" + START + message("G1").encode() + END + b"\r\n\r\n")
            assert msa(wire.answer()) == ("AA", "G1")
            wire.frame(message("G2"))
            assert msa(wire.answer()) == ("AA", "G2")
        assert running.count('hub_mllp_faults_total{fault="noise"}') == before + 1

    def test_who_never_begins_a_message_is_let_go(self, running):
        with Wire(running.plain) as wire:
            wire.send(b"x" * 20_000)
            assert wire.is_closed()

    @pytest.mark.parametrize("cut", [1, 20, 400, -2, -1])
    def test_a_message_that_was_cut_off_is_never_taken(self, running, cut):
        id = f"CUT{cut}"
        before = running.sql("SELECT count(*) FROM record.submission")
        with Wire(running.plain) as wire:
            wire.send((START + message(id).encode() + END)[:cut])
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.is_closed()
        assert running.sql("SELECT count(*) FROM record.submission") == before

    def test_a_sender_that_begins_anew_is_answered_for_the_newer_message(self, running):
        with Wire(running.plain) as wire:
            wire.send(START + message("V1").encode()[:200] + START + message("V2").encode() + END)
            assert msa(wire.answer()) == ("AA", "V2")
            # A vertical tab within a note is no beginning.
            wire.frame(message("V3", reason="line one\x0bline two"))
            assert msa(wire.answer()) == ("AA", "V3")

    def test_who_closes_its_side_after_sending_is_still_answered(self, running):
        with Wire(running.plain) as wire:
            wire.frame(message("HC1"))
            wire.socket.shutdown(socket.SHUT_WR)
            assert msa(wire.answer()) == ("AA", "HC1")
            assert wire.is_closed()

    def test_an_over_long_message_is_refused_and_the_next_one_taken(self, running):
        with Wire(running.plain) as wire:
            wire.frame(message("L1", reason="x" * (17 << 20)))
            answer = wire.answer()
            assert msa(answer) == ("AE", "L1") and "too_large" in text(answer)
            wire.frame(message("L2"))
            assert msa(wire.answer()) == ("AA", "L2")

    def test_a_frame_with_several_messages_is_answered_by_one_with_as_many(self, running):
        batch = "BHS|^~\\&|PAS|RTG\r" + message("BA1") + message("BA2") + "BTS|2\r"
        with Wire(running.plain) as wire:
            wire.frame(batch)
            answers = [part for part in wire.answer().decode().split("MSH|")[1:]]
        assert [msa("MSH|" + part) for part in answers] == [("AA", "BA1"), ("AA", "BA2")]

    def test_load_waits_for_each_acceptance(self, running):
        before = running.count('hub_mllp_messages_total{answer="accepted"}')
        command = ["simulate", "load", "--url", f"mllp://127.0.0.1:{running.plain}", "--connections", 2, "--seconds", 1]
        result = json.loads(running.hub(*command, "--json"))
        assert result["errors"] == {} and result["accepted"] > 0
        assert running.count('hub_mllp_messages_total{answer="accepted"}') == before + result["accepted"]

    def test_no_more_connections_than_are_agreed(self, running):
        wires = [Wire(running.plain) for _ in range(4)]
        try:
            for number, wire in enumerate(wires):
                wire.frame(message(f"M{number}"))
                assert msa(wire.answer()) == ("AA", f"M{number}")
            with Wire(running.plain) as one_more:
                assert one_more.is_closed()
        finally:
            for wire in wires:
                wire.socket.close()

        def is_taken():
            with Wire(running.plain) as wire:
                try:
                    wire.frame(message("M9"))
                except ConnectionError:
                    return False
                return wire.answer() is not None

        eventually(is_taken, why="a free connection")

    def test_a_disabled_partner_is_told_to_come_again_and_nothing_is_stored(self, running):
        running.hub("partner", "disable", "dhcft")
        try:
            with Wire(running.replying) as wire:
                def is_refused():
                    wire.frame(message("D1", sender="RXM"))
                    return msa(wire.answer()) == ("AR", "D1")

                eventually(is_refused, why="the refusal")
            assert "dhcft may send by MLLP, but is no enabled partner" in running.hub("doctor", check=False).stdout
        finally:
            running.hub("partner", "enable", "dhcft")

    def test_figures_tell_of_messages_and_connections(self, running):
        assert running.count('hub_mllp_messages_total{answer="accepted"}') > 300
        with Wire(running.plain):
            line = f'hub_mllp_connections{{listener="uhdb:{running.plain}"}}'
            eventually(lambda: running.count(line) == 1, why="the connection's figure")
