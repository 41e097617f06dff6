import ArgumentParser
import Rights

/// `hub rights`: the table of who may do what.
struct RightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rights",
        abstract: "Show who may do what: each operation, and how far each role reaches in it.",
        discussion: """
            `own` is what is the caller's own, `any` everybody's; an empty cell is a refusal. What may leave the hub is \
            decided for each share by the disclosure policy, whoever asks.
            """)
    @OptionGroup var format: JSONOption

    func run() {
        let rows = Operation.allCases.map { operation in
            [operation.rawValue]
                + Role.allCases.map { role in
                    switch Rights.reach(of: role, for: operation) {
                    case .own: "own"
                    case .any: "any"
                    case nil: ""
                    }
                }
        }
        Output.table(["operation"] + Role.allCases.map(\.rawValue), rows, json: format.json)
    }
}
