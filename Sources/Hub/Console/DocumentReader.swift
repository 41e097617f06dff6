import CaseStore
import Console
import Disclosure
import Ledger
import Postgres
import Referral
import Rights
import Translation

/// Reads what came, what was understood and what left, for staff: apart what a page shows, and the texts of which it may show
/// one.
struct DocumentReader: Sendable {
    /// Referrals of a submission, and shares of a referral, on a page.
    private static let siblings = 50
    private static let shares = 20
    /// Values of a referral that are shown.
    private static let values = 500
    /// Places that a value leads to at most.
    private static let links = 5

    /// What a page is made of.
    struct Look: Sendable {
        var sheet: DocumentSheet
        /// By ``HiddenValue/key``: what stands there, and the name that the ledger may have for it.
        var texts: [String: (text: String, field: String)]
        /// What the values are about, for the ledger.
        var about: [LedgerField: UUIDValue]
    }

    private let installation: Installation
    private let sharing: Sharing

    init(_ installation: Installation, _ sharing: Sharing) {
        self.installation = installation.acting(as: .console)
        self.sharing = sharing
    }

    /// What is known of a referral, or of a submission; that it was looked at is entered as the API enters it.
    ///
    /// - Parameters:
    ///   - first: Which value of the document the page begins with.
    ///   - after: Where the list of a submission's referrals goes on.
    /// - Returns: Nil when the id is of neither.
    func look(
        at id: UUIDValue, from first: Int, after: Int?, for open: StaffSessions.Open
    ) async throws -> Look? {
        let found = try await installation.database.read { [store = installation.store] connection in
            if let place = try store.place(ofReferral: id, in: connection) {
                return (try store.receipt(place.submission, in: connection), [place])
            }
            let places = try store.places(
                inSubmission: id, from: after ?? 0, limit: Self.siblings + 1, in: connection)
            return (try store.receipt(id, in: connection), places)
        }
        guard let receipt = found.0 else { return nil }
        let places = found.1
        guard places.count < 2, after == nil else { return list(of: places, in: receipt) }
        return try await look(at: id, places.first, in: receipt, from: first, for: open)
    }

    private func list(of places: [ReferralPlace], in receipt: Receipt) -> Look {
        let sheet = DocumentSheet(
            id: receipt.id.description, submission: receipt.id.description, referral: nil, received: nil,
            understood: nil, shares: nil, maySeeSent: false,
            siblings: places.prefix(Self.siblings).map {
                .init(id: $0.referral.description, number: $0.ordinal + 1, type: $0.type)
            },
            more: places.count > Self.siblings ? places.last?.ordinal : nil)
        return Look(sheet: sheet, texts: [:], about: [:])
    }

    private func look(
        at id: UUIDValue, _ place: ReferralPlace?, in receipt: Receipt, from first: Int, for open: StaffSessions.Open
    ) async throws -> Look {
        var look = Look(
            sheet: DocumentSheet(
                id: id.description, submission: receipt.id.description, referral: place?.referral.description,
                received: nil, understood: nil, shares: nil, maySeeSent: open.may(.previewShare)),
            texts: [:], about: [.submission: receipt.id])
        var record: ReferralRecord?
        if let place {
            look.about[.referral] = place.referral
            do {
                record = try await installation.database.transaction { [store = installation.store] connection in
                    try store.referral(place.referral, viewedBy: open.principal.id, part: .masked, in: connection)
                }
                look.about[.person] = record?.summary.person
            } catch CaseStoreError.keyDestroyed {
                let gone = "The person was erased. What was known of them was destroyed, and can be read no more."
                look.sheet.understood = .absent(gone)
                if open.may(.readDocument) { look.sheet.received = .absent(gone) }
            }
            if open.may(.readShare) { look.sheet.shares = try await shares(aboutReferral: place.referral) }
        }
        let adapter = receipt.adapter.flatMap { installation.catalogue[$0] }
        var outline: SourceOutline?
        if open.may(.readDocument), look.sheet.received == nil {
            switch try await self.outline(of: receipt, adapter, part: place?.ordinal, for: open) {
            case .success(let read): outline = read
            case .failure(let why): look.sheet.received = .absent(why.text)
            }
        }
        let (values, kept) = await LargeDocuments.showing.running { [record, outline] in
            Self.values(of: record, outline, receipt, adapter)
        }
        look.texts = kept
        if let record {
            look.sheet.understood = .shown(
                .init(
                    values: values.filter { $0.part == .understood }, missing: Self.missing(in: record.referral),
                    isCut: Self.count(record.referral) > Self.values))
        }
        if let outline { look.sheet.received = .shown(Self.part(of: outline, values, from: first)) }
        return look
    }

