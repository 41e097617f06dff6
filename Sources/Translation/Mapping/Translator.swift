package import Referral

/// Reads a partner's documents into the canonical model. Never throws and never traps: what cannot be read is a rejected result.
package struct Translator: Sendable {
    private let adapter: Adapter
    private let inbound: Inbound
    private let environment: HubEnvironment
    private let now: Instant
    private let partner: String?
    private let byNHS: Bool

    /// A translator for one way in.
    ///
    /// - Parameters:
    ///   - inbound: The way in by which a document came. A message of a type that it does not take goes to another of the
    ///     adapter's ways in with the same channel and format, so that a batch may hold several types.
    ///   - now: When the document was received.
    ///   - partner: The authenticated sender. Defaults to the adapter's own partner; nobody where the adapter is of a format.
    ///   - byNHS: Whether that sender is an NHS body. Defaults to what the adapter's kind says.
    package init(
        adapter: Adapter, inbound: Inbound, environment: HubEnvironment, now: Instant, partner: String? = nil,
        byNHS: Bool? = nil
    ) {
        self.adapter = adapter
        self.inbound = inbound
        self.environment = environment
        self.now = now
        self.partner = partner ?? (adapter.kind == .format ? nil : adapter.id)
        self.byNHS = byNHS ?? adapter.kind.isNHS
    }

    /// One result for each document found: each message of a batch, each row of a table, each part of a document (`each`).
    package func translate(_ bytes: [UInt8]) -> [Translated] {
        parts(of: bytes).enumerated().map { index, part in
            switch part {
            case .refused(let finding): .rejected(finding, index)
            case .taken(let scope, let way): translate(scope, way, index)
            }
        }
    }

    /// The contents of the attachments that stayed in their document (claim check), of all results that ``translate(_:)``
    /// gave for the same bytes: those whose content may be kept, in their order.
    package func contents(of results: [Translated], in bytes: [UInt8]) -> [AttachmentContent] {
        let wanted = results.flatMap { result in
            (result.referral?.attachments ?? []).compactMap { attachment -> (index: Int, path: String)? in
                guard case .document(let path)? = attachment.content else { return nil }
                return (result.index, path)
            }
        }
        guard !wanted.isEmpty else { return [] }
        let parts = parts(of: bytes)
        return Dictionary(grouping: wanted, by: \.index).sorted { $0.key < $1.key }.flatMap {
            index, wanted -> [AttachmentContent] in
            guard parts.indices.contains(index), case .taken(let scope, let way) = parts[index] else { return [] }
            let envelope = way.mapping.apply(scope).envelope
            return wanted.compactMap { _, path in
                AttachmentCheck.content(at: path, in: envelope).map {
                    AttachmentContent(result: index, path: path, bytes: $0)
                }
            }
        }
    }

    /// What a result is made of, or why there is none.
    enum Part {
        case refused(Finding)
        case taken(Scope, Inbound)
    }

    private func parts(of bytes: [UInt8]) -> [Part] {
        SourceDocument.all(in: bytes, inbound.format, inbound.limits).flatMap { document -> [Part] in
            switch document {
            case .success(let document): parts(of: document)
            case .failure(let error): [.refused(error.finding)]
            }
        }
    }

    func parts(of document: Item) -> [Part] {
        let type = SourceDocument.type(of: document, inbound.format)
        let ways = [inbound] + adapter.inbound.filter { $0.channel == inbound.channel && $0.format == inbound.format }
        guard let way = ways.first(where: { $0.takes(type) }) else {
            return [.refused(Finding(.notForUs, at: typePath, "messages of this type are not taken"))]
        }
        if case .message(let message) = document.node, message.segments(named: "PID").count > 1 {
            // Whose the numbers in it are cannot be told.
            return [.refused(Finding(.schema, at: "PID(2)", "the message is about more than one person"))]
        }
        var evaluation = Evaluation()
        let scope = Scope(document)
        if let condition = way.notForUs, evaluation.holds(condition, scope) {
            let place = document.place.text
            return [.refused(Finding(.notForUs, at: place, "this kind of document is not for this team"))]
        }
        guard let each = way.each else { return [.taken(scope, way)] }
        let items = evaluation.items(each, scope, for: .document)
        if items.isEmpty {
            let place = document.place.text
            return [.refused(Finding(.missing, at: place, "nothing is in it that a referral could be made of"))]
        }
        return items.enumerated().map { .taken(scope.within($1, index: $0 + 1), way) }
    }

    private func translate(_ scope: Scope, _ way: Inbound, _ index: Int) -> Translated {
        let reply = way.reply?.read(scope)
        if way.isReplyOnly {
            guard let reply else {
                return .rejected(Finding(.missing, at: "", "it names no share that it answers"), index)
            }
            let warnings = reply.finding.map { [$0] } ?? []
            return Translated(index: index, status: .accepted, warnings: warnings, errors: [], reply: reply)
        }
        let mapped = way.mapping.apply(scope)
        var reading = ReferralReader.read(
            mapped.envelope, sentBy: partner, byNHS: byNHS, now: now, environment: environment,
            carrier: way.mapping.startsFromDocument ? .envelope : .translated, groups: adapter.extensions.declared)
        if var attachments = reading.referral?.attachments, !attachments.isEmpty {
            reading.errors += AttachmentCheck.run(&attachments, in: mapped.envelope)
            reading.referral?.attachments = attachments
            if reading.status == .accepted && !reading.errors.isEmpty { reading.status = .incomplete }
        }
        var translated = Translated(reading, mapped.raised, index)
        translated.source = .init(mapped: mapped, isOfEnvelope: way.mapping.startsFromDocument)
        translated.reply = reply
        if let finding = reply?.finding { translated.warnings.append(finding) }
        return translated
    }

    private var typePath: String {
        switch inbound.format {
        case .hl7v2: "MSH-9"
        case .fhir: "MessageHeader.eventCoding"
        case .json: "type"
        case .xml, .csv, .pdf: ""
        }
    }
}

