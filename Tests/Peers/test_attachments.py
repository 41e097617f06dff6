"""What comes with a referral is looked through by a real ClamAV daemon before any of it is stored."""

import base64
import contextlib
import hashlib
import io
import json
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import zipfile

import pytest
import requests

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Scenarios"))

from installation import PROJECT, Installation, Process, eventually, free_port

# The EICAR test text, in two parts so that no scanner takes this file for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


class Clamd:
    """The daemon, with one signature of its own instead of ClamAV's data base."""

    def __init__(self, folder):
        self.socket = folder / "clamd.sock"
        (folder / "db").mkdir()
        (folder / "db/test.ndb").write_text(f"Test.Eicar:0:0:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"Foreground yes\nLocalSocket {self.socket}\nDatabaseDirectory {folder}/db\nTemporaryDirectory {folder}\n"
            f"LogFile {folder}/clamd.log\nConcurrentDatabaseReload no\n"
        )
        self.process = Process(["clamd", "-c", str(folder / "clamd.conf")], folder / "clamd.out")

    def start(self):
        self.process.start()
        eventually(self.answers, 60, why="clamd")

    def answers(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.socket))
            client.sendall(b"zPING\0")
            return client.recv(16) == b"PONG\0"

    def stop(self):
        self.process.stop()


@pytest.fixture(scope="module")
def hub():
    home = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
    scanner = home / "clamav"
    scanner.mkdir()
    clamd = Clamd(scanner)
    installation = Installation(home, outbound=False, settings=["clamav: { socket: clamav/clamd.sock, timeout: 20 }"])
    installation.clamd = clamd
    try:
        clamd.start()
        for name, adapter in ("charity", "envelope"), ("church", "derby_example_faith"):
            installation.partner(name, adapter=adapter)
        installation.partner("workers", kind="staff")
        installation.start()
        yield installation
    finally:
        installation.close()
        clamd.stop()
        shutil.rmtree(home, ignore_errors=True)


def attachment(content, media_type, **more):
    return {"name": "a file", "media_type": media_type, "content_base64": base64.b64encode(content).decode(), **more}


def submit(hub, id, *attachments):
    """Hands in a complete envelope; its receipt's id."""
    body = {
        "message_id": id, "sender": "charity", "sent_at": "2026-11-20T15:05:00Z", "type": "referral",
        "person": {"family": "Example", "dob": "1950-01-02"}, "reason": "Would like company",
        "referrer": {"name": "A Helper"}, "attachments": list(attachments),
    }
    answer = hub.post("charity", json.dumps(body), "application/vnd.lac.referral+json;v=1")
    assert answer.status_code == 202, answer.text
    return answer.json()["receipt_id"]


def work_items(hub, receipt):
    return [(item["kind"], item["code"]) for item in hub.work_items() if receipt in item["about"]]


def test_clean_attachments_come_in(hub):
    receipt = submit(
        hub, "CLEAN", attachment(PDF, "application/pdf", sha256=hashlib.sha256(PDF).hexdigest(), size=len(PDF)),
        attachment(b"Dear team", "text/plain"),
    )
    assert hub.worked_on(receipt)["status"] == "accepted"
    figures = requests.get(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=10).text
    assert 'hub_scans_total{verdict="clean"} 2' in figures


def test_what_the_scanner_knows_puts_the_document_into_quarantine(hub):
    receipt = submit(hub, "VIRUS", attachment(PDF, "application/pdf"), attachment(EICAR, "text/plain"))
    worked = hub.worked_on(receipt)
    assert worked["status"] == "quarantined" and not worked["referrals"]
    [finding] = worked["findings"]
    assert (finding["code"], finding["path"]) == ("virus", "attachments[1].content_base64")
    assert work_items(hub, receipt) == [("quarantined", "virus")]
    assert hub.sql(f"SELECT count(*) FROM record.referral WHERE submission = '{receipt}'").strip() == "0"
    assert "state=quarantined" in hub.hub("trace", receipt)


