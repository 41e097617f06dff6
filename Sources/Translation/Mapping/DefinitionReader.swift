import Referral
import Yams

/// Reads `adapter.yaml` with every mistake noted and none stopping the rest.
struct DefinitionReader: DiagnosingReader {
    /// The adapters folder.
    let folder: String
    /// What all adapters may name.
    let shared: SharedDefinitions
    let file: DefinitionFile
    var diagnostics: [AdapterDiagnostic] = []

    /// Nil, with a diagnostic, when the file cannot be read.
    init?(_ id: String, in folder: String, _ shared: SharedDefinitions, _ diagnostics: inout [AdapterDiagnostic]) {
        guard let file = DefinitionFile.read("\(id)/adapter.yaml", in: folder, &diagnostics) else { return nil }
        self.folder = folder
        self.shared = shared
        self.file = file
    }

    /// The adapter; nil when it lacks what it cannot be without.
    mutating func adapter(_ folderName: String) -> Adapter? {
        let root = file.root
        known(root, "", ["id", "name", "kind", "ods", "codes", "inbound", "outbound", "samples_read_at"])
        let name = text(root, "name", "")
        let kind: AdapterKind? = choice(root, "kind", "")
        let id = text(root, "id", "") ?? folderName
        if id != folderName {
            note(root.member("id"), "id", "the folder is named '\(folderName)'", "give both the same name")
        }
        if id.count < 2 || id.count > 40 || !id.allSatisfy({ $0.isASCIIDigit || $0 == "_" || ("a"..."z").contains($0) })
        {
            note(root.member("id"), "id", "'\(id)' is not an id", "use 2 to 40 lower-case letters, digits and '_'")
        }
        var tables = shared.tables
        for (table, node, keyNode) in root.member("codes")?.members ?? [] {
            if let own = codeTable(node, "codes.\(table)", keyNode) { tables[table] = own }
        }
        let ods = root.member("ods")?.texts ?? []
        let recognition = kind == .format ? nil : Recognition(id: id, ods: ods)
        let inbound = elements(root, "inbound").compactMap {
            self.inbound($0.node, $0.key, folderName, tables, recognition)
        }
        let outbound = elements(root, "outbound").compactMap { self.outbound($0.node, $0.key, folderName, tables) }
        if inbound.isEmpty, outbound.isEmpty {
            note(root, "", "nothing comes in and nothing goes out", "describe 'inbound' or 'outbound'")
        }
        guard let name, let kind else { return nil }
        return Adapter(
            id: id, name: name, kind: kind, ods: ods, inbound: inbound, outbound: outbound,
            folder: "\(folder)/\(folderName)",
            samplesReadAt: instant(root, "samples_read_at") ?? Adapter.usualSampleTime, extensions: shared.extensions)
    }

    private mutating func inbound(
        _ node: Node, _ path: String, _ own: String, _ tables: [String: CodeTable], _ recognition: Recognition?
    ) -> Inbound? {
        known(
            node, path,
            [
                "channel", "format", "takes", "mapping", "each", "acknowledgement", "limits", "recognise", "not_for_us",
                "reply",
            ])
        let channel: Inbound.Channel? = choice(node, "channel", path)
        guard let format: DocumentFormat = choice(node, "format", path), let name = text(node, "mapping", path) else {
            return nil
        }
        if format == .pdf { note(node.member("format"), "\(path).format", "a PDF is not read", "name another format") }
        var compiler = MappingCompiler(folder: folder, tables: tables, extensions: shared.extensions)
        let isReplyOnly = name == ReplyReading.only
        let mappingFile = name == MappingCompiler.envelope || isReplyOnly ? name : "\(own)/\(name)"
        let mapping = isReplyOnly ? nil : compiler.compile(mappingFile, format)
        diagnostics += compiler.diagnostics
        if isReplyOnly, node.member("reply") == nil {
            note(
                node, "\(path).reply", "it is missing",
                "say where the share and the verdict stand: reply: { share: …, verdict: … }")
        }
        let usual: Inbound.Acknowledgement = format == .hl7v2 ? .hl7 : format == .fhir ? .bars : .receipt
        var grammar = PathGrammar(format)
        grammar.names = mapping?.words.names ?? [:]
        grammar.columns = mapping?.words.columns ?? [:]
        let dialect = ExpressionParser.Dialect(grammar: grammar, tables: tables)
        return Inbound(
            channel: channel ?? .https, format: format, takes: list(node, "takes", path),
            acknowledgement: choice(node, "acknowledgement", path, usual) ?? usual,
            limits: limits(node.member("limits"), "\(path).limits", format), mappingFile: mappingFile,
            mapping: mapping ?? Mapping(), each: expression(node, "each", path, dialect),
            recognises: condition(node, "recognise", path, dialect) ?? recognition?.condition(format),
            notForUs: condition(node, "not_for_us", path, dialect), reply: reply(node.member("reply"), path, dialect))
    }

