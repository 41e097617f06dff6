import CaseStore
import Postgres
import Referral
import Testing

@Suite(.store) struct AttachmentsTests {
    private static let digest = String(repeating: "0a", count: 32)

    /// A referral that names files, each by name and digest, stored.
    @discardableResult
    private func refer(
        _ id: String = "r-1", naming files: [(name: String, sha256: String?)], mediaType: String? = nil,
        size: Int? = nil, waits: Int = 60, _ f: Fixture
    ) async throws -> StoredReferral {
        var referral = f.referral(id: id, nhs: nil)
        referral.attachments = files.map { file in
            var attachment = Attachment()
            attachment.content = .file(name: file.name)
            attachment.sha256 = file.sha256
            attachment.mediaType = mediaType
            attachment.size = size
            return attachment
        }
        let receipt = try await f.accept(f.submission(id))
        let record = IntakeRecord(
            receipt: receipt, sender: "uhdb", receivedAt: f.now, waitsUntil: f.now + .seconds(waits),
            items: [IntakeItem(ordinal: 0, status: .accepted, referral: referral)])
        let result = try await f.transaction(as: .worker) { try f.store.store([record], at: f.now, in: $0)[0][0] }
        guard case .stored(let stored) = result else { throw Unexpected() }
        return stored
    }

    /// A file that was dropped and looked through; its receipt.
    @discardableResult
    private func drop(
        _ name: String, sha256: String = digest, sender: String = "uhdb", waits: Int = 60, _ f: Fixture
    ) async throws -> UUIDValue {
        let receipt = try await f.accept(
            Submission(
                sender: sender, messageID: name, channel: "file", format: "unknown", bytes: [1], fileName: name,
                receivedAt: f.now))
        let file = DroppedAttachment(
            receipt: receipt, sender: sender, name: name, sha256: sha256, size: 1,
            mediaTypes: ["text/plain", "text/csv"], waitsUntil: f.now + .seconds(waits))
        try await f.transaction(as: .worker) { try f.store.keep([file], in: $0) }
        return receipt
    }

    private func attach(after seconds: Int = 0, _ f: Fixture) async throws -> AttachedFiles {
        try await f.transaction(as: .worker) { try f.store.attachFiles(at: f.now + .seconds(seconds), in: $0) }
    }

    private func state(_ receipt: UUIDValue, _ f: Fixture) async throws -> SubmissionState? {
        try await f.transaction(as: .console) { try f.store.receipt(receipt, in: $0) }?.state
    }

    private func items(_ f: Fixture) async throws -> [NewWorkItem] {
        try await f.transaction(as: .console) { try f.store.workItems(in: $0) }.map(\.item)
    }

    @Test(arguments: [true, false]) func `a file becomes the attachment of the referral that names it, in either order`(
        fileFirst: Bool
    ) async throws {
        try await Fixture.run { f in
            var file: UUIDValue?
            if fileFirst { file = try await drop("letter.txt", f) }
            #expect(try await attach(f) == AttachedFiles())
            #expect(try await f.transaction { try CaseStore.stranded(in: $0) } == 0)
            let stored = try await refer(
                naming: [("letter.txt", Self.digest)], mediaType: "text/plain", size: 1, f)
            if !fileFirst {
                #expect(try await attach(f) == AttachedFiles())
                let waiting = try await f.transaction(as: .console) {
                    try f.store.namedFiles(ofReferral: stored.id, in: $0)
                }
                #expect(waiting.map(\.file) == [nil])
                file = try await drop("letter.txt", f)
            }
            #expect(try await attach(f) == AttachedFiles(attached: 1))
            #expect(try await attach(after: 3600, f) == AttachedFiles(), "and nobody's time runs out any more")
            let receipt = try #require(file)
            #expect(try await state(receipt, f) == .accepted)
            let named = try await f.transaction(as: .console) { try f.store.namedFiles(ofReferral: stored.id, in: $0) }
            #expect(named == [NamedFile(referral: stored.id, number: 0, file: receipt)])
            #expect(try await items(f).isEmpty)
            for id in [receipt, stored.id] {
                let lines = try await f.transaction(as: .audit) { try f.store.trace(id, in: $0) }
                #expect(lines.contains { $0.kind == "attachment" && $0.id == receipt })
            }
        }
    }

