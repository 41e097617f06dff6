import Disclosure
import Foundation
import Referral
import Testing
import Yams

@Suite struct CaseFileTests {
    /// A case in the form of section 15, as a test changes it.
    private static let share: Value = [
        "id": "T1", "title": "GP named on a live agreement", "at": "2026-03-02T10:00:00Z",
        "subject": ["age": 58],
        "agreements": [
            [
                "id": "A1", "signed_on": "2025-09-01", "signed_by": "subject",
                "scope": [["recipient": "gp", "purposes": ["care_support"], "groups": ["NAME", "NEEDS"]]],
            ]
        ],
        "request": [
            "recipient": "gp", "purpose": "care_support", "level": "identifiable", "groups": ["NAME", "NEEDS"],
            "channel": "mesh",
        ],
        "expect": [
            "decision": "PERMIT", "reason": "permitted", "level": "identifiable", "groups": ["NEEDS", "NAME"],
            "obligations": ["track_for_notices", "log"],
        ],
    ]

    private func run(_ change: (inout Value) -> Void) -> CaseResult {
        var share = Self.share
        change(&share)
        return CaseFile.run(["version": 1, "cases": [share]])[0]
    }

    @Test func `a case that comes out as expected passes`() {
        let result = run { _ in }
        #expect(result.passed)
        #expect(result.line == "passed  T1  PERMIT permitted")
    }

