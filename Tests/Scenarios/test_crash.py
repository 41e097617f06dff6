"""kill -9 at any moment: every 202 is there once, every delivery is recognisable as the same."""

import collections
import signal
import threading
import time

import requests

from conftest import eventually, hl7


def test_what_was_answered_survives_a_kill_under_load(hub):
    hub.start_derby_homes()
    person = hub.person()
    hub.agree(person, ("derby_homes", "housing_support"))
    answered, shares, stop = {}, [], threading.Event()

    def send(worker):
        session = requests.Session()
        number = 0
        while not stop.is_set():
            id = f"C{worker}-{number}"
            number += 1
            # A careful sender sends an unanswered referral again.
            while not stop.is_set():
                try:
                    answer = session.post(
                        hub.url + "/v1/referrals",
                        data=hl7(id, family="CRASH"),
                        headers=hub.authorised("uhdb", **{"Content-Type": "application/hl7-v2"}),
                        timeout=10,
                    )
                except requests.RequestException:
                    session = requests.Session()
                    time.sleep(0.05)
                    continue
                if answer.status_code in (200, 202):
                    answered[id] = answer.json()["receipt_id"]
                    break
                time.sleep(0.05)
            if number % 10 == 0:
                try:
                    shares.append(hub.share(person, "derby_homes", "housing_support")["share_id"])
                except (requests.RequestException, AssertionError):
                    pass

    workers = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(3):
        before = len(answered)
        eventually(lambda: len(answered) > before + 20, 60, why="progress under load")
        hub.server.stop(signal.SIGKILL)
        hub.start()
    stop.set()
    for worker in workers:
        worker.join()

    assert len(set(answered.values())) == len(answered)
    for id, receipt in answered.items():
        assert hub.worked_on(receipt)["status"] == "accepted", id
        # Sent once more, it is recognised: it is there exactly once.
        again = hub.post("uhdb", hl7(id, family="CRASH"), "application/hl7-v2")
        assert again.status_code == 200 and again.json()["receipt_id"] == receipt
    for share in shares:
        eventually(lambda: hub.share_state(share) == "delivered", 60, why="delivery")
    received = collections.Counter(line["key"] for line in hub.homes_received())
    assert set(shares) <= set(received)
    digests = collections.defaultdict(set)
    for line in hub.homes_received():
        digests[line["key"]].add(line["sha256"])
    assert all(len(d) == 1 for d in digests.values()), "a repeat differs from the first"
    assert "holds" in hub.hub("ledger", "verify")
