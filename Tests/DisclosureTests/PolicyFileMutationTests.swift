import Disclosure
import Referral
import Testing

/// A file of rules that is broken in any way is refused, or permits nothing that the whole file does not.
@Suite struct PolicyFileMutationTests {
    enum Damage: CaseIterable {
        case lineLost, lineDoubled, idRenamed, datesSwapped, cutOff, wrongType, byteLost, keyRenamed
    }

    private static let lines = PolicyFileTests.withEntries.split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)

    private func damaged(_ damage: Damage, _ random: inout RandomFacts) -> String {
        var lines = Self.lines
        let line = lines.indices.filter { !lines[$0].hasPrefix("#") && !lines[$0].isEmpty }
            .randomElement(using: &random.generator)!
        switch damage {
        case .lineLost: lines.remove(at: line)
        case .lineDoubled: lines.insert(lines[line], at: line)
        case .idRenamed:
            let words = ["gp", "uhdb", "emas", "council_hctb", "NAME", "ADDRESS", "care_support", "agreement", "hmrc"]
            let word = random.pick(words)
            let places = lines.indices.filter { lines[$0].contains(word) }
            let place = random.pick(places)
            lines[place] = lines[place].replacing(word, with: word + "x", maxReplacements: 1)
        case .datesSwapped:
            let from = lines.indices.filter { lines[$0].hasPrefix("  from:") }
            let place = random.pick(from)
            let dates = (lines[place].dropFirst(8), lines[place + 1].dropFirst(9))
            (lines[place], lines[place + 1]) = ("  from: \(dates.1)", "  until: \(dates.0)")
        case .cutOff:
            let bytes = Array(lines.joined(separator: "\n").utf8)
            let end = Int.random(in: 0..<bytes.count, using: &random.generator)
            return String(decoding: bytes[..<end], as: UTF8.self)
        case .wrongType:
            let places = lines.indices.filter { lines[$0].contains(": ") && !lines[$0].hasPrefix("#") }
            let place = random.pick(places)
            let key = lines[place].prefix { $0 != ":" }
            lines[place] = "\(key): \(random.pick(["7", "true", "~", "{}", "[]", "[[]]", "'*'", "{ all: true }"]))"
        case .byteLost:
            var bytes = Array(lines[line].utf8)
            bytes.remove(at: Int.random(in: bytes.indices, using: &random.generator))
            lines[line] = String(decoding: bytes, as: UTF8.self)
        case .keyRenamed:
            let places = lines.indices.filter { lines[$0].contains(": ") && !lines[$0].hasPrefix("#") }
            let place = random.pick(places)
            lines[place] = lines[place].replacing(":", with: "s:", maxReplacements: 1)
        }
        return lines.joined(separator: "\n")
    }

    @Test(arguments: Damage.allCases)
    func `no damage to the file permits more`(_ damage: Damage) throws {
        let whole = try PolicyFile(Array(PolicyFileTests.withEntries.utf8), name: "whole").rules
        var random = RandomFacts(seed: 4711)
        let facts = (0..<1500).map { _ in random.enteredFacts() }
        let allowed = facts.map { Policy.decide($0, rules: whole, tracing: false).released }
        #expect(allowed.count { !$0.isEmpty } > 100)
        var (refused, taken) = (0, 0)
        for _ in 0..<60 {
            let text = damaged(damage, &random)
            guard let rules = try? PolicyFile(Array(text.utf8), name: "damaged").rules else {
                refused += 1
                continue
            }
            taken += 1
            guard rules != whole else { continue }
            for (facts, most) in zip(facts, allowed) {
                let released = Policy.decide(facts, rules: rules, tracing: false).released
                #expect(released.isSubset(of: most), "\(damage) permits more:\n\(text)")
            }
        }
        #expect(refused > 20 || damage == .lineLost, "\(damage): \(refused) of \(refused + taken) refused")
    }
}

extension RandomFacts {
    /// Facts of which some are about those who were entered by name.
    mutating func enteredFacts() -> DisclosureFacts {
        var facts = facts()
        guard chance(4) else { return facts }
        let id = pick(["care_provider:example_care", "hmrc", "example_university"])
        let purpose = pick([Purpose.careSupport, .fraudPrevention, .researchEvaluation])
        facts = Example.permitted(purpose)
        facts.request.recipient = id
        facts.request.dpoApproval = chance(2) ? "dpo" : nil
        facts.at = moment()
        facts.agreements = [Example.agreement("A1", signedOn: "2020-01-01", [Example.line(id, [purpose])])]
        return facts
    }
}
