import Channels
import Foundation
import Postgres
import Referral
import Synchronization
import TestSupport
import Testing
import Vault

@testable import CaseStore
@testable import Hub

@Suite(.installation) struct KeysTests {
    /// A person brought in as intake does.
    private func person(
        _ hub: Installation, _ name: String = "Canary", at: Timestamp = .now()
    ) async throws -> UUIDValue {
        let store = hub.store
        var referral = Referral(messageID: "r-\(name)", sender: "uhdb", person: Person())
        referral.person.family = name
        let sealed = store.seal(
            Submission(
                sender: "uhdb", messageID: "m-\(name)", channel: "https", format: "json", adapter: "uhdb",
                bytes: Array(name.utf8), receivedAt: at))
        let item = IntakeItem(ordinal: 0, status: .accepted, referral: referral, opensCase: true)
        let result = try await hub.database.transaction { connection in
            _ = try store.accept([sealed], in: connection)
            return try store.store(
                [IntakeRecord(receipt: sealed.receipt, sender: "uhdb", receivedAt: at, items: [item])], in: connection)
        }
        guard case .stored(let stored) = result[0][0] else { throw Unexpected() }
        return stored.person
    }

    private func name(of person: UUIDValue, _ hub: Installation) async throws -> String? {
        try await hub.database.read { [store = hub.store] in try store.profile(of: person, in: $0)?.person.family }
    }

    private func keeper(
        _ hub: Installation, node: String = "a", held: KeyKeeper.Held? = nil
    ) throws -> (KeyKeeper, Vault) {
        let file = hub.configuration.keyFile
        let vault = Vault(ring: try .load(file: file), file: file)
        let store = CaseStore(vault: vault)
        return (
            KeyKeeper(
                vault: vault, store: store, database: hub.database, node: node, held: { held }, logger: hub.logger),
            vault
        )
    }

    private struct Unexpected: Error {}

