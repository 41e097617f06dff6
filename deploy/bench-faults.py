"""What `deploy/bench faults` asks control rooms' look-ups with, and what keeps PostgreSQL's connections from the hub.

    bench-faults.py looks OPTIONS       look-ups at a pace, by a client that knows two nodes
    bench-faults.py handshakes OPTIONS  look-ups as fast as they go, each over a connection of its own, or over kept ones
    bench-faults.py occupy SOCKET       takes all connections of the PostgreSQL at that socket, until it is ended

Python 3.11 or later and nothing beside it. `hub simulate load`, which is quicker, speaks plain HTTP; what a control room
meets when a node falls is TLS with its client certificate.
"""

import argparse
import json
import multiprocessing
import resource
import socket
import ssl
import struct
import sys
import threading
import time

HOST = "127.0.0.1"


class Failed(Exception):
    """No answer that helps: why, in a word."""


class Node:
    """A node, and at most one connection to it."""

    def __init__(self, port, context):
        self.port, self.context = port, context
        self.socket = None

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def connect(self, limit):
        """TCP and the whole TLS handshake. No session is given, so none is resumed."""
        plain = socket.create_connection((HOST, self.port), timeout=limit)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = self.context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise

    def ask(self, uprn, incident, limit):
        """A look-up; the answer as it was sent. The limit counts for connection, handshake and answer together."""
        ends = time.monotonic() + limit
        try:
            if not self.socket:
                self.connect(limit)
            body = json.dumps({
                "incident_ref": incident, "caller_id": "bench", "reason": "measuring", "query": {"uprn": uprn}}).encode()
            head = (f"POST /v1/emergency/lookup HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode()
            self.wait(ends)
            self.socket.sendall(head + body)
            received = bytearray()
            while (end := received.find(b"\r\n\r\n")) < 0:
                received += self.receive(ends)
            lines = bytes(received[:end]).decode().split("\r\n")
            length = next(int(line[15:]) for line in lines if line.lower().startswith("content-length:"))
            while len(received) < end + 4 + length:
                received += self.receive(ends)
        except TimeoutError:
            self.close()
            raise Failed("late") from None
        except (OSError, ValueError, StopIteration):
            self.close()
            raise Failed("connection") from None
        status = int(lines[0].split()[1])
        if status != 200:
            raise Failed(str(status))
        answer = json.loads(received[end + 4:])
        # All that is asked about have a card: a node that does not know it helps nobody.
        if answer["matches"] != 1:
            raise Failed("no_card")
        return answer

    def wait(self, ends):
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)

    def receive(self, ends):
        self.wait(ends)
        if part := self.socket.recv(65536):
            return part
        raise ConnectionResetError


class Caller(threading.Thread):
    """One of the connections: asks at its times, and tells the other node's answer where the first has none."""

    def __init__(self, number, options, uprns, start):
        super().__init__()
        self.number, self.options, self.start_at = number, options, start
        self.uprns = uprns[number::options.connections]
        self.nodes = [Node(port, context(options)) for port in options.port]
        # Half of them begin at each node, and stay where they were answered last.
        self.place = number % len(self.nodes)
        self.asked = self.retried = self.offline = 0
        self.times, self.late, self.ids, self.errors = [], [], [], {}

    def run(self):
        options = self.options
        while (due := (self.number + self.asked * options.connections) / options.rate) < options.seconds:
            due += self.start_at
            if (left := due - time.monotonic()) > 0:
                time.sleep(left)
                self.late.append(time.monotonic() - due)
            uprn = self.uprns[self.asked % len(self.uprns)]
            incident = f"BENCH-{options.run}-{self.number}-{self.asked}"
            self.asked += 1
            for attempt in range(len(self.nodes)):
                try:
                    answer = self.nodes[self.place].ask(uprn, incident, options.limit)
                except Failed as failed:
                    self.errors[str(failed)] = self.errors.get(str(failed), 0) + 1
                    self.place = (self.place + 1) % len(self.nodes)
                    continue
                self.times.append(time.monotonic() - due)
                self.ids.append(answer["lookup_id"])
                self.retried += attempt
                self.offline += answer["offline"]
                break


def context(options):
    made = ssl.create_default_context(cafile=options.ca)
    made.load_cert_chain(options.certificate, options.key)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    return made


