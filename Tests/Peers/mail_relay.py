"""A mail relay (aiosmtpd) that keeps what it is handed, and that refuses, breaks or falls silent when it is told to.

As a program: mail_relay.py --port 2525 --certificate STEM --folder FOLDER [--host H] [--tls implicit | starttls | none] [--do WHAT]
Each mail becomes FOLDER/<n>.eml, with the envelope's sender and recipients in FOLDER/<n>.envelope. WHAT: see `Relay.what`.
"""

import argparse
import asyncio
import json
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Session(SMTP):
    relay = None

    async def smtp_DATA(self, arg):
        if self.relay.what == "cut before data":
            await self.push("354 go on")
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


class Relay(Controller):
    """`what` is one of: "" (take every mail), "rcpt CODE" and "data CODE" (answer so), "cut before data" (break off once DATA is
    allowed), "cut" (keep the mail and break off without an answer), "silence" (keep it and say nothing)."""

    def __init__(self, stem, port, host="127.0.0.1", tls="implicit", folder=None):
        # For either side of a connection: aiosmtpd tries with it whether its server is up.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        self.what, self.mails, self.folder, self.context, self.starttls = "", [], folder, context, tls == "starttls"
        super().__init__(self, hostname=host, port=port, ssl_context=context if tls == "implicit" else None)

    def factory(self):
        session = Session(
            self, tls_context=self.context if self.starttls else None, require_starttls=self.starttls, data_size_limit=None
        )
        session.relay = self
        return session

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.what.startswith("rcpt "):
            return f"{self.what.removeprefix('rcpt ')} said so"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.what.startswith("data "):
            return f"{self.what.removeprefix('data ')} said so"
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.folder:
            stem = f"{self.folder}/{len(self.mails)}"
            pathlib.Path(f"{stem}.envelope").write_text(json.dumps([envelope.mail_from, envelope.rcpt_tos]))
            pathlib.Path(f"{stem}.eml").write_bytes(envelope.content)
        if self.what == "cut":
            server.transport.abort()
        elif self.what == "silence":
            await asyncio.sleep(3600)
        return "250 OK"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tls", default="implicit")
    parser.add_argument("--do", default="")
    options = parser.parse_args()
    relay = Relay(options.certificate, options.port, options.host, options.tls, options.folder)
    relay.what = options.do
    relay.start()
    print("ready", flush=True)
    # Until whoever started it goes away.
    sys.stdin.read()
    relay.stop()


if __name__ == "__main__":
    main()
