import CaseStore
import Channels
import Postgres
import Referral
import Vault

/// What `hub doctor` finds about the keys.
struct KeyDiagnosis: Sendable {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// The key file alone.
    func file() -> [Doctor.Diagnosis] {
        do {
            _ = try KeyRing.load(file: configuration.keyFile)
            return []
        } catch VaultError.keyFileTooOpen {
            return [
                .init(
                    severity: .fault, what: "the installation's key: \(VaultError.keyFileTooOpen)",
                    remedy:
                        "Run `chmod 600 \(configuration.keyFile)`. Whoever could read it may have: `hub keys rotate`, "
                        + "then `hub keys retire` the old key.")
            ]
        } catch {
            return [
                .init(
                    severity: .fault, what: "the installation's key: \(error)",
                    remedy:
                        "Restore \(configuration.keyFile) from the key store's backup, readable by the hub's user only; "
                        + "`hub migrate` makes one for a fresh database."
                )
            ]
        }
    }

    /// What of the database the keys are for.
    func examine(_ database: Database, at now: Timestamp = .now()) async throws -> [Doctor.Diagnosis] {
        guard let ring = try? KeyRing.load(file: configuration.keyFile) else { return [] }
        let store = CaseStore(vault: Vault(ring: ring))
        let (known, counts, processes, keyless) = try await database.read { connection in
            (
                try store.wrappingKeys(in: connection), try store.countWrapped(in: connection),
                try store.keyProcesses(seenWithin: KeyKeeper.patience, in: connection),
                try store.keyless(in: connection)
            )
        }
        let marks = ring.keys.map { Hexadecimal.text($0.mark) }
        let current = known.first(where: \.isCurrent)?.mark ?? marks[0]
        var found: [Doctor.Diagnosis] = []
        let remedy = "`hub keys restore` the newest backup of the key store: the data were restored without it."
        if keyless.persons > 0 {
            found.append(
                .init(
                    severity: .fault, what: "\(keyless.persons) persons were not erased and have no key", remedy: remedy
                ))
        }
        if keyless.documents > 0 {
            found.append(
                .init(
                    severity: .fault, what: "\(keyless.documents) documents are there and have no key",
                    remedy: "\(remedy) What was destroyed since goes again, by itself or with its person."))
        }
        let foreign = counts.filter { !marks.contains($0.key) }
        if !foreign.isEmpty {
            let sum = foreign.values.reduce(0, +)
            found.append(
                .init(
                    severity: .fault,
                    what:
                        "\(sum) data keys are wrapped by \(foreign.keys.sorted().joined(separator: ", ")), which the key "
                        + "file does not hold: what they seal cannot be read",
                    remedy: "Put that key back into \(configuration.keyFile), or, after the data were restored from a "
                        + "backup, `hub keys restore` the newest backup of the key store."))
        }
        if !marks.contains(current) {
            found.append(
                .init(
                    severity: .fault,
                    what: "the key \(current), by which data keys are wrapped, is not in the key file",
                    remedy: "Take the key file of the node where `hub keys rotate` ran."))
        }
        let old = counts.filter { $0.key != current && marks.contains($0.key) }
        if !old.isEmpty {
            let sum = old.values.reduce(0, +)
            found.append(
                .init(
                    severity: .attention,
                    what: "\(sum) data keys are still wrapped by \(old.keys.sorted().joined(separator: ", "))",
                    remedy: "`hub keys rotate` goes on and wraps them by the current key."))
        }
        for key in known where key.currentSince == nil && key.retiredAt == nil {
            found.append(
                .init(
                    severity: .attention, what: "the key \(key.mark) was made and is not in use",
                    remedy: "Give every node the key file, and run `hub keys rotate` again."))
        }
        for mark in marks
        where mark != current && counts[mark] == nil
            && known.contains(where: { $0.mark == mark && $0.currentSince != nil })
        {
            let needing = Set(
                (processes.running + processes.gone).filter { $0.held.contains(mark) }.map(\.node)
            ).sorted()
            found.append(
                .init(
                    severity: .attention, what: "the key \(mark) wraps nothing any more and is still in the key file",
                    remedy: needing.isEmpty
                        ? "`hub keys retire \(mark)`, once every backup that should still open is younger than the change."
                        : "Have the hub run on \(needing.joined(separator: ", ")), whose looks it seals; then retire it."
                ))
        }
        found += try await keyStore(database, store, now)
        return found
    }

    /// Backups of the key store, and by when what was erased is gone from them.
    private func keyStore(
        _ database: Database, _ store: CaseStore, _ now: Timestamp
    ) async throws -> [Doctor.Diagnosis] {
        guard let settings = configuration.keyStore else {
            guard configuration.environment == .production else { return [] }
            return [
                .init(
                    severity: .attention, what: "the key store is not backed up apart from the data",
                    remedy: "Configure `key_store`: without it a person who is erased stays readable in every backup.")
            ]
        }
        var found: [Doctor.Diagnosis] = []
        let backups = try KeyStore.backups(in: settings.folder)
        if let newest = backups.last {
            if newest.at + KeyStore.interval + KeyStore.interval < now {
                found.append(
                    .init(
                        severity: .attention, what: "the last backup of the key store is of \(newest.at.rfc3339)",
                        remedy: "See that a hub with the role housekeeping runs and may write to \(settings.folder)."))
            }
        } else {
            found.append(
                .init(
                    severity: .attention, what: "there is no backup of the key store in \(settings.folder)",
                    remedy: "A hub with the role housekeeping makes one each day; `hub keys backup` makes one now."))
        }
        if let oldest = backups.first, oldest.at + settings.kept + .seconds(7200) < now {
            found.append(
                .init(
                    severity: .fault,
                    what:
                        "a backup of the key store of \(oldest.at.rfc3339) is kept beyond its \(settings.keepDays) days",
                    remedy:
                        "Delete \(oldest.path), and see that a hub with the role housekeeping may: while it is there, "
                        + "erasure is not complete."))
        }
        let (count, last) = try await database.read { connection in
            try store.erasures(since: now - settings.kept, in: connection)
        }
        if count > 0, let last {
            let day = String((last + settings.kept).rfc3339.prefix(10))
            found.append(
                .init(
                    severity: .note,
                    what: "\(count) erased in the last \(settings.keepDays) days: complete in backups on \(day)",
                    remedy: "Nothing to do, as long as no copy of the key store's backups is kept longer."))
        }
        return found
    }
}
