"""An HTTPS server of a partner: TLS 1.3 with client certificates, in a thread of its own."""

import http.server
import ssl
import threading


class SecureServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificates, handler, port=0):
        super().__init__(("127.0.0.1", port), handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()
