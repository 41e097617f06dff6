import Mustache

/// The pages on which staff watch the queues and follow a message, as HTML that needs no script and has one that adds to it.
/// Everything goes through Mustache's `{{…}}`, which escapes it.
package struct Console: Sendable {
    /// Where its pages are served.
    package static let path = "/console"
    package static let stylePath = "/console/console.css"
    /// What changes on the first page, as server-sent events.
    package static let feedPath = "/console/feed"
    /// Where an id is sent that somebody typed.
    package static let findPath = "/console/messages/find"
    package static let scriptPath = "/console/console.js"

    /// Whoever has a page open.
    package struct Reader: Sendable {
        package var account: String
        /// Comes back with each form.
        package var token: String
        package var signOutPath: String
        package var accountPath: String
        /// Of this one answer: the script runs that bears it, and no other (Content Security Policy Level 3 section 8.1).
        package var nonce: String

        package init(account: String, token: String, signOutPath: String, accountPath: String, nonce: String) {
            self.account = account
            self.token = token
            self.signOutPath = signOutPath
            self.accountPath = accountPath
            self.nonce = nonce
        }
    }

    /// A page that stands in the bar above all of them.
    package enum Section: String, CaseIterable, Sendable {
        case flow
        case queues
        case messages
        case people
        case deadLetters
        case work
        case ledger
        case settings

        var label: String {
            switch self {
            case .flow: "Flow"
            case .queues: "Queues"
            case .messages: "Messages"
            case .people: "People"
            case .deadLetters: "Dead letters"
            case .work: "Work"
            case .ledger: "Ledger"
            case .settings: "Settings"
            }
        }
        /// Which key goes there, after `g`.
        var key: String {
            switch self {
            case .flow: "f"
            case .queues: "q"
            case .messages: "m"
            case .people: "p"
            case .deadLetters: "d"
            case .work: "w"
            case .ledger: "l"
            case .settings: "s"
            }
        }
        package var path: String {
            switch self {
            case .flow: Console.path
            case .queues: Console.path + "/queues"
            case .messages: Console.path + "/messages"
            case .people: Console.path + "/persons"
            case .deadLetters: Console.path + "/dead-letters"
            case .work: Console.path + "/work"
            case .ledger: Console.path + "/ledger"
            case .settings: Console.path + "/settings"
            }
        }
    }

    let team: String

    /// - Parameter team: The name that the pages show.
    package init(team: String) { self.team = team }

    /// What makes the pages look as they do.
    package static let styleSheet = String(decoding: PackageResources.console_css, as: UTF8.self)

    /// What the pages do besides, where scripts run.
    package static let script = String(decoding: PackageResources.console_js, as: UTF8.self)

    /// A file's address of this build: what a browser has kept of another is not taken for it.
    private static func address(_ path: String, of text: String) -> String {
        let mark = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\(path)?v=\(String(mark, radix: 36))"
    }
    private static let styleAddress = address(stylePath, of: styleSheet)
    private static let scriptAddress = address(scriptPath, of: script)

    func page(
        _ template: String, _ title: String, _ reader: Reader, in section: Section, sections: Set<Section>,
        _ more: [String: Any]
    ) -> String {
        var values = more
        values["title"] = title
        values["team"] = team
        values["style"] = Self.styleAddress
        values["script"] = Self.scriptAddress
        values["nonce"] = reader.nonce
        values["account"] = reader.account
        values["token"] = reader.token
        values["signOutPath"] = reader.signOutPath
        values["accountPath"] = reader.accountPath
        values["idPath"] = Self.findPath
        values["sections"] = Section.allCases.filter(sections.contains).map { other -> [String: Any] in
            ["label": other.label, "path": other.path, "key": other.key, "isHere": other == section]
        }
        return Self.render(values, template)
    }

    static func render(_ values: [String: Any], _ template: String) -> String {
        library.render(values, withTemplate: template) ?? ""
    }

    /// A page for what went wrong, for whoever it may be.
    package func failure(title: String, text: String) -> String {
        let values = ["title": title, "team": team, "style": Self.styleAddress, "text": text, "consolePath": Self.path]
        return Self.render(values, "failure")
    }

    private static let library: MustacheLibrary = {
        let sources: [(String, [UInt8])] = [
            ("frame", PackageResources.frame_mustache), ("flow", PackageResources.flow_mustache),
            ("flow_headline", PackageResources.flow_headline_mustache), ("flow_at", PackageResources.flow_at_mustache),
            ("flow_needs", PackageResources.flow_needs_mustache), ("flow_way", PackageResources.flow_way_mustache),
            ("flow_chart", PackageResources.flow_chart_mustache), ("flow_rows", PackageResources.flow_rows_mustache),
            ("station", PackageResources.station_mustache), ("find", PackageResources.find_mustache),
            ("ledger", PackageResources.ledger_mustache), ("ledger_entry", PackageResources.ledger_entry_mustache),
            ("life", PackageResources.life_mustache), ("failure", PackageResources.failure_mustache),
            ("queues", PackageResources.queues_mustache), ("queue_rows", PackageResources.queue_rows_mustache),
            ("queue", PackageResources.queue_mustache), ("resume", PackageResources.resume_mustache),
            ("dead_letters", PackageResources.dead_letters_mustache), ("cause", PackageResources.cause_mustache),
            ("replay", PackageResources.replay_mustache), ("draft", PackageResources.draft_mustache),
            ("work", PackageResources.work_mustache), ("workfacts", PackageResources.workfacts_mustache),
            ("confirm", PackageResources.confirm_mustache), ("mistakes", PackageResources.mistakes_mustache),
            ("match", PackageResources.match_mustache), ("look", PackageResources.look_mustache),
            ("approval", PackageResources.approval_mustache), ("item", PackageResources.item_mustache),
            ("messages", PackageResources.messages_mustache), ("persons", PackageResources.persons_mustache),
            ("person", PackageResources.person_mustache),
            ("person_looks", PackageResources.person_looks_mustache),
            ("share_new", PackageResources.share_new_mustache), ("preview", PackageResources.preview_mustache),
            ("share_rehearsed", PackageResources.share_rehearsed_mustache),
            ("agreement_new", PackageResources.agreement_new_mustache),
            ("agreement_withdraw", PackageResources.agreement_withdraw_mustache),
            ("settings", PackageResources.settings_mustache),
            ("documents", PackageResources.documents_mustache), ("sent", PackageResources.sent_mustache),
            ("values", PackageResources.values_mustache), ("reveal", PackageResources.reveal_mustache),
        ]
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            do {
                try library.register(String(decoding: bytes, as: UTF8.self), named: name)
            } catch {
                preconditionFailure("the template \(name) cannot be read: \(error)")
            }
        }
        return library
    }()
}