def test_an_attachment_that_is_dropped_as_a_file_is_looked_through_too(hub):
    named = [
        {"name": "a file", "file": name, "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in (("CLEAN.txt", b"Dear team"), ("VIRUS.txt", EICAR))
    ]
    receipt = submit(hub, "FILES", *named)
    [referral] = hub.worked_on(receipt)["referrals"]
    files = []
    for name, content in ("CLEAN.txt", b"Dear team"), ("VIRUS.txt", EICAR):
        hub.drop("charity", name, content)
        files.append(hub.file_answer("charity", name)[1]["receipt_id"])
    eventually(lambda: hub.receipt(files[1])["status"] == "quarantined", why="the verdict")
    eventually(lambda: hub.receipt(files[0])["status"] == "accepted", why="the other verdict")
    assert work_items(hub, files[1]) == [("quarantined", "virus")]
    seen = hub.staff("GET", f"/v1/referrals/{referral['referral_id']}").json()["files"]
    assert seen == [{"number": 0, "status": "attached", "receipt_id": files[0]}, {"number": 1, "status": "waiting"}]


def test_a_workbook_is_looked_through_as_it_is(hub):
    genuine = (PROJECT / "adapters/derby_example_faith/samples/in/visits-workbook.xlsx").read_bytes()
    infected = io.BytesIO(genuine)
    with zipfile.ZipFile(infected, "a") as archive:
        archive.writestr("xl/media/note.txt", EICAR)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    states = []
    for body in genuine, infected.getvalue():
        answer = hub.post("church", body, kind)
        assert answer.status_code == 202, answer.text
        states.append(hub.worked_on(answer.json()["receipt_id"])["status"])
    assert states[0] != "quarantined" and states[1] == "quarantined"


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("checksum", attachment(PDF, "application/pdf", sha256="0" * 64)),
        ("checksum", attachment(PDF, "application/pdf", size=1)),
        ("media_type", attachment(b"MZ\x90\x00", "application/pdf")),
        ("media_type", attachment(PDF, "image/png")),
        ("too_large", attachment(b"a" * (10 * 1024 * 1024 + 1), "text/plain")),
    ],
    ids=["digest", "size", "program", "other kind", "size limit"],
)
def test_what_is_not_what_it_says_is_told_and_not_kept(hub, code, given, request):
    receipt = submit(hub, "".join(filter(str.isalnum, request.node.name))[-40:], given)
    worked = hub.worked_on(receipt)
    assert worked["findings"][0]["code"] == code
    if code != "too_large":
        assert worked["status"] == "incomplete" and ("incomplete_referral", code) in work_items(hub, receipt)


def test_without_an_answer_of_the_scanner_a_document_waits_and_others_go_on(hub):
    hub.clamd.stop()
    try:
        held = submit(hub, "HELD", attachment(EICAR, "text/plain"))
        clean = submit(hub, "HELDCLEAN", attachment(PDF, "application/pdf"))
        assert hub.worked_on(submit(hub, "NOTHELD"))["status"] == "accepted"
        eventually(lambda: "scanner_unavailable" in hub.hub("trace", held), 60, why="the first attempt")
        assert hub.receipt(held)["status"] == "waiting"
        assert "ClamAV: scanner_unavailable" in hub.hub("doctor", check=False).stdout
    finally:
        hub.clamd.start()
    eventually(lambda: hub.receipt(held)["status"] == "quarantined", 90, why="the verdict")
    eventually(lambda: hub.receipt(clean)["status"] == "accepted", 90, why="the other verdict")
    assert "ClamAV" not in hub.hub("doctor", check=False).stdout


@pytest.mark.parametrize("said", [b"", b"HELLO\0", b"PONG" * 10_000], ids=["nothing", "nonsense", "no end"])
def test_the_doctor_knows_what_is_no_scanner(hub, said):
    port, configuration = free_port(), hub.home / "hub.yaml"
    before = configuration.read_text()
    configuration.write_text(before.replace("socket: clamav/clamd.sock", f"port: {port}"))
    listener = socket.create_server(("127.0.0.1", port))

    def answer():
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            client.recv(64)
            client.sendall(said)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        assert "ClamAV: scanner_refused" in hub.hub("doctor", check=False).stdout
    finally:
        thread.join(30)
        listener.close()
        configuration.write_text(before)