    private mutating func reply(_ node: Node?, _ path: String, _ dialect: ExpressionParser.Dialect) -> ReplyReading? {
        guard let node else { return nil }
        let path = "\(path).reply"
        known(node, path, ["share", "verdict", "code"])
        for key in ["share", "verdict"] { _ = text(node, key, path) }
        guard let share = expression(node, "share", path, dialect),
            let verdict = expression(node, "verdict", path, dialect)
        else { return nil }
        return ReplyReading(share: share, verdict: verdict, code: expression(node, "code", path, dialect))
    }

    private mutating func outbound(
        _ node: Node, _ path: String, _ own: String, _ tables: [String: CodeTable]
    ) -> Outbound? {
        known(
            node, path,
            [
                "content", "purpose", "channel", "format", "media_type", "shape", "acknowledgement",
                "acknowledge_within", "batch", "repeats", "retry", "per_second", "deadline", "propose_for", "workflow",
                "documents", "to", "subject",
            ])
        let channel: Outbound.Channel? = choice(node, "channel", path)
        if channel == .mesh, node.member("workflow") == nil {
            note(node, "\(path).workflow", "MESH needs a workflow", "give the name that the configuration has for it")
        }
        let content: Outbound.Content? = choice(node, "content", path, .document)
        if content == .extract { return extract(node, path, by: channel) }
        guard let purpose = text(node, "purpose", path), let channel,
            let format: DocumentFormat = choice(node, "format", path),
            let shapeName = text(node, "shape", path)
        else { return nil }
        if ExtractPackage.purposes.contains(purpose) {
            note(
                node.member("purpose"), "\(path).purpose", "'\(purpose)' is for extracts only",
                "write 'content: extract', without a shape")
        }
        let shapeFile = "\(own)/\(shapeName)"
        let documents = documents(node, path, own, tables)
        let shape = self.shape(shapeFile, format, tables, documents: Set(documents.map(\.name)))
        let dialect = ExpressionParser.Dialect(
            grammar: PathGrammar(releaseWith: shared.extensions), tables: tables)
        var outbound = delivery(node, path, purpose, channel, format, shape)
        outbound.shapeFile = shapeFile
        outbound.proposedFor = needs(node, "propose_for", path)
        outbound.documents = documents
        outbound.to = expression(node, "to", path, dialect)
        outbound.subject = expression(node, "subject", path, dialect)
        outbound.batch = batch(node, path, outbound)
        if channel == .nfiWeb, format != .csv || outbound.acknowledgement != .manual {
            note(
                node.member("channel"), "\(path).channel", "'nfi_web' is a table that a person hands in",
                "write format: csv and acknowledgement: manual, or name another channel")
        }
        return outbound
    }

