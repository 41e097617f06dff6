"""Prints what is in a mailbox, a line of JSON for each message, as NHS England's own client reads it.

    read_mailbox.py URL MAILBOX CERTIFICATE KEY AUTHORITY

The sandbox's password and shared key are used, so this serves tests only. Nothing is acknowledged.
"""

import base64
import json
import sys

from mesh_client import MeshClient

url, mailbox, certificate, key, authority = sys.argv[1:]
with MeshClient(
    url, mailbox, "password", shared_key=b"TestKey", cert=(certificate, key), verify=authority
) as client:
    client.handshake()
    for identifier in client.list_messages():
        message = client.retrieve_message(identifier)
        print(json.dumps({
            "id": message.id(), "local_id": message.local_id, "workflow": message.workflow_id,
            "file_name": message.filename, "subject": message.subject, "sender": message.sender,
            "content": base64.b64encode(message.read()).decode(),
        }))
