#!/usr/bin/env python3
"""Verifies the ledger of a referral hub without trusting the hub, its database or its programs.

    hub ledger export > ledger.jsonl
    ledger-verify.py --key ledger.pub --checkpoints ledger.checkpoints [--proof FILE]... [ledger.jsonl | -]

Needs Python 3.11 and `cryptography`. Take key and checkpoint file from where you keep them, not from the hub's machine.
Every commitment and leaf is computed again (SHA-256), then the tree (RFC 9162, section 2.1); every checkpoint's signature
(Ed25519, https://c2sp.org/signed-note) and root are held against it. A proof is what `hub ledger prove --json` printed;
without an export only proofs and signatures are checked. Exit 0: all holds. Exit 1: something does not, and the first bad
entry is named by its position; where each entry holds by itself, by the positions between two checkpoints.
"""
import argparse, base64, collections, datetime, hashlib, json, sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
IDS = ("submission", "referral", "person", "agreement", "share")


class Fault(Exception): """What does not hold."""


def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()


def require(condition, what):
    if not condition: raise Fault(what)


def read_keys(path):
    """Public keys, `name+id+base64` a line: by name and id."""
    keys = {}
    for line in open(path, encoding="utf-8").read().split():
        name, id, key = line.split("+", 2)
        key = base64.b64decode(key, validate=True)
        require(key[0] == 1 and len(key) == 33, f"{path}: not an Ed25519 key")
        require(sha256(name.encode(), b"\n", key)[:4].hex() == id, f"{path}: the key is not the one of its id")
        keys[name, bytes.fromhex(id)] = Ed25519PublicKey.from_public_bytes(key[1:])
    return keys


def read_checkpoint(note, keys):
    """(size, root) of a signed note; None when it is no whole checkpoint, as after a crash in the middle of a write."""
    text, _, below = note.partition("\n\n")
    try:
        origin, size, root = text.split("\n")[:3]
        size, root = int(size), base64.b64decode(root, validate=True)
        signatures = []
        for line in below.removesuffix("\n").split("\n"):
            dash, name, signature = line.split(" ")
            signature = base64.b64decode(signature, validate=True)
            if dash != "\u2014" or len(signature) < 68 or len(root) != 32: return None
            signatures.append((keys.get((name, signature[:4])), name, signature[4:]))
    except ValueError:
        return None
    for key, name, signature in signatures:
        try:
            if key and name == origin:
                key.verify(signature, (text + "\n").encode())
                return size, root
        except InvalidSignature: pass
    raise Fault(f"the checkpoint of size {size} is not signed by the ledger's key")


def read_checkpoints(path, keys):
    """Roots by size, and how many paragraphs of the file are no whole checkpoint."""
    roots, passed_over, text = collections.defaultdict(set), 0, None
    for paragraph in open(path, encoding="utf-8", errors="replace").read().split("\n\n"):
        paragraph = paragraph.strip("\n")
        if not paragraph.startswith("\u2014 "):
            passed_over += text is not None
            text = paragraph or None
            continue
        checkpoint = read_checkpoint(f"{text}\n\n{paragraph}\n", keys) if text else None
        text = None
        if checkpoint: roots[checkpoint[0]].add(checkpoint[1])
        else: passed_over += 1
    return roots, passed_over + (text is not None)


def leaf_of(line):
    """The leaf of an exported line, once everything in it was computed again; (leaf, entry or None when erased)."""
    commitment = bytes.fromhex(line["commitment"])
    require(len(commitment) == 32 and sha256(b"\0", commitment).hex() == line["leaf"], "its leaf is another")
    leaf = bytes.fromhex(line["leaf"])
    if line.get("bytes") is None and line.get("salt") is None: return leaf, None
    salt, said = bytes.fromhex(line["salt"]), line["bytes"].encode()
    require(len(salt) == 32 and sha256(salt, said) == commitment, "its content is another")
    entry = json.loads(said)
    at = (datetime.datetime.fromisoformat(line["at"]) - EPOCH) // datetime.timedelta(microseconds=1)
    require(entry["id"] == line["id"] and entry["at"] == str(at) and entry["kind"] == line["kind"], "its columns differ")
    require(all(entry.get(name) == line.get(name) for name in IDS), "its columns differ")
    return leaf, entry


def root_of(peaks):
    """The root of a tree from the roots of its complete subtrees, left to right."""
    root = peaks[-1][1] if peaks else sha256()
    for _, hash in reversed(peaks[:-1]): root = sha256(b"\1", hash, root)
    return root


