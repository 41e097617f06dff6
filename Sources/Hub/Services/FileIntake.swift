import CaseStore
import Channels
import Logging
import Postgres
import Referral
import Translation

/// Dropped files on their way in: what ``DropFolder`` found is received like any other arrival, and the answer is the
/// file's receipt.
struct FileIntake: Sendable {
    let intake: Intake
    let database: Database
    let store: CaseStore
    let logger: Logger

    /// The partners whose folders are watched: those that are enabled and have an adapter.
    func partners() async -> [String] {
        do {
            return try await database.read { [store] connection in
                try store.partners(in: connection).filter { $0.isEnabled && $0.kind == .partner }.map(\.id)
            }
        } catch {
            return []
        }
    }

    /// Receives verified files of one partner, in their order and as a rule by one commit.
    ///
    /// Answers all of them, or those up to one that cannot be stored: behind it nothing is stored now, so that no later file
    /// overtakes an earlier one that is offered again.
    func take(_ files: [DroppedFile]) async -> [FileAnswer] {
        guard let first = files.first else { return [] }
        let partner: Partner?
        do {
            partner = try await database.read { [store] connection in try store.partner(first.partner, in: connection) }
        } catch {
            return [await answer(first, to: error)]
        }
        guard let partner, partner.isEnabled else {
            return [await setAside(first, Finding(.notForUs, at: "", "The folder's partner is not enabled"))]
        }
        let arrivals = files.map { file in
            Arrival(
                sender: Principal(partner),
                channel: .file,
                format: Self.format(of: file.name),
                fileName: file.name,
                bytes: file.bytes
            )
        }
        let results = await LargeDocuments.answering.reading(files.reduce(0) { $0 + $1.bytes.count }) {
            await intake.receive(arrivals)
        }
        var answers: [FileAnswer] = []
        for (file, result) in zip(files, results) {
            switch result {
            case .success(let answer): answers.append(self.answer(answer))
            case .failure(let problem as Problem):
                answers.append(await setAside(file, Finding(.schema, at: "", problem.title)))
            case .failure(let error):
                // Those behind it failed for its sake alone.
                return answers + [await answer(file, to: error)]
            }
        }
        return answers
    }

    private func answer(_ answer: IntakeAnswer) -> FileAnswer {
        switch answer {
        case .received(let answer): return .accepted(receipt: StrictJSON.write(answer.value(.received)))
        case .duplicate(let answer): return .accepted(receipt: StrictJSON.write(answer.value(.duplicate)))
        case .quarantined(let answer, let finding):
            return .refused(receipt: StrictJSON.write(answer.value(.quarantined, errors: [finding])))
        case .conflict:
            // Intake has told staff; these bytes are nowhere else.
            let finding = Finding(.conflict, at: "", "Other bytes were received under this file name before")
            return .setAside(receipt: receipt([finding]))
        }
    }

    /// What is answered to a file of which nothing was stored.
    private func answer(_ file: DroppedFile, to error: any Error) async -> FileAnswer {
        guard let failure = error as? PostgresError, !failure.isRetryable else {
            logger.warning("a dropped file waits", metadata: ["partner": "\(file.partner)", "error": "\(error)"])
            return .unavailable
        }
        // It would fail the same way for ever, and hold up the files behind it.
        logger.error(
            "a dropped file cannot be stored", metadata: ["partner": "\(file.partner)", "error": "\(failure)"])
        return await setAside(file, Finding(.internal, at: "", "The hub cannot store this file"))
    }

    /// Makes what is wrong with a file visible to staff; false when that cannot be stored now.
    func report(_ report: DropReport) async -> Bool {
        await note(report.code, of: report.partner)
    }

    /// Refuses a file of which nothing is stored, once staff can see that.
    private func setAside(_ file: DroppedFile, _ finding: Finding) async -> FileAnswer {
        await note(finding.code.rawValue, of: file.partner) ? .setAside(receipt: receipt([finding])) : .unavailable
    }

    private func note(_ code: String, of partner: String) async -> Bool {
        let item = NewWorkItem(kind: .failedFile, code: code, partner: partner)
        do {
            _ = try await database.transaction { [store] connection in
                try store.add(item, in: connection)
            }
            return true
        } catch {
            logger.error("a file report could not be stored", metadata: ["partner": "\(partner)"])
            return false
        }
    }

    private func receipt(_ errors: [Finding]) -> [UInt8] {
        StrictJSON.write(["status": "rejected", "errors": .array(errors.map(\.value))])
    }

    /// The format that a file's ending names.
    static func format(of name: String) -> DocumentFormat? {
        switch name.split(separator: ".").last?.lowercased() {
        case "json": .json
        case "hl7": .hl7v2
        case "xml": .xml
        case "csv", "txt", "xlsx": .csv
        default: nil
        }
    }
}
