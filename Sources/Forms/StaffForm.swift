package import Referral

/// The form in which staff enter a referral that came by phone, letter, e-mail or face to face.
///
/// One page, so that a worker can follow a call wherever it goes; no script. Nothing is stored before it is sent. Pure:
/// every call answers from the fields of one request.
package struct StaffForm: Sendable {
    /// What a request leads to.
    package enum Reply: Sendable, Equatable {
        /// The page again, with what has to be put right.
        case mistaken(String)
        case send(Sent)
    }

    /// A form that was filled in, as the envelope that intake takes.
    package struct Sent: Sendable, Equatable {
        /// The form's own id, so that sending it twice has one effect.
        package var messageID: String
        package var envelope: Value
    }

    /// Who fills in a form: a session that has been signed in to.
    package struct Session: Sendable, Equatable {
        /// The account.
        package var staff: String
        /// What every form of the session must bring back, so that no other site can send one.
        package var token: String

        /// Where to sign out, and where the account is shown.
        package var signOutPath: String
        package var accountPath: String

        package init(staff: String, token: String, signOutPath: String, accountPath: String) {
            self.staff = staff
            self.token = token
            self.signOutPath = signOutPath
            self.accountPath = accountPath
        }

        /// As the templates take it.
        var view: [String: String] {
            ["token": token, "signOutPath": signOutPath, "accountPath": accountPath, "staff": staff]
        }
    }

    /// The pages of the console to which the form leads.
    package struct ConsolePaths: Sendable, Equatable {
        /// Where persons are found.
        package var people: String
        /// Below which what happened to a receipt is told.
        package var lives: String

        package init(people: String, lives: String) {
            self.people = people
            self.lives = lives
        }
    }

    let pages: StaffFormPages
    /// The register id of the council's own team.
    private let sender: String

    /// - Parameters:
    ///   - team: the name that the pages show
    ///   - sender: the register id of the council's own team
    ///   - path: where the form is served, such as `/staff/referral`
    ///   - documentsPath: where documents wait for staff; nil for a form without that link
    ///   - console: where the console's pages are; nil where none is served
    package init(
        team: String, sender: String, path: String, documentsPath: String? = nil, console: ConsolePaths? = nil
    ) {
        pages = StaffFormPages(team: team, path: path, documentsPath: documentsPath, console: console)
        self.sender = sender
    }

    /// The empty form.
    package func start(_ begun: PublicForm.Begun, _ session: Session) -> String {
        pages.form([:], begun, session, mistakes: [])
    }

    /// What the worker sees once it is stored.
    package func sent(reference: String, _ session: Session) -> String { pages.sent(reference: reference, session) }

    /// A page for what went wrong on the way, in a sentence or two.
    package func failure(title: String, text: String) -> String { pages.failure(title: title, text: text) }

    /// Takes what the page sent.
    package func reply(
        to fields: [String: String], begun: PublicForm.Begun, today: CalendarDate, _ session: Session
    ) -> Reply {
        let answers = StaffAnswers(fields: fields)
        let mistakes = answers.mistakes(today: today)
        guard mistakes.isEmpty else { return .mistaken(pages.form(answers.texts, begun, session, mistakes: mistakes)) }
        return .send(
            Sent(
                messageID: begun.id,
                envelope: answers.envelope(
                    id: begun.id, sender: sender, begun: begun.at, today: today, staff: session.staff)))
    }
}