def walk(lines, roots, wanted=()):
    """Computes the tree again line by line; (number of entries, number erased, roots of the sizes wanted)."""
    peaks, size, proved, found, erased, unexplained = [], 0, 0, {}, 0, {}
    for text in lines:
        try:
            line = json.loads(text)
            require(line["position"] == size, "another stands in its place")
            leaf, entry = leaf_of(line)
        except (Fault, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise Fault(f"entry {size} does not hold: {fault if isinstance(fault, Fault) else 'it cannot be read'}")
        if entry is None: erased, unexplained[line["leaf"]] = erased + 1, size
        elif entry["kind"] == "entry_erased": unexplained.pop(entry.get("leaf"), None)
        hash, height = leaf, 0
        while peaks and peaks[-1][0] == height:
            hash, height = sha256(b"\1", peaks.pop()[1], hash), height + 1
        peaks.append((height, hash))
        size += 1
        if size in roots:
            between = f"entry {proved}" if size - proved == 1 else f"entry {proved}, or one up to {size - 1},"
            require(roots[size] == {root_of(peaks)}, f"{between} is not that of the checkpoint of size {size}")
            proved = size
        if size in wanted: found[size] = root_of(peaks)
    require(max(roots, default=0) <= size,
            f"entry {size} and those after it are missing: a checkpoint counts {max(roots, default=0)} entries")
    for position in sorted(unexplained.values()):
        raise Fault(f"entry {position} does not hold: it was emptied, and no entry says that it was erased")
    return size, erased, found


def check_proof(proof, known, keys):
    """Checks an inclusion or consistency proof (RFC 9162, 2.1.3.2 and 2.1.4.2) against roots that are known by size."""
    size, root, path = proof["size"], bytes.fromhex(proof["root"]), [bytes.fromhex(hash) for hash in proof["path"]]
    note = read_checkpoint(proof["checkpoint"], keys) if proof.get("checkpoint") else None
    require(root in known.get(size, ()) or note == (size, root), f"no signed checkpoint of size {size} has its root")
    if proof["proof"] == "inclusion":
        index = proof["line"]["position"]
        first = old = last_old = leaf_of(proof["line"])[0]
        require(0 <= index < size, "the entry is outside the tree")
        node, last, what = index, size - 1, f"entry {index} is in the ledger of {size} entries"
    else:
        old_size, old = proof["from"], bytes.fromhex(proof["from_root"])
        require(0 < old_size <= size and (old_size < size or not path), "the old tree is not the smaller")
        require(old in known.get(old_size, ()), f"no checkpoint that is kept has size {old_size} and its root")
        node, last = (old_size - 1, size - 1) if old_size < size else (0, 0)
        what = f"the ledger of {old_size} entries is the beginning of the one of {size}"
        while node & 1: node, last = node >> 1, last >> 1
        if old_size & (old_size - 1) == 0 or old_size == size: path.insert(0, old)
        require(path, "it is too short")
        first = last_old = path.pop(0)
    for hash in path:
        require(last, "it is too long")
        if node & 1 or node == last:
            first, last_old = sha256(b"\1", hash, first), sha256(b"\1", hash, last_old)
            while node and not node & 1: node, last = node >> 1, last >> 1
        else:
            first = sha256(b"\1", first, hash)
        node, last = node >> 1, last >> 1
    require(last == 0 and first == root, "it does not lead to the root")
    require(proof["proof"] == "inclusion" or last_old == old, "it does not start from the old root")
    return what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, help="public key, as `hub ledger key` prints it; several, one a line")
    parser.add_argument("--checkpoints", required=True, help="the checkpoint file that is kept elsewhere")
    parser.add_argument("--proof", action="append", default=[], help="what `hub ledger prove --json` printed")
    parser.add_argument("export", nargs="?", help="what `hub ledger export` printed; - reads standard input")
    options = parser.parse_args()
    try:
        keys = read_keys(options.key)
        roots, passed_over = read_checkpoints(options.checkpoints, keys)
        proofs, known = [json.load(open(path, encoding="utf-8")) for path in options.proof], dict(roots)
        if options.export:
            wanted = {size for proof in proofs for size in (proof["size"], proof.get("from"))}
            with sys.stdin if options.export == "-" else open(options.export, encoding="utf-8") as lines:
                size, erased, found = walk(lines, roots, wanted)
            known |= {size: {root} for size, root in found.items()}
            print(f"the ledger holds: {size} entries, {len(roots)} checkpoints, {size - max(roots, default=0)} entries "
                  f"after the last, {erased} erased")
        for path, proof in zip(options.proof, proofs):
            try:
                print(f"{path}: {check_proof(proof, known, keys)}")
            except (Fault, ValueError, KeyError, TypeError, AttributeError) as fault:
                raise Fault(f"{path}: the proof does not hold: {fault}")
        print(f"{len(roots)} signed checkpoints" + (f"; {passed_over} passed over, no whole ones" if passed_over else ""))
    except (Fault, ValueError, OSError) as fault:
        sys.exit(f"{fault}")


if __name__ == "__main__":
    main()