    // MARK: As received

    /// Why a document is not shown.
    private struct Absence: Error {
        var text: String
    }

    private func outline(
        of receipt: Receipt, _ adapter: Adapter?, part: Int?, for open: StaffSessions.Open
    ) async throws -> Result<SourceOutline, Absence> {
        if receipt.state == .held {
            return .failure(Absence(text: "A child wrote it. It is kept unread until a parent or guardian permits it."))
        }
        let size = try await installation.database.read { [store = installation.store] connection in
            try store.size(ofSubmission: receipt.id, in: connection) ?? 0
        }
        guard size <= Limits.default.bytes else {
            return .failure(Absence(text: "It is too large to be shown here: \(size) bytes."))
        }
        let document: StoredDocument?
        do {
            document = try await installation.database.transaction { [store = installation.store] connection in
                try store.document(receipt.id, viewedBy: open.principal.id, part: .masked, in: connection)
            }
        } catch CaseStoreError.documentDestroyed(_, let at) {
            let day = LondonTime.clock(Instant(microseconds: at.microseconds)).date.iso
            return .failure(
                Absence(text: "The document was destroyed on \(day), as it had to be. What was understood of it stays.")
            )
        }
        guard let document else { return .failure(Absence(text: "The document is not there.")) }
        guard let format = DocumentFormat(rawValue: receipt.format) ?? DocumentFormat.guess(document.bytes) else {
            return .failure(Absence(text: "It is in no form that the hub reads: \(size) bytes, not shown."))
        }
        let environment = installation.configuration.environment
        let read = await LargeDocuments.showing.running {
            SourceOutline.read(document.bytes, format, by: adapter, environment: environment, part: part)
        }
        return read.mapError { unreadable in
            Absence(text: "It cannot be read as \(format.words): \(unreadable.text). It has \(size) bytes.")
        }
    }

    private static func part(
        of outline: SourceOutline, _ values: [HiddenValue], from first: Int
    ) -> DocumentSheet.Received {
        let received = values.filter { $0.part == .received }
        let start = first / DocumentSheet.length * DocumentSheet.length
        let range =
            start < received.count
            ? start..<min(start + DocumentSheet.length, received.count) : 0..<min(DocumentSheet.length, received.count)
        var groups: [DocumentSheet.Group] = []
        for value in received[range] {
            let heading = outline.leaves[value.number].group
            if groups.last?.heading == heading {
                groups[groups.count - 1].values.append(value)
            } else {
                groups.append(.init(heading: heading, values: [value]))
            }
        }
        return .init(
            format: outline.format.words, groups: groups, range: range, count: received.count, isCut: outline.isCut,
            others: outline.others)
    }

    // MARK: As understood

    /// Every value of both, each with what leads to the other, and the texts of those that are hidden.
    private static func values(
        of record: ReferralRecord?, _ outline: SourceOutline?, _ receipt: Receipt, _ adapter: Adapter?
    ) -> ([HiddenValue], [String: (text: String, field: String)]) {
        var texts: [String: (text: String, field: String)] = [:]
        var received = (outline?.leaves ?? []).enumerated().map { number, leaf in
            HiddenValue(.received, number, leaf.shown, code: leaf.isCode ? leaf.text : nil)
        }
        for (value, leaf) in zip(received, outline?.leaves ?? []) where value.code == nil {
            texts[value.key] = (leaf.text, leaf.shown)
        }
        var understood: [HiddenValue] = []
        let names = ExtensionNames(of: adapter)
        record?.referral.value.eachLeaf { path, leaf in
            guard understood.count < Self.values, var row = row(path, leaf, .understood, understood.count, names)
            else {
                return
            }
            if path == CanonicalField.sender.rawValue, leaf.stringValue == receipt.sender {
                row.value.code = receipt.sender
            }
            if row.value.code == nil { texts[row.value.key] = (leaf.plainText, row.field) }
            if let provenance = record?.provenance {
                let origin = provenance.origins[path] ?? .init(sources: provenance.isOfEnvelope ? [path] : [])
                let isOwn = provenance.origins[path] != nil || provenance.isOfEnvelope
                for source in origin.sources {
                    let numbers = outline?.leaves(at: source) ?? []
                    for number in numbers.prefix(Self.links) {
                        row.value.links.append(.init(.received, number, received[number].name))
                        if received[number].links.count < Self.links {
                            received[number].links.append(.init(.understood, row.value.number, row.value.name))
                        }
                    }
                    if numbers.isEmpty { row.value.notes.append("From \(words(source, outline, receipt, adapter))") }
                }
                let steps = origin.steps.map { $0 == Provenance.checking ? "put into its usual form" : $0 }
                if !steps.isEmpty { row.value.notes.append("What was done: \(steps.joined(separator: ", then "))") }
                if origin.sources.isEmpty { row.value.notes.append(isOwn ? "Stated by the adapter" : "Set by the hub") }
            }
            understood.append(row.value)
        }
        return (received + understood, texts)
    }

