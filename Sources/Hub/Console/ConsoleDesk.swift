import Console
import Rights

/// What the pages of the console share: how they look, whose session it is, and which of them an account may open.
struct ConsoleDesk: Sendable {
    let pages: Console
    let site: StaffSite

    init(_ installation: Installation, isSecure: Bool) {
        let pages = Console(team: installation.configuration.organisation.name)
        self.pages = pages
        site = StaffSite(sessions: StaffSessions(installation), isSecure: isSecure) {
            pages.failure(title: $0, text: $1)
        }
    }

    /// Whoever has a page open.
    func reader(_ open: StaffSessions.Open) -> Console.Reader {
        .init(
            account: open.account, token: open.token, signOutPath: StaffRoutes.signOutPath,
            accountPath: StaffRoutes.accountPath)
    }

    /// The sections that an account may open.
    func sections(_ open: StaffSessions.Open) -> Set<Console.Section> {
        Set(Console.Section.allCases.filter { section in Self.operation(of: section).map(open.may) ?? false })
    }

    /// What one must be allowed to do to open a section; nil for what is not served.
    private static func operation(of section: Console.Section) -> Operation? {
        switch section {
        case .flow: .watchFlow
        case .queues: nil
        case .messages: .readTrace
        case .deadLetters: nil
        case .work: .watchFlow
        }
    }
}