    /// What any way out says about how it is delivered.
    private mutating func delivery(
        _ node: Node, _ path: String, _ purpose: String, _ channel: Outbound.Channel, _ format: DocumentFormat,
        _ shape: Shape
    ) -> Outbound {
        let usual: Outbound.Acknowledgement = channel == .mesh ? .meshTracking : .transport
        let acknowledgement = choice(node, "acknowledgement", path, usual) ?? usual
        if acknowledgement == .response, channel != .httpsMTLS || format != .xml {
            note(
                node, "\(path).acknowledgement", "a response is told only in a conversation by GovTalk",
                "send xml by https_mtls, or await something else")
        }
        if format == .fhir, channel != .httpsMTLS {
            note(
                node, "\(path).channel", "FHIR leaves as a message of the Booking and Referral Standard",
                "send it by https_mtls, or send another format")
        }
        return Outbound(
            purpose: purpose, channel: channel, format: format,
            mediaType: node.member("media_type")?.scalarText ?? format.mediaType,
            acknowledgement: acknowledgement,
            acknowledgedWithin: duration(node, "acknowledge_within", path) ?? .seconds(5 * 86_400),
            repeats: choice(node, "repeats", path, .recognised) ?? .recognised,
            retry: retry(node.member("retry"), "\(path).retry"),
            perSecond: number(node, "per_second", path) ?? 5,
            deadline: duration(node, "deadline", path) ?? .seconds(72 * 3600), proposedFor: [],
            workflow: node.member("workflow")?.scalarText, shapeFile: "", shape: shape)
    }

    /// A way out for extracts: their files are made by the hub and are about many persons, so that nothing that says what a
    /// document about one person holds, or when one is proposed, has a meaning.
    private mutating func extract(_ node: Node, _ path: String, by channel: Outbound.Channel?) -> Outbound? {
        for key in ["format", "shape", "documents", "to", "subject", "propose_for", "batch"]
        where node.member(key) != nil {
            note(
                node.member(key), "\(path).\(key)", "an extract has none: the hub makes its files", "leave it out")
        }
        if let channel, [.mllp, .nfiWeb, .portal].contains(channel) {
            note(
                node.member("channel"), "\(path).channel", "'\(channel.rawValue)' carries no files of an extract",
                "name another channel")
        }
        for acknowledgement in ["hl7", "reply"] where node.member("acknowledgement")?.scalarText == acknowledgement {
            note(
                node.member("acknowledgement"), "\(path).acknowledgement",
                "'\(acknowledgement)' answers a document about one person",
                "use one of transport, mesh_tracking, fetched, manual")
        }
        guard let purpose = text(node, "purpose", path), let channel else { return nil }
        guard ExtractPackage.purposes.contains(purpose) else {
            note(
                node.member("purpose"), "\(path).purpose", "no extracts are made for '\(purpose)'",
                Suggestion.remedy(for: purpose, among: ExtractPackage.purposes.sorted()))
            return nil
        }
        var outbound = delivery(node, path, purpose, channel, .csv, Shape())
        outbound.content = .extract
        outbound.mediaType = node.member("media_type")?.scalarText ?? ExtractPackage.mediaType
        return outbound
    }

    /// When what waits leaves as one table. Whatever concerns one document alone has no place beside it.
    private mutating func batch(_ node: Node, _ path: String, _ outbound: Outbound) -> Outbound.Batch? {
        guard let value = node.member("batch") else { return nil }
        let key = "\(path).batch"
        known(value, key, ["at"])
        if outbound.channel != .sftp || outbound.format != .csv {
            note(
                value, key, "only tables that are laid down as files leave together", "use channel sftp with format csv"
            )
        }
        if ![.transport, .manual].contains(outbound.acknowledgement) {
            note(
                node.member("acknowledgement"), "\(path).acknowledgement", "a table of many is not followed for each",
                "use transport or manual")
        }
        for name in ["documents", "to", "subject"] where node.member(name) != nil {
            note(node.member(name), "\(path).\(name)", "a table of many has none", "leave it out")
        }
        if outbound.deadline < .seconds(48 * 3600) {
            note(
                node.member("deadline") ?? value, "\(path).deadline", "a document may wait for a day before it leaves",
                "give 48 h or more")
        }
        guard let text = text(value, "at", key) else { return nil }
        guard let batch = Outbound.Batch(text) else {
            note(value.member("at"), "\(key).at", "a time of day is expected", "write it like \"02:00\", in quotes")
            return nil
        }
        return batch
    }