    /// A value of a referral or a release, and the name that the ledger may have for it; nil where there is none.
    static func row(
        _ path: String, _ leaf: Value, _ part: HiddenValue.Part, _ number: Int, _ names: ExtensionNames
    ) -> (value: HiddenValue, field: String)? {
        guard !path.hasPrefix("extension_groups"), let (field, words) = CanonicalField.named(path) else { return nil }
        let sort: HiddenValue.Sort =
            switch leaf {
            case .bool: .yesOrNo
            case .number: .number
            default: .text
            }
        let code = leaf.stringValue.flatMap { field.isOpen($0) ? $0 : nil }
        guard field == .extensions else {
            return (HiddenValue(part, number, words, sort: sort, code: code), path)
        }
        let name = names.name(at: path)
        let shown = name ?? "(name \(number + 1))"
        return (HiddenValue(part, number, "\(field.words): \(shown)", sort: sort), "extensions.\(shown)")
    }

    private static func words(
        _ source: String, _ outline: SourceOutline?, _ receipt: Receipt, _ adapter: Adapter?
    ) -> String {
        let plain: String?
        if let outline {
            plain = outline.plain(source)
        } else {
            plain = DocumentFormat(rawValue: receipt.format).flatMap { SourceOutline.plain(source, $0, by: adapter) }
        }
        return plain ?? "a place whose name the hub does not know"
    }

    private static func count(_ referral: Referral) -> Int {
        var count = 0
        referral.value.eachLeaf { path, _ in count += path.hasPrefix("extension_groups") ? 0 : 1 }
        return count
    }

    /// Those fields that staff look for first, and that hold nothing.
    private static func missing(in referral: Referral) -> [String] {
        var given: Set<CanonicalField> = []
        referral.value.eachLeaf { path, _ in
            if let (field, _) = CanonicalField.named(path) { given.insert(field) }
        }
        let wanted: [CanonicalField] = [
            .given, .family, .dob, .sex, .language, .phone, .email, .identifierValue, .addressLines, .postcode, .reason,
            .needs, .urgency, .consentKnown, .consentAgreed, .referrerName, .referrerOrganisation,
        ]
        return wanted.filter { !given.contains($0) }.map(\.words)
    }

    // MARK: As sent

    private func shares(aboutReferral id: UUIDValue) async throws -> [ShareReview] {
        let shares = try await installation.database.read { [store = installation.store] connection in
            try store.shares(aboutReferral: id, limit: Self.shares, in: connection)
        }
        return shares.map {
            ShareReview($0, recipient: sharing.name(of: $0.request.recipient), obligations: [], answers: [])
        }
    }

    // MARK: One value

    /// Enters that one value is about to be shown, and why.
    func enter(_ reveal: Reveal, by open: StaffSessions.Open) async throws -> Entry {
        do {
            try await installation.database.transaction { [store = installation.store] connection in
                try store.enter(reveal, by: open.principal.id, in: connection)
            }
            return .entered
        } catch SQLState.uniqueViolation {
            return .before
        } catch CaseStoreError.keyDestroyed {
            return .gone
        } catch CaseStoreError.documentDestroyed {
            return .gone
        }
    }

    /// Whether a value may be shown now.
    enum Entry {
        case entered
        /// The same page has asked before: it is shown once.
        case before
        /// It was destroyed since it was read.
        case gone
    }
}

extension DocumentFormat {
    /// The format as staff say it.
    fileprivate var words: String {
        switch self {
        case .json: "JSON"
        case .hl7v2: "HL7 v2"
        case .fhir: "FHIR"
        case .xml: "XML"
        case .csv: "a table"
        case .pdf: "PDF"
        }
    }
}

extension Value {
    /// What a leaf says.
    var plainText: String {
        if let flag = boolValue { return flag ? "yes" : "no" }
        return textValue ?? ""
    }
}
