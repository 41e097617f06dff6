import Referral

/// The names of parts of documents that are known to be names: those that an adapter's mappings look for, and those of the
/// format. Any other may have been made up by a sender, or be the first row of a table without headings, and say anything.
struct SourceVocabulary: Sendable {
    /// As ``CSVTable/fold(_:)`` has them.
    private let names: Set<String>

    /// What is known of documents that came by some ways in.
    init(_ ways: [Inbound], of adapter: Adapter?, _ format: DocumentFormat) {
        var names = Set(Self.common(format).map(CSVTable.fold))
        for way in ways {
            if way.mapping.startsFromDocument { names.formUnion(Self.envelope) }
            for (name, others) in way.mapping.words.columns { names.formUnion(([name] + others).map(CSVTable.fold)) }
        }
        if let adapter, let slash = adapter.folder.lastIndex(of: "/") {
            var read: Set<String> = []
            for way in ways {
                names.formUnion(Self.words(way.mappingFile, in: String(adapter.folder[..<slash]), &read))
            }
        }
        self.names = names
    }

    /// What is known of documents of an adapter, whatever their format, with some names besides.
    init(of adapter: Adapter?, and others: [String]) {
        names = SourceVocabulary(adapter?.inbound ?? [], of: adapter, .json).names.union(others.map(CSVTable.fold))
    }

    /// Whether a name may be shown as it is.
    func knows(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(Self.isPlain) && names.contains(CSVTable.fold(name))
    }

    /// Whether every name of a path such as `a.b[0]` may be shown. A number is a position in brackets only: elsewhere it is a
    /// name like any other, and may be somebody's number.
    func knowsPath(_ path: some StringProtocol, separator: Character) -> Bool {
        path.split(separator: separator, omittingEmptySubsequences: false).enumerated().allSatisfy { number, step in
            let parts = step.split(separator: "[", omittingEmptySubsequences: false)
            let positions = parts.dropFirst()
            guard positions.allSatisfy({ $0.last == "]" && Self.isIndex($0.dropLast()) }) else { return false }
            // A list at the root of a document has no name.
            return knows(String(parts[0])) || (number == 0 && parts[0].isEmpty && !positions.isEmpty)
        }
    }

    /// Whether a text is a position: of few digits, so that none of anybody's numbers is one.
    static func isIndex(_ text: some StringProtocol) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && (text.utf8.count == 1 || text.utf8.first != 0x30)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "_-. ".utf8.contains(byte)
        }
    }

    /// Every word of a mapping file, and of those that it extends, without its remarks.
    private static func words(_ file: String, in folder: String, _ read: inout Set<String>) -> Set<String> {
        guard read.count < 32, read.insert(file).inserted, let bytes = AdapterFiles.bytes("\(folder)/\(file)") else {
            return []
        }
        var words: Set<String> = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let said = line.hasPrefix("#") ? "" : line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line
            if said.hasPrefix("extends:") {
                let base = said.dropFirst("extends:".count).filter { !$0.isWhitespace }
                words.formUnion(Self.words(base, in: folder, &read))
            }
            for word in said.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }) {
                words.insert(CSVTable.fold(String(word)))
            }
        }
        return words
    }

    private static let envelope = Set(
        CanonicalField.allCases.flatMap { $0.rawValue.split(separator: ".") }.map { CSVTable.fold(String($0)) })

    private static func common(_ format: DocumentFormat) -> [String] {
        switch format {
        case .fhir: fhir
        case .json, .hl7v2, .xml, .csv, .pdf: []
        }
    }

    /// Elements of FHIR R4 that the resources of a referral are made of.
    private static let fhir = """
        resourceType id meta lastUpdated versionId profile language text status div contained extension url valueString \
        valueCode valueBoolean valueDateTime valueReference valueCoding valueCodeableConcept valueIdentifier identifier use \
        system value type coding code display version userSelected period start end assigner active name prefix given \
        family suffix telecom rank gender birthDate deceasedBoolean deceasedDateTime address line city district state \
        postalCode country maritalStatus contact relationship organization generalPractitioner managingOrganization \
        communication preferred link other entry fullUrl resource request response method timestamp total eventCoding \
        eventUri source endpoint destination receiver sender author responsible focus reason intent priority category \
        subject encounter occurrenceDateTime occurrencePeriod authoredOn requester performer performerType reasonCode \
        reasonReference supportingInfo note authorString authorReference time basedOn replaces requisition description \
        for owner lastModified businessStatus statusReason executionPeriod clinicalStatus verificationStatus severity \
        bodySite onsetDateTime recordedDate recorder asserter stage evidence date title custodian event section \
        confidentiality attester mode party relatesTo masterIdentifier docStatus content attachment contentType data size \
        hash creation format context practitioner specialty location healthcareService participant actor required \
        reference param definition software consent scope dateTime policyRule
        """.split(separator: " ").map(String.init)
}
