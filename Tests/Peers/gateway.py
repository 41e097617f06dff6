"""A gateway before the MESH sandbox, for tests of what is lost on the way."""

import http.client
import http.server
import ssl
import threading


class Gateway(http.server.ThreadingHTTPServer):
    """Stands before the sandbox with its certificate, and loses as many answers to a message as it is told to.

    `before`, when set, is called with each request's method and path; what it returns true for is not passed on. Each of
    `faults`, a status and header fields, is the answer to one message, which the sandbox never sees.
    """

    def __init__(self, address, certificates, sandbox):
        super().__init__(address, Passing)
        self.sandbox, self.answers_to_lose, self.posts, self.before = sandbox, 0, 0, None
        self.faults = []
        self.onward = ssl.create_default_context(cafile=certificates / "ca.pem")
        self.onward.load_cert_chain(certificates / "hub.pem", certificates / "hub.key")
        inward = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
        inward.verify_mode = ssl.CERT_REQUIRED
        inward.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.socket = inward.wrap_socket(self.socket, server_side=True)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.before and self.server.before(self.command, self.path):
            self.close_connection = True
            return
        is_message = self.command == "POST" and self.path.rstrip("/").endswith("/outbox")
        if is_message and self.server.faults:
            return self.answer(*self.server.faults.pop(0))
        sandbox = http.client.HTTPSConnection("localhost", self.server.sandbox, context=self.server.onward, timeout=10)
        sandbox.request(self.command, self.path, body, dict(self.headers))
        answer = sandbox.getresponse()
        content = answer.read()
        sandbox.close()
        if is_message:
            self.server.posts += 1
            if self.server.answers_to_lose:
                self.server.answers_to_lose -= 1
                self.close_connection = True
                return
        own = ("content-length", "transfer-encoding", "connection", "date", "server")
        self.answer(
            answer.status, {name: value for name, value in answer.getheaders() if name.lower() not in own}, content)

    def answer(self, status, fields, content=b""):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = pass_on

    def log_message(self, *arguments):
        pass
