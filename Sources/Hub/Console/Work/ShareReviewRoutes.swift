import CaseStore
import Channels
import Console
import Disclosure
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// A share that waits for a named person, and what that person answers: `GET` and `POST /console/work/approvals/{share}`.
struct ShareReviewRoutes {
    /// What a button of the page asks for.
    private enum Deed: String {
        case preview, approve, refuse, cancel
    }

    let desk: ConsoleDesk
    let sharing: Sharing
    let work: WorkItems

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.approvalPath("{id}"))", use: show)
        router.post("\(Console.approvalPath("{id}"))", use: act)
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readApproval) { open in
            guard let id = ConsoleDesk.id(context) else { return desk.unknown }
            return try await page(id, open)
        }
    }

    private func page(
        _ id: UUIDValue, _ open: StaffSessions.Open, preview: ShareReview.Preview? = nil,
        entered: Console.Entered = .init(), status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard let share = try await sharing.standing(id) else { return desk.unknown }
        let answers: [ShareReview.Answer]
        do {
            let value = try await sharing.answers(to: id, by: open.principal.id)
            answers = (value?["answers"]?.arrayValue ?? []).map(ShareReview.Answer.init)
        } catch CaseStoreError.keyDestroyed {
            answers = []
        }
        let next = try await work.first(2, of: .parkedShare).compactMap(\.item.share).first { $0 != id }
        var review = ShareReview(
            share, recipient: sharing.name(of: share.request.recipient),
            obligations: sharing.obligations(of: share.request).map(\.words), answers: answers)
        // What was let go of one that was stopped may no longer leave; what was sent of it may have arrived.
        let isTold = [.queued, .sending, .delivered].contains(share.state) || share.attempts > 0
        let (told, asked) = (Set(isTold ? share.released : []), Set(share.request.groups))
        review.told = told.sorted().map { FieldGroup(rawValue: $0)?.words ?? $0 }
        review.withheld = asked.subtracting(told).sorted().map { FieldGroup(rawValue: $0)?.words ?? $0 }
        let rights = Console.ShareRights(
            answer: share.awaits.map { open.may($0.operation) } ?? false, preview: open.may(.previewShare),
            cancel: open.may(.cancelShare))
        return desk.shown(open, status: status) {
            desk.pages.share(
                review, preview: preview, next: next.map { Console.approvalPath($0.description) }, rights: rights,
                at: Instant(.now()), entered: entered, $0, sections: $1)
        }
    }

    @Sendable
    private func act(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readApproval, undone: "Nothing was entered.") { open, fields in
            guard let id = ConsoleDesk.id(context), try await sharing.standing(id) != nil else { return desk.unknown }
            switch fields["do"].flatMap(Deed.init) {
            case .preview?: return try await preview(id, open, fields)
            case .approve?: return try await answer(true, to: id, open, fields)
            case .refuse?: return try await answer(false, to: id, open, fields)
            case .cancel?: return try await cancel(id, open, fields)
            case nil:
                return try await page(
                    id, open, entered: .init(fields: fields, mistakes: [("", "Press one of the buttons below")]),
                    status: .unprocessableContent)
            }
        }
    }

    // MARK: What would leave

    private func preview(
        _ id: UUIDValue, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        guard open.may(.previewShare) else { return desk.site.mayNot }
        let authority = ConsoleDesk.text(fields, "authority_ref")
        if let authority, RequestReader.id(authority) == nil {
            return try await page(
                id, open,
                entered: .init(fields: fields, mistakes: [("authority_ref", Self.words["authority_ref"] ?? "")]),
                status: .unprocessableContent)
        }
        let shown: ShareReview.Preview
        switch try await sharing.preview(id, authority: authority, by: open.principal.id) {
        case nil: return desk.unknown
        case .nothing(let finding)?: shown = .nothing(finding.text)
        case .document(let document, let digest)?: shown = ShareReview.Preview(document, digest)
        }
        return try await page(id, open, preview: shown, entered: .init(fields: fields))
    }

    // MARK: Answers

    /// How the page says what is wrong with its fields.
    private static let words = [
        "name": "Enter your name", "reason": "Enter your reason, in at most 2,000 letters",
        "authority_ref": "Enter the id of the authority: letters, digits and . _ : - without spaces",
    ]

    private func answer(
        _ isApproved: Bool, to id: UUIDValue, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        guard let role = fields["role"].flatMap(ApprovalRole.init) else {
            return try await tooLate("It waits for nobody's answer now", id, open)
        }
        guard open.may(role.operation) else { return desk.site.mayNot }
        var body: Object = [
            "role": .string(role.rawValue), "verdict": isApproved ? "approve" : "refuse",
            "approved_by": .string(open.account),
        ]
        for name in ["name", "reason", "authority_ref"] {
            body[name] = ConsoleDesk.text(fields, name).map(Value.string)
        }
        // Who does not let it go names no authority.
        if !isApproved { body["authority_ref"] = nil }
        do {
            let request = try ApprovalRequest(StrictJSON.write(.object(body)))
            guard ConsoleDesk.isConfirmed(fields) else {
                return try await asked(isApproved, id, open, body)
            }
            switch try await sharing.answer(request, to: id, by: StaffSessions.system) {
            case nil: return desk.unknown
            case .entered?: return StaffSite.redirect(to: Console.approvalPath(id.description))
            case .refused(let finding)?:
                return try await tooLate(finding.text, id, open, fields)
            }
        } catch let error as RequestError {
            return try await page(
                id, open, entered: .init(fields: fields, mistakes: ConsoleDesk.mistakes(error, Self.words)),
                status: .unprocessableContent)
        }
    }

    private func asked(
        _ isApproved: Bool, _ id: UUIDValue, _ open: StaffSessions.Open, _ body: Object
    ) async throws -> Response {
        guard let share = try await sharing.standing(id) else { return desk.unknown }
        let name = sharing.name(of: share.request.recipient)
        let kept = ["role", "name", "reason", "authority_ref"].compactMap { key in
            body[key]?.stringValue.map { (name: key, value: $0) }
        }
        return desk.asked(
            Confirmation(
                isApproved ? "Let it go?" : "Not let it go?",
                effects: isApproved
                    ? [
                        "The share is judged again with your answer. If nobody else's is lacking, it is sent to \(name) at once.",
                        "What has left cannot be called back.",
                        "Your name and reason are kept sealed; your account, the share and the time stand "
                            + "on the ledger.",
                    ]
                    : [
                        "Nothing goes to \(name). The share is over; whoever asked sees that it was not let go.",
                        "It cannot be taken back; the share can be asked for anew.",
                    ],
                path: Console.approvalPath(id.description),
                fields: [("do", (isApproved ? Deed.approve : .refuse).rawValue)] + kept,
                deed: isApproved ? "Yes, let it go" : "Yes, do not let it go"),
            open)
    }

    private func cancel(
        _ id: UUIDValue, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        guard open.may(.cancelShare) else { return desk.site.mayNot }
        let path = Console.approvalPath(id.description)
        guard ConsoleDesk.isConfirmed(fields) else {
            return desk.asked(
                Confirmation(
                    "Take the share back?",
                    effects: ["Nothing is sent. The share is over.", "It can be asked for anew."], path: path,
                    fields: [("do", Deed.cancel.rawValue)], deed: "Yes, take it back"),
                open)
        }
        switch try await sharing.cancel(id, by: open.principal.id) {
        case .made?, .repeated?: return StaffSite.redirect(to: path)
        case .conflict?: return try await tooLate("It is on its way, or has ended", id, open)
        case nil: return desk.unknown
        }
    }

    /// The share does not stand as it did when the page was shown, or is not for this person to answer.
    private func tooLate(
        _ text: String, _ id: UUIDValue, _ open: StaffSessions.Open, _ fields: [String: String] = [:]
    ) async throws -> Response {
        try await page(
            id, open, entered: .init(fields: fields, mistakes: [("", "\(text). Nothing was changed by you.")]),
            status: .conflict)
    }
}