def processor_time():
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def percentile(values, share):
    return 1000 * sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def looks(options):
    uprns = open(options.uprns).read().split()
    start = time.monotonic() + 0.2
    callers = [Caller(number, options, uprns, start) for number in range(options.connections)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    took = time.monotonic() - start
    times = [each for caller in callers for each in caller.times]
    errors = {}
    for caller in callers:
        for why, count in caller.errors.items():
            errors[why] = errors.get(why, 0) + count
    asked = sum(caller.asked for caller in callers)
    with open(options.answered, "w") as file:
        file.writelines(id + "\n" for caller in callers for id in caller.ids)
    print(
        asked, len(times),
        # Cut off and not rounded: one that was not answered must be seen.
        "%.4f" % (len(times) * 1_000_000 // max(asked, 1) / 10_000),
        sum(caller.retried for caller in callers), sum(caller.offline for caller in callers),
        "%.2f %.2f %.0f" % (percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1)),
        # Of the client itself: how late it wakes at the worst of a hundred, in ms, and its share of one processor.
        "%.2f %.0f" % (percentile([each for caller in callers for each in caller.late], 0.99), 100 * processor_time() / took),
        ",".join(f"{why}:{count}" for why, count in sorted(errors.items())) or "-")


def closed_loop(options, uprns, number, ends, results):
    """One process: asks, and asks again as soon as it is answered, until it is time."""
    made = context(options)
    node = Node(options.port[0], made)
    done, resumed, other = 0, 0, 0
    while time.monotonic() < ends:
        is_new = node.socket is None
        node.ask(uprns[(number + done) % len(uprns)], f"BENCH-{options.run}-{number}-{done}", 30)
        done += 1
        if is_new:
            resumed += node.socket.session_reused
            other += node.socket.version() != "TLSv1.3"
        if not options.kept:
            node.close()
    results.put((done, resumed, other))


def handshakes(options):
    uprns = open(options.uprns).read().split()
    start = time.monotonic()
    results = multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=closed_loop, args=(options, uprns, number, start + options.seconds, results))
        for number in range(options.connections)
    ]
    for process in processes:
        process.start()
    gathered = [results.get(timeout=options.seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    print(*(sum(one[place] for one in gathered) for place in range(3)), "%.3f" % processor_time())


def session(path):
    """A connection of PostgreSQL's own protocol, or nothing where there is none to be had."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    words = b"".join(word + b"\0" for word in (b"user", b"hub", b"database", b"hub", b"application_name", b"bench")) + b"\0"
    connection.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
    if answer(connection) is None:
        connection.close()
        return None
    return connection


def answer(connection):
    """The rows of an answer, each as its bytes; None where it is an error."""
    received, rows = bytearray(), []
    while True:
        while len(received) >= 5 and len(received) > (length := struct.unpack("!i", received[1:5])[0]):
            kind, content = received[:1], bytes(received[5:length + 1])
            del received[:length + 1]
            if kind == b"E":
                return None
            if kind == b"D":
                rows.append(content)
            if kind == b"Z":
                return rows
        part = connection.recv(65536)
        if not part:
            return None
        received += part


def query(connection, sql):
    connection.sendall(b"Q" + struct.pack("!i", len(sql) + 5) + sql.encode() + b"\0")
    return answer(connection)


def occupy(path):
    """Takes what is free, ends the sessions of others, and takes those too; says when others have none."""
    others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'bench'"
    held, has_told = [], False
    while True:
        while one := session(path):
            held.append(one)
        if query(held[0], f"SELECT pg_terminate_backend(pid) {others}") == [] and not has_told:
            has_told = True
            print(len(held), flush=True)
        time.sleep(0.02 if not has_told else 0.2)


def arguments():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in "looks", "handshakes":
        command = commands.add_parser(name)
        command.add_argument("--port", type=int, action="append", required=True)
        for file in "ca", "certificate", "key", "uprns":
            command.add_argument("--" + file, required=True)
        command.add_argument("--connections", type=int, default=32)
        command.add_argument("--seconds", type=float, default=10)
        command.set_defaults(run=time.time_ns())
    commands.choices["looks"].add_argument("--answered", required=True)
    commands.choices["looks"].add_argument("--rate", type=int, default=500)
    commands.choices["looks"].add_argument("--limit", type=float, default=1)
    commands.choices["handshakes"].add_argument("--kept", action="store_true")
    commands.add_parser("occupy").add_argument("socket")
    return parser.parse_args()


if __name__ == "__main__":
    options = arguments()
    if options.command == "looks":
        looks(options)
    elif options.command == "handshakes":
        handshakes(options)
    else:
        sys.exit(occupy(options.socket))
