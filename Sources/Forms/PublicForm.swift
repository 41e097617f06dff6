package import Referral

/// The form in which members of the public tell the team about themselves or somebody else (partner interfaces,
/// section 17).
///
/// One thing at a time, as GOV.UK's patterns have it, and no script. The answers travel from page to page hidden in the
/// page itself and come back by POST: none is in an address, a cookie or a log, and nothing is stored before it is
/// sent. Pure: every call answers from the fields of one request.
package struct PublicForm: Sendable {
    /// What the pages say of the team.
    package struct Team: Sendable, Equatable {
        package var name: String
        /// For those who would rather talk.
        package var phone: String?
        package var email: String?
        /// Where it says what becomes of personal data.
        package var privacyNotice: String?

        package init(name: String, phone: String? = nil, email: String? = nil, privacyNotice: String? = nil) {
            self.name = name
            self.phone = phone
            self.email = email
            self.privacyNotice = privacyNotice
        }
    }

    /// What a request leads to.
    package enum Reply: Sendable, Equatable {
        /// A page of HTML; `isMistaken` when answers have to be put right first.
        case page(String, isMistaken: Bool)
        /// The sender has checked everything and sent it.
        case send(SentForm)
    }

    /// A form that was begun: its id, which says when.
    package struct Begun: Sendable, Equatable {
        package var id: String
        package var at: Instant

        package init(id: String, at: Instant) {
            self.id = id
            self.at = at
        }
    }

    private let pages: FormPages

    /// - Parameter path: where the form is served, such as `/refer`
    package init(team: Team, path: String) {
        pages = FormPages(team: team, path: path)
    }

    /// The page that comes before the questions.
    package func start(_ begun: Begun) -> String { pages.start(begun) }

    /// What the sender sees once it is stored.
    ///
    /// - Parameter reference: of the receipt
    package func sent(reference: String, isFromChild: Bool) -> String {
        pages.sent(reference: reference, isFromChild: isFromChild)
    }

    /// A page for what went wrong on the way, in a sentence or two.
    package func failure(title: String, text: String) -> String { pages.failure(title: title, text: text) }

    /// The style sheet of all pages.
    package static let styleSheet = String(decoding: PackageResources.form_css, as: UTF8.self)

    /// Takes what a page sent.
    ///
    /// Fields are ``FormAnswer``s and some of the page's own: `page`, the step that was answered; `go`, the step that
    /// is wanted instead of the next one, for going back to change something; `checking`, when the check was reached
    /// before; `send`. Whatever is wrong with an earlier
    /// page leads back to it, so nothing can be skipped by writing the fields oneself.
    package func reply(to fields: [String: String], begun: Begun, today: CalendarDate) -> Reply {
        var answers = FormAnswers(fields: fields)
        let step = fields["page"].flatMap(FormStep.init) ?? .age
        let isChecking = fields["checking"] == "yes"
        func ask(_ step: FormStep, _ mistakes: [FormMistake] = []) -> Reply {
            let page = pages.page(step, answers, begun, mistakes, isChecking: isChecking || step == .check)
            return .page(page, isMistaken: !mistakes.isEmpty)
        }
        if let wanted = fields["go"].flatMap(FormStep.init) { return ask(wanted) }
        if step == .emergency { answers[.advised] = "yes" }
        // Other words are other advice.
        if step == .reason { answers[.advised] = nil }
        for earlier in FormStep.allCases {
            let mistakes = earlier.mistakes(in: answers, today: today)
            if !mistakes.isEmpty { return ask(earlier, earlier == step ? mistakes : []) }
            if earlier == step { break }
        }
        let left = left(answers, today)
        guard step == .check, fields["send"] == "yes" else { return ask(isChecking ? left : step.next(for: answers)) }
        guard left == .check else { return ask(left) }
        return .send(SentForm(answers, id: begun.id, begun: begun.at, today: today))
    }

    /// The first page that still lacks something, as another does when an answer before it is changed.
    private func left(_ answers: FormAnswers, _ today: CalendarDate) -> FormStep {
        FormStep.allCases.first { step in
            step == .emergency
                ? !step.answers(for: answers).isEmpty && answers[.advised] == nil
                : !step.mistakes(in: answers, today: today).isEmpty
        } ?? .check
    }
}