extension ShareReview {
    init(_ share: Share, recipient: String, obligations: [String], answers: [Answer]) {
        let request = share.request
        self.init(
            id: share.id.description, person: request.person.description, recipient: recipient,
            purpose: request.purpose, level: request.level, state: share.state.rawValue,
            groups: request.groups.map { FieldGroup(rawValue: $0)?.words ?? $0 }, obligations: obligations,
            requestedBy: request.requestedBy, requestedAt: Instant(request.requestedAt),
            authority: request.grounds.authorityReference, reasons: share.reasonsInWords,
            code: share.failure ?? share.reason,
            awaits: share.awaits?.rawValue, awaitsWords: share.awaits?.inWords,
            lacksAuthority: share.reason == ReasonCode.legalAuthorityRequired.rawValue
                && request.grounds.authorityReference == nil && share.awaits == .officer,
            answers: answers)
        attempts = share.attempts
    }
}

extension ShareReview.Answer {
    fileprivate init(_ value: Value) {
        func text(_ key: String) -> String { value[key]?.stringValue ?? "" }
        self.init(
            at: Instant(rfc3339: text("at")), role: ApprovalRole(rawValue: text("role"))?.inWords ?? text("role"),
            by: text("approved_by"), name: text("name"), isApproved: text("verdict") == "approve",
            reason: text("reason"))
    }
}

extension ShareReview.Preview {
    init(_ document: Rendered, _ digest: [UInt8]) {
        let digest = Hexadecimal.text(digest)
        let text = String(validating: document.bytes, as: UTF8.self)
        let isText = text.map { text in
            text.unicodeScalars.allSatisfy { $0.value >= 0x20 || [0x09, 0x0A, 0x0D].contains($0.value) }
        }
        if let text, isText == true {
            // A carriage return alone ends a segment of HL7, and shows as nothing in a browser.
            let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            self = .text(lines, mediaType: document.mediaType, digest: digest)
        } else {
            self = .bytes(count: document.bytes.count, mediaType: document.mediaType, digest: digest)
        }
    }
}

extension ApprovalRole {
    /// Who answers in this capacity.
    var inWords: String {
        switch self {
        case .officer: "the officer"
        case .dataProtectionOfficer: "the data protection officer"
        case .informationGovernance: "information governance"
        case .second: "a second person"
        }
    }
}

extension Obligation {
    fileprivate var words: String {
        switch self {
        case .log: "It is written down on the ledger before it leaves."
        case .trackForNotices: "The recipient is remembered, so that it is told of corrections and erasures."
        case .notifyDutyOfficer: "The duty officer is told."
        case .postReview: "Somebody looks into it afterwards."
        case .recordAuthority: "The authority on which it rests is recorded with it."
        case .smallNumberSuppression: "Small numbers are left out."
        case .recipientPseudonyms: "Names are replaced by pseudonyms that only this recipient gets."
        case .noReidentification: "The recipient may not find out who anybody is."
        case .encryptEmail: "It goes by encrypted e-mail."
        case .noOtherUse: "The recipient may use it for nothing else."
        case .noDecisions: "The recipient may decide nothing about anybody by it."
        case .disposeByRetention: "The recipient destroys it when its time is over."
        }
    }
}