    @Test func `each key that differs is named with what was expected and what came`() {
        let result = run {
            $0["expect"]?["reason"] = "no_agreement"
            $0["expect"]?["groups"] = ["NAME"]
        }
        #expect(!result.passed)
        #expect(
            result.line
                == "FAILED  T1  reason: expected no_agreement, got permitted; groups: expected NAME, got NAME NEEDS")
    }

    @Test func `lists compare as sets`() {
        let result = run { $0["expect"]?["groups"] = ["NAME", "NEEDS", "NAME"] }
        #expect(result.passed)
    }

    @Test(arguments: [
        "colour", "subject.colour", "agreements[0].colour", "agreements[0].scope[0].colour", "request.colour",
        "expect.colour",
    ])
    func `a key that nobody knows is an error of its case`(_ path: String) {
        let result = run { share in
            switch path.split(separator: ".").count {
            case 1: share["colour"] = "red"
            default: share = Self.setting(share, path.split(separator: ".").map(String.init)[...])
            }
        }
        #expect(result.differences.map(\.key).contains { $0.hasSuffix("colour") })
    }

    /// The value with `red` at a path of keys and indices.
    private static func setting(_ value: Value, _ path: ArraySlice<String>) -> Value {
        guard let step = path.first else { return "red" }
        var value = value
        let parts = step.split(separator: "[")
        let key = String(parts[0])
        if parts.count == 2, var elements = value[key]?.arrayValue {
            elements[0] = setting(elements[0], path.dropFirst())
            value[key] = .array(elements)
        } else {
            value[key] = setting(value[key] ?? [:], path.dropFirst())
        }
        return value
    }

    private static let unreadable: [(String, Value)] = [
        ("at", Value.string("yesterday")), ("subject.age", "old"), ("subject.relation", "neighbour"),
        ("subject.deceased_on", "2026-13-01"), ("subject.objections", ["everything"]), ("subject.erasure", "perhaps"),
        ("subject.legal_hold", "yes"), ("request.groups", ["NAME", "SHOE_SIZE"]), ("request.live", 1),
        ("agreements[0].signed_on", .null), ("agreements[0].signed_by", "neighbour"), ("agreements[0].expires", "soon"),
        ("agreements[0].scope[0].about", "everybody"), ("stage", "later"),
    ]

    @Test(arguments: unreadable)
    func `a value that is not understood refuses`(_ path: String, _ value: Value) {
        let result = run { share in
            share["expect"] = ["decision": "DENY", "reason": "evaluation_error"]
            share = Self.replacing(share, path.split(separator: ".").map(String.init)[...], value)
        }
        #expect(result.passed, "\(result.line)")
    }

    private static func replacing(_ value: Value, _ path: ArraySlice<String>, _ new: Value) -> Value {
        guard let step = path.first else { return new }
        var value = value
        let parts = step.split(separator: "[")
        let key = String(parts[0])
        if parts.count == 2, var elements = value[key]?.arrayValue {
            elements[0] = replacing(elements[0], path.dropFirst(), new)
            value[key] = .array(elements)
        } else {
            value[key] = replacing(value[key] ?? [:], path.dropFirst(), new)
        }
        return value
    }

    private static let reasons: [(String, Value, String)] = [
        ("request.recipient", Value.null, "recipient_not_listed"), ("request.purpose", .null, "purpose_missing"),
        ("request.purpose", "gossip", "purpose_unknown"), ("request.level", .null, "level_unknown"),
        ("request.channel", "pigeon", "channel_insecure"),
        ("request.recipient_channels", ["sftp"], "channel_not_configured"),
        ("decision_use", "automated", "automated_decision_never"), ("decision_use", true, "automated_decision_never"),
        ("agreements", .array([]), "no_agreement"), ("agreements[0].signed_by", .null, "signatory_authority_missing"),
    ]

    @Test(arguments: reasons)
    func `a missing or unknown word of the request has a reason of its own`(
        _ path: String, _ value: Value, _ reason: String
    ) {
        let result = run { share in
            share["expect"] = ["decision": "DENY", "reason": .string(reason)]
            share = Self.replacing(share, path.split(separator: ".").map(String.init)[...], value)
        }
        #expect(result.passed, "\(result.line)")
    }

    @Test func `the queue is judged at send`() {
        let result = run {
            $0["stage"] = "send"
            $0["queued_at"] = "2026-03-01T10:00:00Z"
            $0["agreements"] =
                Self.replacing($0, ["agreements[0]", "revoked_at"], "2026-03-02T09:00:00+00:00")["agreements"]
            $0["expect"] = ["decision": "DENY", "reason": "agreement_revoked", "queue": "cancel"]
        }
        #expect(result.passed, "\(result.line)")
    }

    @Test func `a case without an expectation, and a file without cases, fail`() {
        #expect(run { $0["expect"] = nil }.passed == false)
        #expect(run { $0["expect"] = "PERMIT" }.passed == false)
        for file in [Value.null, .object([:]), ["version": 2, "cases": .array([])], ["cases": "none"]] {
            let results = CaseFile.run(file)
            #expect(results.count == 1)
            #expect(CaseResult.closing(results) == "0 passed, 1 failed")
        }
        let text = CaseFile.run(["cases": ["a case"]])
        #expect(text.map(\.passed) == [false])
    }

    @Test func `a case is explained by its id`() throws {
        let file: Value = ["cases": [Self.share]]
        let text = try #require(CaseFile.explain("T1", in: file))
        #expect(text.hasPrefix("PERMIT permitted\nThe GP surgery asked for facts about you. It is for your care."))
        #expect(text.contains("no_agreement"))
        #expect(CaseFile.explain("T2", in: file) == nil)
    }

    @Test func `a case may narrow the purposes in use, and never widen them`() {
        let narrowed = run {
            $0["purposes_in_use"] = ["emergency"]
            $0["expect"] = ["decision": "DENY", "reason": "purpose_not_enabled"]
        }
        #expect(narrowed.passed, "\(narrowed.line)")
        var rules = PolicyRules.notice
        rules.enabledPurposes = []
        var share = Self.share
        share["purposes_in_use"] = ["care_support"]
        share["expect"] = ["decision": "DENY", "reason": "purpose_not_enabled"]
        #expect(CaseFile.run(["cases": [share]], rules: rules).map(\.passed) == [true])
    }

    @Test func `the notice's cases pass, and reach every reason and every row of the matrix`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../Commands/notice-1-cases.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let results = CaseFile.run(YAMLCases.value(try #require(try Yams.compose(yaml: text))))
        for result in results { #expect(result.passed, "\(result.line)") }
        #expect(Set(results.map(\.id)).count == results.count)
        let decisions = results.compactMap(\.decision)
        #expect(Set(decisions.map(\.reason)) == Set(ReasonCode.allCases))
        let rows = Set(
            decisions.filter(\.outcome.releases).map {
                "\($0.purpose?.rawValue ?? "none") \($0.level?.rawValue ?? "none")"
            })
        #expect(rows == Set(PolicyRules.notice.matrix.map { "\($0.purpose.rawValue) \($0.level.rawValue)" }))
    }

    @Test(.enabled(if: SharedCases.path != nil, "HUB_SAMPLES does not lead to a file of shared cases"))
    func `the shared cases pass`() throws {
        let path = try #require(SharedCases.path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let results = CaseFile.run(YAMLCases.value(try #require(try Yams.compose(yaml: text))))
        #expect(results.count >= 40)
        for result in results { #expect(result.passed, "\(result.line)") }
    }
}

/// The cases that come with the policy and are not part of this repository.
private enum SharedCases {
    static let path: String? = {
        guard let samples = ProcessInfo.processInfo.environment["HUB_SAMPLES"] else { return nil }
        let path = "\(samples)/../standards/disclosure-cases.yaml"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
}

/// YAML as the cases are written in it.
private enum YAMLCases {
    static func value(_ node: Node) -> Value {
        switch node {
        case .mapping(let mapping): .object(Object(mapping.map { ($0.key.string ?? "", value($0.value)) }))
        case .sequence(let sequence): .array(sequence.map(value))
        case .scalar(let scalar):
            if node.null != nil {
                .null
            } else if let flag = node.bool {
                .bool(flag)
            } else if node.int != nil {
                .number(scalar.string)
            } else {
                .string(scalar.string)
            }
        case .alias: .null
        }
    }
}
