import Mustache

/// The pages on which staff watch the queues and follow a message, as HTML that needs no script.
/// Everything goes through Mustache's `{{…}}`, which escapes it.
package struct Console: Sendable {
    /// Where its pages are served.
    package static let path = "/console"
    package static let stylePath = "/console/console.css"

    /// Whoever has a page open.
    package struct Reader: Sendable {
        package var account: String
        /// Comes back with each form.
        package var token: String
        package var signOutPath: String
        package var accountPath: String

        package init(account: String, token: String, signOutPath: String, accountPath: String) {
            self.account = account
            self.token = token
            self.signOutPath = signOutPath
            self.accountPath = accountPath
        }
    }

    /// A page that stands in the bar above all of them.
    package enum Section: String, CaseIterable, Sendable {
        case flow
        case queues
        case messages
        case deadLetters
        case work

        var label: String {
            switch self {
            case .flow: "Flow"
            case .queues: "Queues"
            case .messages: "Messages"
            case .deadLetters: "Dead letters"
            case .work: "Work"
            }
        }
        package var path: String {
            switch self {
            case .flow: Console.path
            case .queues: Console.path + "/queues"
            case .messages: Console.path + "/messages"
            case .deadLetters: Console.path + "/dead-letters"
            case .work: Console.path + "/work"
            }
        }
    }

    private let team: String

    /// - Parameter team: The name that the pages show.
    package init(team: String) { self.team = team }

    /// What makes the pages look as they do.
    package static let styleSheet = String(decoding: PackageResources.console_css, as: UTF8.self)

    func page(
        _ template: String, _ title: String, _ reader: Reader, in section: Section, sections: Set<Section>,
        _ more: [String: Any]
    ) -> String {
        var values = more
        values["title"] = title
        values["team"] = team
        values["style"] = Self.stylePath
        values["account"] = reader.account
        values["token"] = reader.token
        values["signOutPath"] = reader.signOutPath
        values["accountPath"] = reader.accountPath
        values["sections"] = Section.allCases.filter(sections.contains).map { other -> [String: Any] in
            ["label": other.label, "path": other.path, "isHere": other == section]
        }
        return Self.library.render(values, withTemplate: template) ?? ""
    }

    /// A page for what went wrong, for whoever it may be.
    package func failure(title: String, text: String) -> String {
        let values = ["title": title, "team": team, "style": Self.stylePath, "text": text, "consolePath": Self.path]
        return Self.library.render(values, withTemplate: "failure") ?? ""
    }

    private static let library: MustacheLibrary = {
        let sources: [(String, [UInt8])] = [
            ("frame", PackageResources.frame_mustache), ("flow", PackageResources.flow_mustache),
            ("station", PackageResources.station_mustache), ("find", PackageResources.find_mustache),
            ("life", PackageResources.life_mustache), ("failure", PackageResources.failure_mustache),
            ("dead_letters", PackageResources.dead_letters_mustache), ("cause", PackageResources.cause_mustache),
            ("replay", PackageResources.replay_mustache), ("draft", PackageResources.draft_mustache),
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