    @Test func `one file may be the attachment of several referrals, also of one that comes later`() async throws {
        try await Fixture.run { f in
            try await drop("letter.txt", f)
            try await refer("r-1", naming: [("letter.txt", Self.digest)], f)
            try await refer("r-2", naming: [("letter.txt", nil), ("letter.txt", Self.digest)], f)
            #expect(try await attach(f) == AttachedFiles(attached: 1))
            try await refer("r-3", naming: [("letter.txt", Self.digest)], f)
            #expect(try await attach(f) == AttachedFiles(attached: 1))
            #expect(try await f.value("SELECT count(*) FROM record.attachment_file WHERE file IS NOT NULL") == 4)
        }
    }

    @Test(arguments: [true, false]) func `a name alone gives no second referral a file, before or after it is attached`(
        isAttached: Bool
    ) async throws {
        try await Fixture.run { f in
            let file = try await drop("scan.pdf", f)
            let first = try await refer("r-1", naming: [("scan.pdf", nil), ("scan.pdf", nil)], f)
            if isAttached { #expect(try await attach(f) == AttachedFiles(attached: 1)) }
            let second = try await refer("r-2", naming: [("scan.pdf", nil)], f)
            #expect(try await attach(f) == AttachedFiles(attached: isAttached ? 0 : 1, missing: 1))
            let named = try await f.transaction(as: .console) { connection in
                try [first, second].map { try f.store.namedFiles(ofReferral: $0.id, in: connection).map(\.file) }
            }
            #expect(named == [[file, file], []])
            let shown = try await items(f).filter { $0.kind == .incompleteReferral }
            #expect(shown.map(\.code) == ["incomplete_set"] && shown.map(\.referral) == [second.id])
            try await refer("r-3", naming: [("scan.pdf", Self.digest)], f)
            #expect(try await attach(f) == AttachedFiles(attached: 1), "its digest does")
        }
    }

    @Test(
        arguments: [
            (nil, String(repeating: "0b", count: 32), nil, "checksum"), (nil, nil, 2, "checksum"),
            ("image/png", nil, nil, "media_type"),
        ] as [(String?, String?, Int?, String)])
    func `a file that is not what its referral says is not attached, and staff see the referral`(
        mediaType: String?, sha256: String?, size: Int?, code: String
    ) async throws {
        try await Fixture.run { f in
            let file = try await drop("letter.txt", f)
            let stored = try await refer(
                naming: [("letter.txt", sha256 ?? Self.digest)], mediaType: mediaType, size: size, f)
            #expect(try await attach(f) == AttachedFiles(missing: 1))
            let item = try #require(try await items(f).first)
            #expect(item.kind == .incompleteReferral && item.code == code && item.referral == stored.id)
            #expect(try await state(file, f) == .received, "it waits for one that names it rightly")
            try await refer("r-2", naming: [("letter.txt", Self.digest)], f)
            #expect(try await attach(f) == AttachedFiles(attached: 1))
        }
    }

    @Test func `a file that nobody names in time is quarantined and shown`() async throws {
        try await Fixture.run { f in
            let file = try await drop("letter.txt", f)
            #expect(try await attach(after: 59, f) == AttachedFiles())
            #expect(try await attach(after: 60, f) == AttachedFiles(unclaimed: 1))
            #expect(try await state(file, f) == .quarantined)
            let item = try #require(try await items(f).first)
            #expect(item.kind == .quarantined && item.code == "incomplete_set" && item.submission == file)
            #expect(item.partner == "uhdb")
            #expect(try await attach(after: 60, f) == AttachedFiles())
        }
    }

    @Test func `a referral whose file does not come in time is shown, and a file that comes too late waits in vain`()
        async throws
    {
        try await Fixture.run { f in
            let stored = try await refer(naming: [("a.txt", nil), ("b.txt", nil)], f)
            #expect(try await attach(after: 60, f) == AttachedFiles(missing: 2))
            let item = try #require(try await items(f).first)
            #expect(item.kind == .incompleteReferral && item.code == "incomplete_set" && item.person == stored.person)
            #expect(try await items(f).count == 1, "one for the referral, however many are missing")
            let file = try await drop("a.txt", waits: 120, f)
            #expect(try await attach(after: 100, f) == AttachedFiles())
            #expect(try await attach(after: 120, f) == AttachedFiles(unclaimed: 1))
            #expect(try await state(file, f) == .quarantined)
        }
    }

    @Test func `a file that has come and is not worked on yet is not late`() async throws {
        try await Fixture.run { f in
            let stored = try await refer(naming: [("a.txt", Self.digest)], f)
            let submission = Submission(
                sender: "uhdb", messageID: "a.txt", channel: "file", format: "unknown", bytes: [1], fileName: "a.txt",
                receivedAt: f.now)
            let receipt = try await f.accept(submission)
            #expect(try await attach(after: 60, f) == AttachedFiles())
            let file = DroppedAttachment(
                receipt: receipt, sender: "uhdb", name: "a.txt", sha256: Self.digest, size: 1,
                mediaTypes: ["text/plain"], waitsUntil: f.now + .seconds(120))
            try await f.transaction(as: .worker) { try f.store.keep([file], in: $0) }
            #expect(try await attach(after: 60, f) == AttachedFiles(attached: 1))
            let named = try await f.transaction(as: .console) { try f.store.namedFiles(ofReferral: stored.id, in: $0) }
            #expect(named.map(\.file) == [receipt])
        }
    }

    @Test func `nobody is given another sender's file`() async throws {
        try await Fixture.run { f in
            try await drop("letter.txt", sender: "derby_homes", f)
            try await refer(naming: [("letter.txt", Self.digest)], f)
            #expect(try await attach(f) == AttachedFiles())
        }
    }

    /// By a name alone, or with the digest of its bytes.
    @Test(arguments: [nil, "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"])
    func `a document that a referral names is told apart`(sha256: String?) async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(
                Submission(
                    sender: "uhdb", messageID: "t.csv", channel: "file", format: "csv", bytes: [1], fileName: "t.csv",
                    receivedAt: f.now))
            #expect(try await f.transaction(as: .worker) { try f.store.document(receipt, in: $0) }?.isNamed == false)
            try await refer("r-0", naming: [("t.csv", Self.digest)], f)
            #expect(try await f.transaction(as: .worker) { try f.store.document(receipt, in: $0) }?.isNamed == false)
            try await refer(naming: [("t.csv", sha256)], f)
            #expect(try await f.transaction(as: .worker) { try f.store.document(receipt, in: $0) }?.isNamed == true)
            let files = [("uhdb", sha256 ?? Self.digest), ("derby_homes", Self.digest), ("uhdb", Self.digest)].map {
                FileIdentity(sender: $0, name: "t.csv", sha256: $1)
            }
            #expect(
                try await f.transaction(as: .ingest) { try f.store.areAwaited(files, in: $0) } == [true, false, true])
            let other = FileIdentity(sender: "uhdb", name: "t.csv", sha256: String(repeating: "0b", count: 32))
            #expect(try await f.transaction(as: .ingest) { try f.store.areAwaited([other], in: $0) } == [sha256 == nil])
        }
    }

    @Test func `several lookers at once attach each file once`() async throws {
        try await Fixture.run(connections: 4) { f in
            for number in 0..<20 { try await drop("\(number).txt", f) }
            try await refer(naming: (0..<20).map { ("\($0).txt", Self.digest) }, f)
            let attached = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await attach(f).attached } }
                return try await group.reduce(0, +)
            }
            #expect(attached == 20)
        }
    }
}
