import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral
import Translation

/// Prints what a sharing call answers, or its problem's findings with exit code 65.
enum SharingOutput {
    @discardableResult
    static func show(_ body: () async throws -> Value?) async throws -> Value {
        guard let value = try await checked(body) else {
            Output.remark("Nothing has that id.")
            throw ExitCode.badData
        }
        Output.json(value)
        return value
    }

    /// What a sharing call answers, printing nothing but a problem's findings.
    static func checked<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as RequestError {
            for finding in error.findings { Output.remark("\(finding.path): \(finding.text)") }
            throw ExitCode.badData
        } catch let merged as PersonMerged {
            Output.remark("This person was found to be another: enter it for \(merged.survivor).")
            throw ExitCode.badData
        } catch CaseStoreError.keyDestroyed {
            Output.remark("What was known of this person was erased.")
            throw ExitCode.badData
        }
    }
}