    @Test func `a key is changed, everything opens by the new one, and the old one is retired`() async throws {
        try await TestInstallation.run { hub in
            let person = try await person(hub)
            let old = hub.store.currentMark
            let rotation = try KeyRotation(hub)
            let outcome = try await rotation.rotate(by: "admin-1")
            #expect(outcome.isNew && outcome.rewrapped == 2 && outcome.mark != old)
            #expect(hub.store.currentMark == outcome.mark)
            let keys = try await KeyList(hub).keys()
            #expect(keys.map(\.state) == [.old, .current] && keys.map(\.wraps) == [0, 2])
            #expect(try await name(of: person, hub) == "Canary")

            await #expect(throws: KeyRotationError.tooSoon(.seconds(60))) {
                try await rotation.retire(old, by: "admin-1")
            }
            await #expect(throws: KeyRotationError.isCurrent(outcome.mark)) {
                try await rotation.retire(outcome.mark, by: "admin-1", settled: .zero)
            }
            try await rotation.retire(old, by: "admin-1", settled: .zero)
            let alone = try KeyRing.load(file: hub.configuration.keyFile)
            #expect(alone.keys.map { Hexadecimal.text($0.mark) } == [outcome.mark])
            #expect(try await name(of: person, hub) == "Canary")
            // Found as before, by somebody who has only the new file.
            let fresh = Vault(ring: alone)
            #expect(fresh.blindIndex(.nhsNumber, "9990000018") == hub.vault.blindIndex(.nhsNumber, "9990000018"))
            let kinds = try await hub.database.read { connection in
                try connection.query(
                    """
                    SELECT kind::text
                    FROM ledger.entry
                    WHERE convert_from(bytes, 'UTF8') LIKE '%installation_key%'
                    ORDER BY at
                    """
                ).decode(String.self)
            }
            #expect(kinds == ["key_made", "key_destroyed"])
            await #expect(throws: KeyRotationError.notOnRing(old)) { try await rotation.retire(old, by: "admin-1") }
        }
    }

    @Test func `nobody wraps by a new key before every running node has it, and the next run goes on`() async throws {
        try await TestInstallation.run { hub in
            _ = try await person(hub)
            // A node with a copy of the key file of its own.
            let copy = hub.configuration.dataFolder + "/copy"
            let first = try KeyRing.load(file: hub.configuration.keyFile)
            try KeyFile.create(copy, text: first.text)
            let vault = Vault(ring: first, file: copy)
            let node = KeyKeeper(
                vault: vault, store: CaseStore(vault: vault), database: hub.database, node: "b", logger: hub.logger)
            try await node.keep()
            let rotation = try KeyRotation(hub)
            await #expect(throws: KeyRotationError.late(nodes: ["b"])) {
                _ = try await rotation.rotate(by: "admin-1", patience: .milliseconds(300))
            }
            #expect(hub.store.currentMark == Hexadecimal.text(first.keys[0].mark))
            #expect(try await KeyList(hub).keys().map(\.state) == [.current, .next])
            // It has the file and has not said yet that it wraps by the new key.
            let longer = try KeyRing.load(file: hub.configuration.keyFile)
            try KeyFile.replace(copy, text: longer.text)
            try await node.keep()
            await #expect(throws: KeyRotationError.late(nodes: ["b"])) {
                _ = try await rotation.rotate(by: "admin-1", patience: .milliseconds(300))
            }
            try await node.keep()
            #expect(vault.keyMark == longer.keys[1].mark)
            let outcome = try await rotation.rotate(by: "admin-1", patience: .milliseconds(300))
            #expect(outcome.mark == Hexadecimal.text(longer.keys[1].mark) && outcome.rewrapped == 2)
            #expect(try KeyRing.load(file: hub.configuration.keyFile).keys.count == 2)
        }
    }

    @Test func `a key that wraps looks on a node's disk, or by which a node still wraps, is not retired`() async throws
    {
        try await TestInstallation.run { hub in
            let old = hub.vault.keyMark
            let mark = Hexadecimal.text(old)
            let (keeper, vault) = try keeper(hub, node: "er-2", held: .init(path: "/looks", marks: [old]))
            try await keeper.keep()
            let rotation = try KeyRotation(hub)
            async let rotated = rotation.rotate(by: "admin-1", patience: .seconds(20))
            try await eventually {
                try await keeper.keep()
                return vault.keyMark != old
            }
            _ = try await rotated
            await #expect(throws: KeyRotationError.needed(mark, nodes: ["er-2"])) {
                try await rotation.retire(mark, by: "admin-1", settled: .zero)
            }
            // Its process is long gone, and its disk is not.
            try await hub.database.execute("UPDATE record.key_process SET seen_at = now() - interval '2 days'")
            await #expect(throws: KeyRotationError.needed(mark, nodes: ["er-2"])) {
                try await rotation.retire(mark, by: "admin-1", settled: .zero)
            }
            #expect(try await KeyList(hub).keys().first?.nodes == ["er-2"])
            try await rotation.forget(node: "er-2")
            try await rotation.retire(mark, by: "admin-1", settled: .zero)
        }
    }

    @Test func `keys are changed while others store, and nothing is lost`() async throws {
        try await TestInstallation.run { hub in
            let (keeper, vault) = try keeper(hub, node: "busy")
            let busy = CaseStore(vault: vault)
            let (file, database) = (hub.configuration.keyFile, hub.database)
            let isOver = Flag()
            async let stored: [UUIDValue] = {
                var receipts: [UUIDValue] = []
                var number = 0
                while !isOver.isSet {
                    try await keeper.keep()
                    number += 1
                    let sealed = busy.seal(
                        Submission(
                            sender: "uhdb", messageID: "busy-\(number)", channel: "https", format: "json",
                            adapter: "uhdb", bytes: Array("look \(number)".utf8), receivedAt: .now()))
                    // Wrapped now, stored later.
                    try await Task.sleep(for: .milliseconds(2))
                    _ = try await database.transaction { try busy.accept([sealed], in: $0) }
                    receipts.append(sealed.receipt)
                }
                return receipts
            }()
            let rotation = try KeyRotation(hub)
            var marks = [hub.store.currentMark]
            for _ in 0..<3 {
                marks.append(try await rotation.rotate(by: "admin-1", batch: 3).mark)
            }
            try await Task.sleep(for: .milliseconds(50))
            isOver.set()
            let receipts = try await stored
            #expect(receipts.count > 5)
            // What was wrapped a moment before the change and stored after it.
            _ = try await rotation.rotate(by: "admin-1")
            for mark in marks { try? await rotation.retire(mark, by: "admin-1", settled: .zero) }
            let ring = try KeyRing.load(file: file)
            #expect(ring.keys.count <= 2)
            let alone = CaseStore(vault: Vault(ring: ring))
            let found = try await database.read { connection in
                try alone.documents(receipts, in: connection).mapValues { try alone.open($0) }
            }
            #expect(found.count == receipts.count)
        }
    }

    @Test
    func `a backup brings back the keys of a database that was restored without them, and of nobody who was erased`()
        async throws
    {
        try await TestInstallation.run(settings: "key_store: { folder: keystore, keep_days: 7 }") { hub in
            let stays = try await person(hub, "Wren")
            let goes = try await person(hub, "Canary")
            let keys = KeyStore(hub)
            let now = Timestamp.now()
            let dump = try await wrapped(hub)
            let early = try #require(try await keys.backUp(at: now))
            guard case .erased = try await PersonErasure(hub).erase(goes, authority: "dsr-1", by: "dpo-1", at: now)
            else { throw Unexpected() }
            await #expect(throws: CaseStoreError.keyDestroyed(person: goes)) { try await name(of: goes, hub) }
            let later = try #require(try await keys.backUp(at: now + .seconds(60)))
            #expect(PersonErasure(hub).complete(after: now) == now + .seconds(7 * 86_400))

            // The data of before, without the keys, as a dump that leaves them out brings them back.
            func bringBack(withKeys: Bool) async throws {
                try await hub.database.transaction { [store = hub.store] connection in
                    try connection.execute("DELETE FROM record.person_key")
                    try connection.execute("UPDATE record.person SET erasure = NULL, erased_at = NULL")
                    guard withKeys else { return }
                    _ = try store.restore(dump, of: .persons, in: connection)
                }
            }
            try await bringBack(withKeys: false)
            // Within the days that it is kept, an old backup of the keys opens an old backup of the data.
            let old = try await keys.restore(from: early, by: "admin-1")
            #expect(old.restored == 2 && old.erased == 0 && old.foreign == 0)
            #expect(try await name(of: goes, hub) == "Canary")

            // The newest one erases again, even where the data were brought back with the keys in them.
            try await bringBack(withKeys: true)
            let new = try await keys.restore(from: later, by: "admin-1")
            #expect(new.erased == 1 && new.notErased.isEmpty)
            await #expect(throws: CaseStoreError.keyDestroyed(person: goes)) { try await name(of: goes, hub) }
            #expect(try await name(of: stays, hub) == "Wren")
            #expect(try await keys.restore(from: later, by: "admin-1").restored == 0)

            // After the days there is none that has the key.
            try await keys.keep(at: now + .seconds(7 * 86_400 + 3))
            let left = try KeyStore.backups(in: hub.configuration.dataFolder + "/keystore")
            #expect(!left.contains { $0.path == early })
            try await bringBack(withKeys: false)
            for backup in left { _ = try await keys.restore(from: backup.path, by: "admin-1") }
            await #expect(throws: CaseStoreError.keyDestroyed(person: goes)) { try await name(of: goes, hub) }
            #expect(try await name(of: stays, hub) == "Wren")
        }
    }

    @Test func `of a file that was destroyed the key is gone from the key store after its days, and no dump opens it`()
        async throws
    {
        try await TestInstallation.run(settings: "key_store: { folder: keystore, keep_days: 7 }") { hub in
            let store = hub.store
            let now = Timestamp.now()
            func accept(_ id: String, isFile: Bool) async throws -> UUIDValue {
                let sealed = store.seal(
                    Submission(
                        sender: "uhdb", messageID: id, channel: "https", format: "csv", bytes: Array(id.utf8),
                        receivedAt: now))
                var intake = IntakeRecord(receipt: sealed.receipt, sender: "uhdb", receivedAt: now, items: [])
                if isFile { intake.file = DocumentNames(messageID: id) }
                try await hub.database.transaction { [intake] connection in
                    _ = try store.accept([sealed], in: connection)
                    _ = try store.store([intake], in: connection)
                }
                return sealed.receipt
            }
            let goes = try await accept("many", isFile: true)
            let stays = try await accept("one", isFile: false)
            func texts() async throws -> [UUIDValue: String] {
                try await hub.database.read { connection in
                    try store.documents([goes, stays], in: connection).mapValues {
                        String(decoding: try store.open($0).bytes, as: UTF8.self)
                    }
                }
            }
            let keys = KeyStore(hub)
            _ = try await keys.backUp(at: now)
            let dumped = try await hub.database.query("SELECT receipt, file_since, sealed FROM record.document")
                .decode(UUIDValue.self, Timestamp?.self, [UInt8].self)
            #expect(
                try await hub.database.transaction { try store.destroyFile(cameBefore: now, in: $0) }?.isDestroyed
                    == true)
            #expect(try await texts() == [stays: "one"])
            _ = try await keys.backUp(at: now + .seconds(60))

            /// As a dump that leaves out the keys brings the data back.
            func bringBack() async throws {
                try await hub.database.transaction { connection in
                    try connection.execute("DELETE FROM record.document")
                    for (receipt, since, sealed) in dumped {
                        try connection.execute(
                            """
                            INSERT INTO record.document (receipt, file_since, sealed)
                            VALUES (\(receipt), \(since), \(sealed))
                            """)
                    }
                }
            }
            try await bringBack()
            #expect(try await texts().isEmpty)
            let found = try await KeyDiagnosis(hub.configuration).examine(hub.database).map(\.what)
            #expect(found.contains("2 documents are there and have no key"))
            let backups = try KeyStore.backups(in: hub.configuration.dataFolder + "/keystore")
            // Within its days an old backup of the keys opens an old dump.
            #expect(try await keys.restore(from: backups[0].path, by: "admin-1").restored == 2)
            #expect(try await texts() == [goes: "many", stays: "one"])
            // And the file goes again, as it did.
            #expect(
                try await hub.database.transaction { try store.destroyFile(cameBefore: now, in: $0) }?.isDestroyed
                    == true)

            try await keys.keep(at: now + .seconds(7 * 86_400 + 3))
            let left = try KeyStore.backups(in: hub.configuration.dataFolder + "/keystore")
            #expect(left.count == 2 && !left.contains { $0.path == backups[0].path })
            try await bringBack()
            for backup in left { _ = try await keys.restore(from: backup.path, by: "admin-1") }
            #expect(try await texts() == [stays: "one"])
        }
    }

    private func wrapped(_ hub: Installation) async throws -> [WrappedKey] {
        try await hub.database.read { [store = hub.store] in try store.wrapped(.persons, after: nil, in: $0) }
    }

    @Test func `data from before a change of keys open by the key store of after it, and of the erased nothing does`()
        async throws
    {
        try await TestInstallation.run { hub in
            let stays = try await person(hub, "Wren")
            let goes = try await person(hub, "Canary")
            let rotation = try KeyRotation(hub)
            let oldest = hub.store.currentMark
            let old = try await rotation.rotate(by: "admin-1").mark
            // A copy of the whole cluster has the wrapped keys in it.
            let copied = try await wrapped(hub)
            guard case .erased = try await PersonErasure(hub).erase(goes, authority: "dsr-1", by: "dpo-1") else {
                throw Unexpected()
            }
            let new = try await rotation.rotate(by: "admin-1").mark
            for mark in [oldest, old] { try await rotation.retire(mark, by: "admin-1", settled: .zero) }
            let backup = hub.configuration.dataFolder + "/keys.hubkeys"
            let count = try await KeyStore(hub).backUp(to: backup)
            #expect(count == 2)
            try await hub.database.transaction { connection in
                try connection.execute("UPDATE record.person SET erasure = NULL, erased_at = NULL")
                try connection.execute("DELETE FROM record.person_key")
                try connection.execute("UPDATE record.wrapping_key SET is_current = false WHERE mark = \(new)")
                try connection.execute(
                    "UPDATE record.wrapping_key SET is_current = true, retired_at = NULL WHERE mark = \(old)")
                for key in copied {
                    try connection.execute(
                        """
                        INSERT INTO record.person_key (person, made_at, wrapped_key)
                        VALUES (\(key.id), now(), \(key.wrapped))
                        """)
                }
            }
            await #expect(throws: VaultError.otherInstallation) { try await name(of: stays, hub) }
            await #expect(throws: InstallationError.self) { try await hub.enterStart() }
            let result = try await KeyStore(hub).restore(from: backup, by: "admin-1")
            #expect(result.restored == 1 && result.erased == 1)
            try await hub.enterStart()
            #expect(hub.store.currentMark == new)
            #expect(try await name(of: stays, hub) == "Wren")
            await #expect(throws: CaseStoreError.keyDestroyed(person: goes)) { try await name(of: goes, hub) }
            for key in copied where key.id == goes {
                #expect(throws: VaultError.otherInstallation) { try hub.vault.unwrap(key.wrapped) }
            }
        }
    }

    @Test func `a backup that was cut short, altered or sealed by a retired key is refused`() async throws {
        try await TestInstallation.run { hub in
            _ = try await person(hub)
            let path = hub.configuration.dataFolder + "/keys.hubkeys"
            try await KeyStore(hub).backUp(to: path)
            await #expect(throws: LocalFile.Failure.self) { try await KeyStore(hub).backUp(to: path) }
            let bytes = try LocalFile.read(path)
            #expect(try KeyStoreFile(bytes, vault: hub.vault).count == 2)
            for cut in stride(from: 0, to: bytes.count, by: 7) {
                #expect(throws: KeyStoreFile.Failure.self) {
                    try KeyStoreFile(Array(bytes[..<cut]), vault: hub.vault)
                }
                var altered = bytes
                altered[cut] ^= 1
                #expect(throws: KeyStoreFile.Failure.self) { try KeyStoreFile(altered, vault: hub.vault) }
            }
            #expect(throws: KeyStoreFile.Failure.damaged) { try KeyStoreFile(bytes + [0], vault: hub.vault) }
            #expect(throws: KeyStoreFile.Failure.otherKey(hub.store.currentMark)) {
                try KeyStoreFile(bytes, vault: Vault(key: InstallationKey()))
            }
        }
    }

    @Test func `a trial tells what would be destroyed and destroys nothing`() async throws {
        try await TestInstallation.run { hub in
            let person = try await person(hub)
            let trial = try await PersonErasure(hub).erase(person, authority: "dsr-1", by: "dpo-1", isTrial: true)
            guard case .erased(let erased) = trial else { throw Unexpected() }
            #expect(erased.documents == 1)
            #expect(try await name(of: person, hub) == "Canary")
        }
    }

    @Test
    func `the doctor tells of keys that are not done with, of backups that are missing, and until when erasure lasts`()
        async throws
    {
        try await TestInstallation.run(settings: "key_store: { folder: keystore, keep_days: 7 }") { hub in
            let person = try await person(hub)
            let diagnosis = KeyDiagnosis(hub.configuration)
            func found(at now: Timestamp = .now()) async throws -> [String] {
                try await diagnosis.examine(hub.database, at: now).map(\.what)
            }
            #expect(try await found().map { $0.prefix(25) } == ["there is no backup of the"])
            let now = Timestamp.now()
            _ = try await KeyStore(hub).backUp(at: now)
            #expect(try await found().isEmpty)
            #expect(try await found(at: now + .seconds(3 * 86_400)).first?.contains("the last backup") == true)
            #expect(
                try await found(at: now + .seconds(8 * 86_400)).contains { $0.contains("kept beyond its 7 days") })

            _ = try await PersonErasure(hub).erase(person, authority: "dsr-1", by: "dpo-1", at: now)
            let day = (now + .seconds(7 * 86_400)).rfc3339.prefix(10)
            #expect(try await found() == ["1 erased in the last 7 days: complete in backups on \(day)"])

            let lost = try await self.person(hub, "Lark")
            try await hub.database.execute("DELETE FROM record.person_key WHERE person = \(lost)")
            #expect(try await found().first == "1 persons were not erased and have no key")
            try await hub.database.transaction { connection in
                try connection.execute(
                    "UPDATE record.person SET erasure = 'done', erased_at = now() WHERE id = \(lost)")
            }
            #expect(try await found().count == 1)

            let (other, old) = (try await self.person(hub, "Wren"), hub.store.currentMark)
            let before = try await wrapped(hub)
            #expect(before.map(\.id) == [other])
            _ = try await KeyRotation(hub).rotate(by: "admin-1")
            #expect(try await found().contains { $0.contains("\(old) wraps nothing any more") })
            try await hub.database.execute(
                "UPDATE record.person_key SET wrapped_key = \(before[0].wrapped) WHERE person = \(other)")
            #expect(try await found().contains { $0.contains("1 data keys are still wrapped by \(old)") })
            let ring = try KeyRing.load(file: hub.configuration.keyFile)
            try KeyFile.replace(
                hub.configuration.keyFile, text: try #require(ring.retiring(ring.keys[0].mark)).text)
            #expect(try await found().contains { $0.contains("which the key file does not hold") })
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o640], ofItemAtPath: hub.configuration.keyFile)
            #expect(diagnosis.file().map(\.severity) == [.fault])
            #expect(diagnosis.file()[0].remedy.contains("chmod 600"))
        }
    }
}

/// Set once, seen by others.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
