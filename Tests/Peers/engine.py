"""A trust's integration engine: python-hl7's own MLLP server, under mutual TLS."""

import asyncio
import ssl
import threading

import hl7
from hl7.mllp import start_hl7_server
from installation import free_port


class Engine:
    """A trust's integration engine. `script` says how the next messages are answered, each by codes in a row; then AA.

    `other` acknowledges a message that was never sent, and no code at all is silence.
    """

    def __init__(self, certificates):
        self.port, self.script, self.received, self.connections = free_port(), [], [], 0
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.loop, self.is_up = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.is_up.wait(20)

    def run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            start_hl7_server(self.serve, host="127.0.0.1", port=self.port, ssl=self.context))
        self.is_up.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                message = await reader.readmessage()
                self.received.append(str(message))
                for code in self.script.pop(0) if self.script else ["AA"]:
                    answer = message.create_ack(ack_code="AA" if code == "other" else code)
                    if code == "other":
                        answer.segment("MSA").assign_field("NEVERSENT", 2)
                    writer.writemessage(answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def ids(self):
        return [str(hl7.parse(message).segment("MSH")[10]) for message in self.received]

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
