"""kill -9 of workers at any moment, and one that is frozen past its lease: none lost, none overtaken, none counted twice."""

import collections
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import HUB, eventually


class Drill:
    """Processes that put numbered messages through a queue of their own and share a journal."""

    def __init__(self, hub, home):
        self.environment = hub.environment
        self.journal = os.path.join(home, "drill.journal")
        open(self.journal, "w").close()
        self.started = 0
        self.processes = []

    def start(self, *options):
        self.started += 1
        command = [HUB, "queue", "drill", "--journal", self.journal, "--name", f"p{self.started}", *options]
        process = subprocess.Popen(command, env=self.environment)
        process.label = f"p{self.started}"
        self.processes.append(process)
        return process

    def lines(self, kind):
        with open(self.journal) as journal:
            text = journal.read()
        # A line that is being written is not there yet.
        whole = text[: text.rfind("\n") + 1]
        return [line.split() for line in whole.splitlines() if line.startswith(kind + " ")]

    def stop(self, process):
        """Lets a process finish what it has in hand."""
        eventually(lambda: ["S", process.label] in self.lines("S"), 30, why="the start of a process")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@pytest.fixture
def drill(hub, home):
    # The hub keeps the private database running, and has no part in the drill's queue.
    drill = Drill(hub, home)
    yield drill
    drill.close()


def kill_workers(drill, times, seed):
    chance = random.Random(seed)
    workers = [drill.start(), drill.start()]
    for _ in range(times):
        handled = len(drill.lines("H"))
        eventually(lambda: len(drill.lines("H")) > handled + 50, 60, why="progress")
        time.sleep(chance.random() * 0.05)
        victim = chance.randrange(2)
        workers[victim].kill()
        workers[victim].wait()
        workers[victim] = drill.start()
    for worker in workers:
        drill.stop(worker)
    # Only handles, until nothing is left.
    last = drill.start("--keys", "0")

    def known():
        return {(key, number) for _, key, number in drill.lines("E")}

    def handled():
        return {(key, number) for _, key, number, *_ in drill.lines("H")}

    eventually(lambda: known() <= handled(), 60, why="everything that was enqueued is handled")
    drill.stop(last)

    by_key = collections.defaultdict(list)
    for _, key, number, attempt, _ in drill.lines("H"):
        by_key[key].append((int(number), int(attempt)))
    repeats = 0
    for key, seen in by_key.items():
        highest = 0
        for number, attempt in seen:
            # The one in hand may come again, and then says that it does; nothing older may come after it.
            assert number >= highest, f"{key}: {number} after {highest}, seed {seed}"
            if number == highest:
                repeats += 1
                assert attempt > 1, f"{key}: {number} came twice as a first attempt, seed {seed}"
            highest = number
    # What was in flight at a kill, of one process: as many as it may have running.
    assert repeats <= 4 * times, f"{repeats} repeats after {times} kills, seed {seed}"


def test_workers_killed_under_load_lose_nothing_and_overtake_nothing(drill):
    kill_workers(drill, 3, random.randrange(10**9))


@pytest.mark.slow
def test_workers_killed_a_hundred_times_lose_nothing_and_overtake_nothing(drill):
    kill_workers(drill, 100, random.randrange(10**9))


def test_what_a_frozen_worker_reports_after_its_lease_is_refused_and_counted(drill):
    frozen = drill.start("--keys", "1", "--lease", "500ms", "--work", "200ms")
    eventually(lambda: drill.lines("H"), 30, why="the first message in hand")
    frozen.send_signal(signal.SIGSTOP)
    held = {(key, number) for _, key, number, *_ in drill.lines("H")}
    other = drill.start("--keys", "0", "--lease", "500ms")

    def taken_over():
        return {(key, number) for _, key, number, _, name in drill.lines("H") if name == other.label}

    eventually(lambda: taken_over() & held, 30, why="another worker takes over what was in hand")
    frozen.send_signal(signal.SIGCONT)
    drill.stop(frozen)
    drill.stop(other)
    refused = {name: int(count) for _, name, count in drill.lines("R")}
    assert refused[frozen.label] >= 1
    assert refused[other.label] == 0
