"""What one caller, or many at once, may take of the hub: requests, memory, computing time."""

import concurrent.futures
import json
import select
import shutil
import socket
import tempfile
import time

import pytest
import requests

from installation import Installation, eventually, hl7

MEBIBYTE = 1 << 20


@pytest.fixture
def limited():
    """Makes running hubs with these lines in their configuration."""
    made = []

    def make(*settings):
        home = tempfile.mkdtemp(prefix="hub-")
        installation = Installation(home, outbound=False, settings=settings)
        made.append(installation)
        installation.partner("uhdb")
        installation.partner("derby_riverside_school")
        return installation.start()

    yield make
    for installation in made:
        installation.close()
        shutil.rmtree(installation.home, ignore_errors=True)


def test_a_partner_that_asks_too_much_is_told_to_wait_and_others_are_not(limited):
    hub = limited("limits: { requests_per_second: 1, burst: 5 }")
    answers = [hub.post("uhdb", hl7(f"L{n}"), "application/hl7-v2") for n in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:5]] == [202] * 5 and refused
    for answer in refused:
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:lac:problem:too_many_requests"
    # Another partner is not held to it, and health has no limit.
    assert hub.post("derby_riverside_school", b"{}", "application/json").status_code != 429
    assert all(requests.get(hub.url + "/healthz").status_code == 200 for _ in range(10))
    eventually(lambda: hub.post("uhdb", hl7("L99"), "application/hl7-v2").status_code == 202, why="a new token")
    metrics = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics").text
    assert 'hub_refused_requests_total{code="too_many_requests"}' in metrics


class Upload:
    """A request that is sent by hand, as slowly as one likes."""

    def __init__(self, hub, *headers):
        self.socket = socket.create_connection(("127.0.0.1", hub.port), timeout=20)
        head = [
            "POST /v1/referrals HTTP/1.1", "Host: hub", "Authorization: Bearer " + hub.keys["uhdb"],
            "Content-Type: application/hl7-v2", *headers,
        ]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n")

    def send(self, data):
        self.socket.sendall(data)

    def chunk(self, size):
        self.send(f"{size:x}\r\n".encode() + b"x" * size + b"\r\n")

    def answer(self):
        """The status and the rest of the answer's first bytes."""
        text = self.socket.recv(65536).decode()
        return int(text.split(" ")[1]), text

    def close(self):
        self.socket.close()


def test_bodies_are_bounded_by_bytes_before_they_are_read(limited):
    hub = limited("limits: { body_mebibytes: 16 }")
    # Only heads are sent, so whatever is answered is answered unread: to one of them, as two do not fit.
    uploads = [Upload(hub, f"Content-Length: {10 * MEBIBYTE}") for _ in range(2)]
    answered, _, _ = select.select([upload.socket for upload in uploads], [], [], 20)
    [refused] = [upload for upload in uploads if upload.socket in answered]
    [admitted] = [upload for upload in uploads if upload is not refused]
    status, text = refused.answer()
    assert status == 503 and "\r\nretry-after: 2\r\n" in text.lower() and "urn:lac:problem:busy" in text
    refused.close()
    # What fits is taken all the time.
    assert hub.post("uhdb", hl7("L1"), "application/hl7-v2").status_code == 202
    # Nor does it help to leave the length unsaid: the bytes count as they come.
    chunked = Upload(hub, "Transfer-Encoding: chunked")
    chunked.chunk(7 * MEBIBYTE)
    status, text = chunked.answer()
    assert status == 503 and "urn:lac:problem:busy" in text
    chunked.close()
    # Whoever gives up gives his bytes back, and so does whoever was answered.
    admitted.close()
    large = b"x" * (12 * MEBIBYTE)
    for _ in range(3):
        # It is no document, and so is kept for staff: what matters here is that it was read.
        eventually(lambda: hub.post("uhdb", large, "image/png").status_code == 415, why="room")
    # Of what was refused nothing is kept, for staff neither.
    assert [item["kind"] for item in hub.work_items()] == ["quarantined"]


def test_a_body_over_the_limit_is_still_too_large(limited):
    hub = limited("limits: { body_mebibytes: 16 }")
    over = Upload(hub, f"Content-Length: {17 * MEBIBYTE}")
    assert over.answer()[0] == 413
    over.close()


def resident(hub):
    """Bytes of memory that the hub holds."""
    status = open(f"/proc/{hub.server.process.pid}/status").read()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.parametrize("is_told", [True, False], ids=["its length told", "its length unsaid"])
def test_ten_gigabytes_are_refused_early_and_held_nowhere(limited, is_told):
    hub = limited()
    before = resident(hub)
    upload = Upload(hub, f"Content-Length: {10 << 30}" if is_told else "Transfer-Encoding: chunked")
    upload.socket.settimeout(20)
    sent, most = 0, before
    try:
        while sent < 10 << 30:
            if select.select([upload.socket], [], [], 0)[0]:
                break
            upload.chunk(MEBIBYTE) if not is_told else upload.send(b"x" * MEBIBYTE)
            sent += MEBIBYTE
            most = max(most, resident(hub))
    except (BrokenPipeError, ConnectionResetError, socket.timeout):
        pass
    assert sent < 256 * MEBIBYTE, f"{sent >> 20} MiB were taken"
    assert most - before < 256 * MEBIBYTE, f"{(most - before) >> 20} MiB were held"
    upload.close()
    assert hub.post("uhdb", hl7("G1"), "application/hl7-v2").status_code == 202
    assert {item["code"] for item in hub.work_items()} <= {"too_large"}


def test_many_slow_senders_keep_nobody_waiting(limited):
    hub = limited()
    slow = [Upload(hub, "Content-Length: 4096") for _ in range(100)]
    for upload in slow:
        upload.send(b"M")
    started = time.monotonic()
    for n in range(20):
        for upload in slow[n * 5 : n * 5 + 5]:
            upload.send(b"S")
        assert hub.post("uhdb", hl7(f"S{n}"), "application/hl7-v2").status_code == 202
    assert time.monotonic() - started < 20
    for upload in slow:
        upload.close()
    eventually(lambda: requests.get(hub.url + "/readyz").status_code == 200, why="readiness")


def test_large_documents_leave_room_for_small_ones(limited):
    hub = limited()
    numbers = ",".join(["12345678"] * 100_000)

    def large(n):
        body = json.dumps(
            {"message_id": f"BIG-{n}", "sender": "derby_riverside_school", "sent_at": "2026-11-01T09:00:00+00:00",
             "type": "referral", "person": {"family": "Tester", "given": "Anne", "dob": "1980-05-04"},
             "reason": "Large", "referrer": {"name": "A Teacher"}, "x": "@"}
        ).replace('"@"', f"[{numbers}]")
        return hub.post("derby_riverside_school", body, "application/json").status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        uploads = [pool.submit(large, n) for n in range(8)]
        slowest = answered = 0
        # From the first until the last large one is answered.
        while not all(upload.done() for upload in uploads):
            began = time.monotonic()
            assert requests.get(hub.url + "/healthz", timeout=20).status_code == 200
            assert hub.post("uhdb", hl7(f"S{answered}"), "application/hl7-v2").status_code == 202
            slowest = max(slowest, time.monotonic() - began)
            answered += 1
    assert {upload.result() for upload in uploads} == {202}
    assert answered >= 10 and slowest < 2, (answered, slowest)
