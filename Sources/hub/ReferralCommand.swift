import ArgumentParser
import CaseStore
import Hub
import Referral

/// `hub referral`: what becomes of referrals.
struct ReferralCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "referral",
        abstract: "Set what became of a referral, and see whether its sender may know.",
        subcommands: [Outcome.self]
    )

    struct Outcome: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set what became of a referral.",
            discussion: """
                Its sender reads it at its receipt, or is sent it where `status` has a way to it, without personal data, \
                only with --agreed-on and as long as nothing forbids it; `told` and `reason` say so. Setting it again without --agreed-on takes that back. Exits 65 \
                when there is no such referral.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The referral's id.") var id: String
        @Argument(help: "taken_on, not_taken_on or closed.") var outcome: String
        @Option(help: "Why it ended: INE, MIS, DUP, NOT, NEE, MOV, WOR, USE, EAR, ANO, CMP or DEC.") var code: String?
        @Option(help: "The day on which the person agreed that the sender is told.") var agreedOn: String?

        func run() async throws {
            let id = try InstallationOption.id(id)
            var body: Object = ["outcome": .string(outcome)]
            body["code"] = code.map(Value.string)
            body["agreed_on"] = agreedOn.map(Value.string)
            let bytes = StrictJSON.write(.object(body))
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).receipts.setOutcome(bytes, of: id, by: "command")
                }
            }
        }
    }
}
