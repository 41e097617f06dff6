import CaseStore
import Foundation
import Ledger
import Postgres
import TestSupport
import Testing

@Suite(.store) struct StoredLedgerTests {
    let signer = NoteSigner(name: "referral-hub")

    private func grow(_ f: Fixture, by count: Int) async throws {
        let entries = (0..<count).map { _ in
            f.store.entry(.view, at: f.now, [.person: UUIDValue.v7().description, .actor: "staff:1"])
        }
        try await f.transaction { try f.store.append(entries, in: $0) }
    }

    /// What housekeeping does each second.
    private func keep(_ f: Fixture, _ file: CheckpointFile? = nil) async throws -> Checkpoint? {
        _ = try await f.transaction(as: .audit) { try f.store.sequence(in: $0) }
        let checkpoint = try await f.transaction(as: .audit) { try f.store.checkpoint(at: f.now, in: $0) }
        if let checkpoint { try file?.append(SignedCheckpoint(checkpoint, by: signer)) }
        return checkpoint
    }

    private func temporaryFile() -> CheckpointFile {
        CheckpointFile(path: FileManager.default.temporaryDirectory.appendingPathComponent("\(UUIDValue.v7())").path)
    }

    private func verify(_ file: CheckpointFile? = nil) async throws -> LedgerVerification {
        let kept = file.map { KeptCheckpoints(file: $0, keys: [signer.verifier]) }
        return try await LedgerVerification.run(database: TestDatabase.current.database, kept: kept)
    }

    /// Does what only a superuser who means harm can do.
    private func tamper(_ sql: String) async throws {
        let database = TestDatabase.current.database
        try await database.transaction { connection in
            try connection.execute("SET LOCAL session_replication_role = replica")
            try connection.executeScript(sql)
        }
    }

