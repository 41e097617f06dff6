"""What `deploy/bench console` opens the console with: one member of staff who turns pages, and many who watch the first.

    bench-console.py pages OPTIONS    times of each kind of page, and what the first load brings
    bench-console.py watch OPTIONS    so many consoles open for so long; how late each shows what was changed meanwhile

Python 3.11 or later and nothing beside it.
"""

import argparse
import base64
import csv
import gzip
import hmac
import http.client
import json
import pathlib
import random
import re
import shlex
import subprocess
import sys
import threading
import time
import urllib.parse


def one_time_code(key, at):
    """What an authenticator app shows (RFC 6238)."""
    secret = base64.b32decode(key.replace(" ", ""))
    mac = hmac.digest(secret, (int(at) // 30).to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset:offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


class Browser:
    """One connection, kept open, and the cookie that goes over it."""

    def __init__(self, host, cookie=None):
        self.host, self.cookie = host, cookie
        self.connection = http.client.HTTPConnection(host, timeout=60)

    def ask(self, method, path, fields=None, **headers):
        """The status, the headers and the body as it was sent."""
        if self.cookie:
            headers["Cookie"] = self.cookie
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if set_cookie := answer.getheader("Set-Cookie"):
            self.cookie = set_cookie.split(";")[0]
        return answer.status, answer.headers, content

    def page(self, method, path, fields=None):
        status, _, content = self.ask(method, path, fields)
        if status != 200:
            sys.exit(f"{path.split('?')[0]} was answered with {status}")
        return content.decode()

    def sign_in(self, link):
        """Sets an account up by its link, as its owner would, and signs in."""
        path = urllib.parse.urlsplit(link)
        page = self.page("GET", f"{path.path}?{path.query}")
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        key = re.search(r'id="code-key">([A-Z2-7 ]+)<', page).group(1)
        password = "correct horse battery bench"
        fields |= {"password": password, "again": password, "code": one_time_code(key, time.time())}
        status, _, _ = self.ask("POST", path.path, fields)
        if status != 303:
            sys.exit(f"The account could not be set up: {status}")
        # A code is taken once; that of the next half minute is the next.
        time.sleep(31 - time.time() % 30)
        status, _, _ = self.ask(
            "POST", "/staff/sign-in", {"name": "bench", "password": password, "code": one_time_code(key, time.time())})
        if status != 303:
            sys.exit(f"Nobody could sign in: {status}")


def times(name, asks):
    """Asks one after the other and prints how long the answers took."""
    taken = []
    for ask in asks:
        began = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    at = lambda share: taken[min(len(taken) - 1, int(share * len(taken)))]
    print(f"{name:<13}{len(taken):5} pages      p50 {at(0.5):7.1f} ms, p95 {at(0.95):7.1f} ms, longest {taken[-1]:7.1f} ms",
          flush=True)


def first_load(host, cookie):
    """All that a browser fetches that has nothing yet and takes gzip; but the feed, which goes on for as long as the page is open."""
    requests, size = 0, 0
    paths, seen = ["/console"], set()
    while paths:
        path = paths.pop()
        if path in seen:
            continue
        seen.add(path)
        status, headers, content = Browser(host, cookie).ask("GET", path, **{"Accept-Encoding": "gzip"})
        if status != 200:
            sys.exit(f"{path} was answered with {status}")
        requests += 1
        size += len(content) + len(str(headers))
        text = (gzip.decompress(content) if headers["Content-Encoding"] == "gzip" else content).decode()
        if path == "/console":
            paths += re.findall(r'<(?:link[^>]*href|script[^>]*src|img[^>]*src)="([^"]+)"', text)
        paths += re.findall(r'url\("?(/[^")]+)"?\)', text)
    print(f"first load   {requests:5} requests   {size / 1000:.1f} KB as they were sent, heads counted")


def pages(browser, options):
    receipts = options.receipts.read_text().split()
    with options.people.open() as file:
        people = list(csv.DictReader(file))
    chance = random.Random(1)
    count = options.count
    some = lambda choices: [chance.choice(choices) for _ in range(count)]
    list_ = "/console/messages"
    get = lambda path: lambda: browser.page("GET", path)

    listing = browser.page("GET", list_)
    choices = {
        name: [value for value in re.findall(r'<option value="([^"]+)"', block)]
        for name, block in re.findall(r'<select id="(\w+)"(.*?)</select>', listing, re.DOTALL)}
    token = re.search(r'name="token" value="([^"]+)"', browser.page("GET", "/console/persons")).group(1)
    filters = [f"{name}={urllib.parse.quote(value)}" for name, values in choices.items() for value in values]
    filters += [f"sender={sender}&state={state}" for sender in choices["sender"] for state in choices["state"]]
    filters += [f"{wanted}&from={day}&to={day}" for day in options.days for wanted in ("channel=file", "state=accepted", "")]
    filters += ["work=open", *(f"work=open&sender={sender}" for sender in choices["sender"])]

    def search(fields):
        def ask():
            found = browser.page("POST", "/console/persons", {"token": token, **fields})
            if "/console/persons/" not in found:
                sys.exit("A person who is there was not found")
        return ask

    first_load(browser.host, browser.cookie)
    times("flow", [get("/console")] * min(count, 50))
    times("list, newest", [get(list_)] * count)
    times("list, further", [get(f"{list_}?older={receipt}") for receipt in some(receipts)])
    times("filter", [get(f"{list_}?{wanted}") for wanted in (filters * (count // len(filters) + 1))[:max(count, len(filters))]])
    times("filter, later", [get(f"{list_}?{wanted}&older={receipt}") for wanted, receipt in zip(some(filters), some(receipts))])
    times("trace", [get(f"{list_}/{receipt}") for receipt in some(receipts)])
    times("NHS number", [search({"nhs_number": person["nhs_number"]}) for person in some(people)])
    times("name and born", [
        search({"family_name": person["family_name"], "birth_date": "/".join(reversed(person["birth_date"].split("-")))})
        for person in some(people)])
    times("name and code", [
        search({"family_name": person["family_name"], "postcode": person["postcode"]}) for person in some(people)])


def watch(browser, options):
    """Opens consoles and, again and again, changes what they show."""
    lock, shown, opened = threading.Lock(), {}, threading.Semaphore(0)

    def open_one(number):
        connection = http.client.HTTPConnection(browser.host, timeout=60)
        connection.request("GET", "/console/feed", headers={"Cookie": browser.cookie})
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"The feed was answered with {answer.status}")
        opened.release()
        while line := answer.readline():
            # Only what is looked for is read: that a queue is paused, and since when.
            for mark in re.findall(rb"bench-watch-\d+", line):
                with lock:
                    shown.setdefault((number, mark.decode()), time.perf_counter())

    for number in range(options.consoles):
        threading.Thread(target=open_one, args=(number,), daemon=True).start()
    for _ in range(options.consoles):
        if not opened.acquire(timeout=60):
            sys.exit("Not every console could be opened")
    print("open", flush=True)
    ends = time.monotonic() + options.seconds
    changed = {}
    number = 0
    while time.monotonic() < ends:
        if options.change:
            number += 1
            mark = f"bench-watch-{number}"
            changed[mark] = time.perf_counter()
            subprocess.run([*shlex.split(options.change), mark], check=True, capture_output=True)
        time.sleep(3)
    late = []
    for mark, at in changed.items():
        for console in range(options.consoles):
            seen = shown.get((console, mark))
            late.append(seen - at if seen else float("inf"))
    late.sort()
    result = {"changes": len(changed), "shown": sum(lag < float("inf") for lag in late), "of": len(late)}
    if late:
        result |= {"p50": round(late[len(late) // 2], 3), "p95": round(late[int(0.95 * len(late))], 3), "longest": round(late[-1], 3)}
    print(json.dumps(result, separators=(",", ":")))


def main():
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    session = argparse.ArgumentParser(add_help=False)
    session.add_argument("--host", required=True, help="HOST:PORT of the hub, plain HTTP")
    session.add_argument("--cookie", type=pathlib.Path, required=True, help="file with the session's cookie")
    turning = kinds.add_parser("pages", parents=[session])
    turning.add_argument("--count", type=int, default=200, help="pages of each kind")
    turning.add_argument("--receipts", type=pathlib.Path, required=True, help="ids of messages, a line each")
    turning.add_argument("--people", type=pathlib.Path, required=True, help="who is looked for, as `hub simulate bulk` wrote it")
    turning.add_argument("--days", nargs="+", required=True, help="days of which there are messages, as 2026-11-30")
    watching = kinds.add_parser("watch", parents=[session])
    watching.add_argument("--consoles", type=int, default=50)
    watching.add_argument("--seconds", type=float, default=30)
    watching.add_argument("--change", help="command that changes what is shown, to which a word is added")
    signing = kinds.add_parser("sign-in", parents=[session])
    signing.add_argument("--link", required=True, help="of an account that is not set up yet, named bench")
    options = parser.parse_args()
    if options.kind == "sign-in":
        browser = Browser(options.host)
        browser.sign_in(options.link)
        options.cookie.write_text(browser.cookie)
        return
    browser = Browser(options.host, options.cookie.read_text())
    {"pages": pages, "watch": watch}[options.kind](browser, options)


main()