/// The content of an attachment, undone from the text of its document.
package struct AttachmentContent: Sendable, Hashable {
    /// ``Translated/index`` of the referral.
    package var result: Int
    /// Where in the document it stands: ``Attachment/Content/document(path:)``.
    package var path: String
    package var bytes: [UInt8]

    package init(result: Int, path: String, bytes: [UInt8]) {
        self.result = result
        self.path = path
        self.bytes = bytes
    }
}

/// What became of one document.
package struct Translated: Sendable, Hashable {
    /// Its place among the documents that arrived together, from 0.
    package var index: Int
    package var status: ReferralReading.Status
    /// What was understood; nil when the document could not be read at all, or is a reply about no person.
    package var referral: Referral?
    package var warnings: [Finding]
    /// Empty exactly when the status is accepted.
    package var errors: [Finding]
    /// What it says about a share that its sender was given.
    package var reply: ShareReply?
    /// What the mapping found, of which ``provenance`` is made.
    fileprivate var source: Source?

    /// What a mapping made. No two are compared: they follow from the document.
    fileprivate struct Source: Sendable, Hashable {
        var mapped: Mapping.Mapped
        var isOfEnvelope: Bool

        static func == (left: Source, right: Source) -> Bool { true }
        func hash(into hasher: inout Hasher) {}
    }

    /// Where each value of the referral came from; nil when nothing was understood.
    package var provenance: Provenance? {
        guard let referral, let source else { return nil }
        return Provenance(
            source.mapped.found, mapped: source.mapped.envelope, referral: referral, isOfEnvelope: source.isOfEnvelope)
    }

    /// The line of `hub translate`, without the file: index, status, referral, warnings, errors.
    package var line: Value {
        var line: Value = ["index": .number(String(index)), "status": .string(status.rawValue)]
        if let referral { line["referral"] = referral.value }
        if let reply { line["reply"] = reply.value }
        line["warnings"] = .array(warnings.map(\.value))
        line["errors"] = .array(errors.map(\.value))
        return line
    }
}

extension Translated {
    /// A document that could not be read or is not taken.
    package static func rejected(_ finding: Finding, _ index: Int) -> Translated {
        Translated(index: index, status: .rejected, referral: nil, warnings: [], errors: [finding])
    }

    /// Puts together what the mapping and the validation found. Where both found the same, the mapping's words stay, since
    /// they name the place in the partner's own document.
    fileprivate init(_ reading: ReferralReading, _ raised: [Evaluation.Raised], _ index: Int) {
        // A text of a list is told under the list's name.
        let told = Set(raised.map { [$0.target, $0.finding.code.rawValue] })
        func untold(_ findings: [Finding]) -> [Finding] {
            findings.filter { finding in
                let list = String(finding.path.prefix { $0 != "[" })
                return !told.contains([finding.path, finding.code.rawValue])
                    && !(finding.path.hasSuffix("]") && told.contains([list, finding.code.rawValue]))
            }
        }
        self.index = index
        referral = reading.referral
        warnings = raised.filter { !$0.isError }.map(\.finding) + untold(reading.warnings)
        errors = raised.filter(\.isError).map(\.finding) + untold(reading.errors)
        status = reading.status == .accepted && !errors.isEmpty ? .incomplete : reading.status
        // A reading's own error may have been told by the mapping as a warning; the status rests on it all the same.
        if status != .accepted, errors.isEmpty { errors = reading.errors }
    }
}