    @Test func `entries get gapless places, and a checkpoint the root of their tree`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 3)
            #expect(try await f.transaction(as: .audit) { try f.store.sequence(in: $0) } == 3)
            #expect(try await f.transaction(as: .audit) { try f.store.sequence(in: $0) } == 0)
            try await grow(f, by: 4)
            let checkpoint = try #require(try await keep(f))
            let lines = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0) }
            #expect(lines.map(\.position) == Array(0..<7))
            #expect(checkpoint.size == 7)
            #expect(checkpoint.root == MerkleTree(leaves: lines.map(\.leaf)).root())
            #expect(try await keep(f) == nil)
            try await grow(f, by: 1)
            let next = try #require(try await keep(f))
            #expect(next.size == 8)
            let verification = try await verify()
            #expect(verification.fault == nil)
            #expect(verification.entries == 8)
            #expect(verification.checkpoints == 2)
        }
    }

    @Test func `sequencers that run at once, while entries are written, leave no gap and no entry out`() async throws {
        try await Fixture.run(connections: 8) { f in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<10 { try await grow(f, by: 5) } }
                    group.addTask { for _ in 0..<10 { _ = try await keep(f) } }
                }
                try await group.waitForAll()
            }
            _ = try await keep(f)
            let verification = try await verify()
            #expect(verification.fault == nil)
            #expect(verification.entries == 200)
        }
    }

    @Test(arguments: [
        "UPDATE ledger.entry SET at = now()", "DELETE FROM ledger.entry", "TRUNCATE ledger.entry CASCADE",
        "UPDATE ledger.position SET sequence = sequence + 1", "DELETE FROM ledger.position",
        "INSERT INTO ledger.position VALUES (99, gen_random_uuid())", "UPDATE ledger.checkpoint SET size = size + 1",
        "DELETE FROM ledger.checkpoint", "DELETE FROM ledger.pending", "SELECT ledger.erase('{}')",
        "TRUNCATE ledger.position", "TRUNCATE ledger.checkpoint", "TRUNCATE ledger.pending",
        "UPDATE ledger.pending SET entry = gen_random_uuid()", "INSERT INTO ledger.pending VALUES (gen_random_uuid())",
        "SET session_replication_role = replica", "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
    ])
    func `the hub's role can change nothing in the ledger`(statement: String) async throws {
        try await Fixture.run { f in
            try await grow(f, by: 1)
            _ = try await keep(f)
            let error = try await #require(throws: PostgresError.self) {
                try await f.transaction { try $0.executeScript(statement) }
            }
            #expect(error.state == .insufficientPrivilege)
        }
    }

    @Test(arguments: [
        "UPDATE ledger.entry SET kind = 'release'", "DELETE FROM ledger.entry", "TRUNCATE ledger.entry",
        "UPDATE ledger.entry SET salt = NULL, bytes = NULL, person = NULL",
        "UPDATE ledger.position SET sequence = sequence + 1", "DELETE FROM ledger.position",
        "TRUNCATE ledger.checkpoint",
    ])
    func `the owner too is refused`(statement: String) async throws {
        try await Fixture.run { f in
            try await grow(f, by: 1)
            _ = try await keep(f)
            let error = try await #require(throws: PostgresError.self) {
                try await TestDatabase.current.database.transaction { try $0.executeScript(statement) }
            }
            #expect(error.state == SQLState(rawValue: "23001"))
        }
    }

    @Test func `an entry that the owner erases says nothing any more, and the tree still holds`() async throws {
        try await Fixture.run { f in
            let file = temporaryFile()
            try await grow(f, by: 5)
            _ = try await keep(f, file)
            let lines = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0) }
            #expect(try await f.value("SELECT ledger.erase(ARRAY[\(lines[2].id)])") == 1)
            let erased = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 2, limit: 1, in: $0) }
            #expect(erased[0].bytes == nil)
            #expect(erased[0].salt == nil)
            #expect(erased[0].leaf == lines[2].leaf)
            let verification = try await verify(file)
            #expect(verification.fault == nil)
            #expect(verification.erased == 1)
            #expect(verification.entries == 6)
            #expect(verification.checkpoints == 2)
            let said = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 5, limit: 1, in: $0) }
            #expect(said[0].kind == LedgerKind.entryErased.rawValue)
            #expect(said[0].bytes.map { String(decoding: $0, as: UTF8.self) }?.contains("\(lines[2].id)") == true)
            #expect(
                try await f.transaction(as: .audit) { try f.store.trace(lines[2].id, in: $0).map(\.text) } == ["erased"]
            )
        }
    }

    @Test func `an entry that was emptied without a word is found`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 5)
            _ = try await keep(f)
            let lines = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0) }
            #expect(try await f.value("SELECT ledger.erase(ARRAY[\(lines[4].id)])") == 1)
            try await tamper(
                "UPDATE ledger.entry SET salt = NULL, bytes = NULL, person = NULL WHERE id = '\(lines[3].id)'")
            #expect(try await verify().fault == .erased(position: 3))
        }
    }

    @Test func `a checkpoint that another key signed is found`() async throws {
        try await Fixture.run { f in
            let file = temporaryFile()
            try await grow(f, by: 2)
            let checkpoint = try #require(try await keep(f, file))
            #expect(try await verify(file).fault == nil)
            try file.append(SignedCheckpoint(checkpoint, by: NoteSigner(name: "referral-hub")))
            #expect(try await verify(file).fault == .unsigned(size: 2))
        }
    }

    @Test func `checkpoints of the file are compared in whatever order they stand`() async throws {
        try await Fixture.run { f in
            let file = temporaryFile()
            var checkpoints: [Checkpoint] = []
            for _ in 0..<3 {
                try await grow(f, by: 2)
                checkpoints.append(try #require(try await keep(f)))
            }
            for checkpoint in checkpoints.reversed() { try file.append(SignedCheckpoint(checkpoint, by: signer)) }
            let verification = try await verify(file)
            #expect(verification.fault == nil)
            #expect(verification.checkpoints == 6)
            var other = checkpoints[0]
            other.root = checkpoints[1].root
            try file.append(SignedCheckpoint(other, by: signer))
            #expect(try await verify(file).fault == .otherRoot(from: 2, size: 2, isInFile: true))
        }
    }

    @Test func `nothing is built on a checkpoint that was altered in the database`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 3)
            _ = try await keep(f)
            try await tamper("UPDATE ledger.checkpoint SET peaks[1] = sha256('other')")
            try await grow(f, by: 1)
            await #expect(throws: CaseStoreError.unreadable("ledger.checkpoint")) { try await keep(f) }
        }
    }

    @Test func `every entry is proved in every later tree, and every tree the beginning of later ones`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 9)
            _ = try await keep(f)
            let leaves = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0) }.map(\.leaf)
            let tree = MerkleTree(leaves: leaves)
            try await f.transaction(as: .audit) { connection in
                for size in 1...9 {
                    for position in 0..<size {
                        let proof = try #require(try f.store.proof(ofEntry: position, size: size, in: connection))
                        #expect(proof.path == tree.inclusionProof(index: position, size: size))
                        #expect(proof.root == tree.root(size: size))
                        #expect(proof.holds)
                    }
                    for old in 1...size {
                        let proof = try #require(try f.store.proof(from: old, to: size, in: connection))
                        #expect(proof.claim == .consistency(from: old, root: tree.root(size: old)))
                        #expect(proof.path == tree.consistencyProof(from: old, to: size))
                        #expect(proof.holds)
                    }
                }
                #expect(try f.store.proof(ofEntry: 9, size: 10, in: connection) == nil)
                #expect(try f.store.proof(from: 9, to: 10, in: connection) == nil)
            }
        }
    }

    @Test func `a policy is entered when it is another than before`() async throws {
        try await Fixture.run { f in
            for version in ["1", "1", "2", "2", "1"] {
                try await f.transaction(as: .audit) { try f.store.enterPolicy(version: version, in: $0) }
            }
            _ = try await keep(f)
            let entries = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0) }
            #expect(entries.map(\.kind) == Array(repeating: LedgerKind.policyChanged.rawValue, count: 3))
        }
    }

    @Test func `an altered column is found, with its entry`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 6)
            _ = try await keep(f)
            let id = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 0, in: $0)[4].id }
            try await tamper("UPDATE ledger.entry SET person = gen_random_uuid() WHERE id = '\(id)'")
            let fault = try #require(try await verify().fault)
            #expect(fault == .altered(position: 4, id: id))
            #expect(fault.description.contains(id.description))
        }
    }

    @Test func `an entry that was rewritten with all its hashes is found by the next checkpoint`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 2)
            _ = try await keep(f)
            try await grow(f, by: 3)
            _ = try await keep(f)
            let line = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 3, limit: 1, in: $0)[0] }
            var text = String(decoding: try #require(line.bytes), as: UTF8.self)
            text = text.replacingOccurrences(of: "staff:1", with: "staff:2")
            let forged = Commitment(to: Array(text.utf8))
            let hex = { (bytes: [UInt8]) in "'\\x" + bytes.map { String(format: "%02x", $0) }.joined() + "'" }
            try await tamper(
                """
                UPDATE ledger.entry
                SET bytes = \(hex(Array(text.utf8))), salt = \(hex(forged.salt)), commitment = \(hex(forged.digest)),
                    leaf = \(hex(forged.leaf))
                WHERE id = '\(line.id)'
                """)
            #expect(try await verify().fault == .otherRoot(from: 2, size: 5, isInFile: false))
        }
    }

    @Test func `a tail cut together with the checkpoints of the database is found by the file`() async throws {
        try await Fixture.run { f in
            let file = temporaryFile()
            try await grow(f, by: 3)
            _ = try await keep(f, file)
            try await grow(f, by: 3)
            _ = try await keep(f, file)
            #expect(try await verify(file).fault == nil)
            try await tamper(
                """
                DELETE FROM ledger.entry WHERE id IN (SELECT entry FROM ledger.position WHERE sequence >= 3);
                DELETE FROM ledger.position WHERE sequence >= 3;
                DELETE FROM ledger.checkpoint WHERE size > 3;
                """)
            #expect(try await verify().fault == nil)
            #expect(try await verify(file).fault == .cut(size: 3, expected: 6, isInFile: true))
        }
    }

    @Test func `an entry that was deleted, and one that was kept out of the tree, are found`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 3)
            _ = try await keep(f)
            let id = try await f.transaction(as: .audit) { try f.store.ledgerPage(from: 1, limit: 1, in: $0)[0].id }
            try await tamper("DELETE FROM ledger.entry WHERE id = '\(id)'")
            #expect(try await verify().fault == .missing(position: 1))
        }
    }

    @Test func `an entry that was kept out of the tree is found`() async throws {
        try await Fixture.run { f in
            try await grow(f, by: 1)
            _ = try await keep(f)
            try await grow(f, by: 1)
            let id: UUIDValue = try await f.value("SELECT entry FROM ledger.pending")
            try await tamper("DELETE FROM ledger.pending")
            #expect(try await verify().fault == .unsequenced(id: id))
        }
    }

    @Test func `a new ledger holds, and has no checkpoint`() async throws {
        try await Fixture.run { f in
            #expect(try await keep(f) == nil)
            let verification = try await verify()
            #expect(verification.fault == nil)
            #expect(verification.entries == 0)
        }
    }
}