    /// The documents that are printed for the shape to name.
    private mutating func documents(
        _ node: Node, _ path: String, _ own: String, _ tables: [String: CodeTable]
    ) -> [Outbound.Document] {
        guard let named = node.member("documents") else { return [] }
        if named.members.isEmpty { note(named, "\(path).documents", "a mapping is expected", "write { name: file }") }
        var documents: [Outbound.Document] = []
        for (name, file, keyNode) in named.members {
            guard let file = file.scalarText, !name.isEmpty, name.allSatisfy({ $0.isLetter || $0 == "_" }) else {
                note(keyNode, "\(path).documents", "a name and the file of a shape are expected")
                continue
            }
            documents.append(.init(name: name, shape: shape("\(own)/\(file)", .pdf, tables, documents: [])))
        }
        return documents
    }

    private mutating func shape(
        _ name: String, _ format: DocumentFormat, _ tables: [String: CodeTable], documents: Set<String>
    ) -> Shape {
        guard let file = DefinitionFile.read(name, in: folder, &diagnostics) else { return Shape() }
        let (shape, mistakes) = RuleCompiler.shape(
            file, format, tables: tables, extensions: shared.extensions, documents: documents)
        diagnostics += mistakes
        return shape
    }
}

extension Adapter {
    /// When samples are read, unless the adapter says otherwise.
    static let usualSampleTime = Instant(rfc3339: "2027-01-01T00:00:00Z") ?? Instant(microseconds: 0)
}

/// How a document is recognised when an adapter says nothing about it: by the sender's codes.
private struct Recognition {
    let id: String
    let ods: [String]

    func condition(_ format: DocumentFormat) -> Condition? {
        let codes = ods.map { "'\($0)'" }.joined(separator: ", ")
        let text: String? =
            switch format {
            case .hl7v2: ods.isEmpty ? nil : "MSH-4.1 = \(codes)"
            case .fhir: ods.isEmpty ? nil : "\(Self.senderCode) = \(codes)"
            case .json: "sender = '\(id)'"
            case .xml, .csv, .pdf: nil
            }
        return text.flatMap {
            try? ExpressionParser.parseCondition($0, ExpressionParser.Dialect(grammar: PathGrammar(format)))
        }
    }

    private static let senderCode =
        "entry.resource[resourceType=MessageHeader].sender->identifier[system*=ods-organization-code].value"
}

// MARK: Keys and values

