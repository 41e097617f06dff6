import Console
import Crypto
import HTTPTypes
import Hummingbird
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

    /// A page of an open session, which goes on from now. No script runs on it but the console's own.
    func shown(
        _ open: StaffSessions.Open, status: HTTPResponse.Status = .ok,
        _ page: (Console.Reader, Set<Console.Section>) -> String
    ) -> Response {
        let nonce = Base64URL.text(SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) })
        let reader = Console.Reader(
            account: open.account, token: open.token, signOutPath: StaffRoutes.signOutPath,
            accountPath: StaffRoutes.accountPath, nonce: nonce)
        var response = site.shown(page(reader, sections(open)), open, status: status)
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; script-src 'nonce-\(nonce)'; connect-src 'self'; form-action 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'"
        return response
    }

    /// The sections that an account may open.
    func sections(_ open: StaffSessions.Open) -> Set<Console.Section> {
        Set(Console.Section.allCases.filter { open.may(Self.operation(of: $0)) })
    }

    /// What one must be allowed to do to open a section.
    private static func operation(of section: Console.Section) -> Operation {
        switch section {
        case .flow: .watchFlow
        case .queues: .watchFlow
        case .messages: .readTrace
        case .people: .readReferral
        case .deadLetters: .readTrace
        case .work: .watchFlow
        case .ledger: .readLedger
        case .settings: .readSettings
        }
    }
}