extension DefinitionReader {
    /// One of a closed list of words. Without a usual one, it must be given.
    private mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: Node, _ key: String, _ path: String, _ usual: Choice? = nil
    ) -> Choice? where Choice.RawValue == String {
        if usual != nil, node.member(key) == nil { return usual }
        guard let text = text(node, key, path) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        note(
            node.member(key), path.isEmpty ? key : "\(path).\(key)", "'\(text)' is not known",
            Suggestion.remedy(for: text, among: Choice.allCases.map(\.rawValue)))
        return nil
    }

    private mutating func list(_ node: Node, _ key: String, _ path: String) -> [String] {
        guard let value = node.member(key) else { return [] }
        if let texts = value.texts { return texts }
        note(value, "\(path).\(key)", "a list of texts is expected", "write [one, two]")
        return []
    }

    /// Needs by their codes.
    private mutating func needs(_ node: Node, _ key: String, _ path: String) -> Set<NeedCode> {
        Set(
            list(node, key, path).compactMap { text in
                if let need = NeedCode(rawValue: text) { return need }
                let known = NeedCode.allCases.map(\.rawValue)
                note(
                    node.member(key), "\(path).\(key)", "'\(text)' is no need",
                    Suggestion.remedy(for: text, among: known))
                return nil
            })
    }

    private mutating func elements(_ node: Node, _ key: String) -> [(node: Node, key: String)] {
        guard let value = node.member(key) else { return [] }
        guard case .sequence(let sequence) = value else {
            note(value, key, "a list is expected", "begin each entry with '- '")
            return []
        }
        return sequence.enumerated().map { ($1, "\(key)[\($0)]") }
    }

    private mutating func condition(
        _ node: Node, _ key: String, _ path: String, _ dialect: ExpressionParser.Dialect
    ) -> Condition? {
        guard let value = node.member(key) else { return nil }
        do throws(SyntaxProblem) {
            return try ExpressionParser.parseCondition(value.scalarText ?? "", dialect)
        } catch {
            diagnostics.append(file.diagnostic(value, "\(path).\(key)", error))
            return nil
        }
    }

    private mutating func expression(
        _ node: Node, _ key: String, _ path: String, _ dialect: ExpressionParser.Dialect
    ) -> Expression? {
        guard let value = node.member(key) else { return nil }
        do throws(SyntaxProblem) {
            return try ExpressionParser.parse(value.scalarText ?? "", dialect)
        } catch {
            diagnostics.append(file.diagnostic(value, "\(path).\(key)", error))
            return nil
        }
    }

    private mutating func codeTable(_ node: Node, _ key: String, _ keyNode: Node) -> CodeTable? {
        do throws(SyntaxProblem) {
            return try CodeTable(node)
        } catch {
            diagnostics.append(file.diagnostic(keyNode, key, error))
            return nil
        }
    }

    private mutating func limits(_ node: Node?, _ path: String, _ format: DocumentFormat) -> Limits {
        var limits = format == .xml ? Limits.xml : .default
        guard let node else { return limits }
        known(node, path, ["bytes", "rows"])
        if let bytes = amount(node, "bytes", path, ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20]) { limits.bytes = bytes }
        if let rows = amount(node, "rows", path, ["": 1]) { limits.rows = rows }
        return limits
    }

    private mutating func retry(_ node: Node?, _ path: String) -> Outbound.RetrySchedule {
        var schedule = Outbound.RetrySchedule()
        guard let node else { return schedule }
        known(node, path, ["attempts", "first", "longest"])
        if let attempts = amount(node, "attempts", path, ["": 1]) { schedule.attempts = attempts }
        if let first = duration(node, "first", path) { schedule.first = first }
        if let longest = duration(node, "longest", path) { schedule.longest = longest }
        return schedule
    }

    private mutating func duration(_ node: Node, _ key: String, _ path: String) -> Duration? {
        amount(node, key, path, ["s": 1, "min": 60, "h": 3600, "d": 86_400]).map { .seconds($0) }
    }

    private mutating func number(_ node: Node, _ key: String, _ path: String) -> Double? {
        guard let value = node.member(key) else { return nil }
        if let number = Double(value.scalarText ?? ""), number > 0 { return number }
        note(value, "\(path).\(key)", "a number above 0 is expected")
        return nil
    }

    private mutating func instant(_ node: Node, _ key: String) -> Instant? {
        guard let value = node.member(key) else { return nil }
        if let instant = Instant(rfc3339: value.scalarText ?? "") { return instant }
        note(value, key, "a time is expected", "write it like 2027-01-01T00:00:00Z")
        return nil
    }

    /// A whole number above 0 with a unit.
    private mutating func amount(_ node: Node, _ key: String, _ path: String, _ units: [String: Int]) -> Int? {
        guard let value = node.member(key) else { return nil }
        let text = value.scalarText ?? ""
        let digits = text.prefix(while: \.isASCIIDigit)
        let unit = String(text.dropFirst(digits.count)).trimmed
        if let number = Int(digits), number > 0, let factor = units[unit], number <= Int.max / factor / 2 {
            return number * factor
        }
        let named = units.keys.sorted().filter { !$0.isEmpty }
        let remedy = named.isEmpty ? "" : "write a number and one of \(named.joined(separator: ", "))"
        note(value, "\(path).\(key)", named.isEmpty ? "a whole number is expected" : "an amount is expected", remedy)
        return nil
    }
}

extension CodeTable {
    /// A table of the pairs of a YAML mapping.
    init(_ node: Node) throws(SyntaxProblem) {
        var entries: [Entry] = []
        for (code, meaning, _) in node.members {
            guard let meaning = meaning.scalarText else {
                throw SyntaxProblem(
                    problem: "the meaning of '\(code)' is not a text", remedy: "write 'code: meaning' lines")
            }
            entries.append(Entry(code: code, meaning: meaning))
        }
        try self.init(entries)
    }
}
