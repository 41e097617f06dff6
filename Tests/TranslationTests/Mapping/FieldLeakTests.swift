import Foundation
import Referral
import TestSupport
import Testing

@testable import Translation

/// What nobody released leaves by no adapter, wherever it stood.
struct FieldLeakTests {
    /// In every text that is put in, and in no text that is not.
    private static let canary = "CANARY-4711"

    private static let adapters = AdapterFolder.loaded.0.all.filter { !$0.outbound.isEmpty }

    /// An object with unknown members in it, at every depth, and in half of all places.
    private func poisoned(_ value: Value, _ random: inout FixedRandom) -> Value {
        switch value {
        case .object(let object):
            var changed = Object()
            for (key, member) in object { changed[key] = poisoned(member, &random) }
            if Bool.random(using: &random) {
                changed["unknown_\(Int.random(in: 0...99, using: &random))"] = secret(&random)
            }
            return .object(changed)
        case .array(let elements): return .array(elements.map { poisoned($0, &random) })
        default: return value
        }
    }

    private func secret(_ random: inout FixedRandom) -> Value {
        let text = Value.string(Self.canary)
        return switch Int.random(in: 0..<4, using: &random) {
        case 0: text
        case 1: .array([text, text])
        case 2: ["type": "nhs_number", "value": text, "family": text]
        default: ["needs": [text], "person": ["family": text, "inner": [["detail": text]]]]
        }
    }

    @Test(arguments: adapters.map(\.id))
    func `unknown members of a release, at any depth, change nothing of what is sent`(id: String) throws {
        let adapter = try #require(AdapterFolder.loaded.0[id])
        var random = FixedRandom(seed: 1)
        var rounds = 0
        for sample in Sample.all(of: adapter, "out") {
            let release = try StrictJSON.parse(sample.bytes)
            let outbound = try #require(adapter.outbound(forRelease: release))
            let renderer = Renderer(adapter: adapter, outbound: outbound)
            let clean = try renderer.render(release).bytes
            for _ in 0..<200 {
                let bytes = try renderer.render(poisoned(release, &random)).bytes
                #expect(bytes == clean)
                rounds += 1
            }
        }
        #expect(rounds > 0)
    }

    @Test func `unknown members of a document, at any depth, leave by no adapter`() throws {
        let senders = AdapterFolder.loaded.0.all.filter { $0.inbound.contains { $0.format == .json } }
        var random = FixedRandom(seed: 2)
        var (documents, renderings) = (0, 0)
        for sender in senders {
            for sample in Sample.all(of: sender, "in") {
                guard let document = try? StrictJSON.parse(sample.bytes) else { continue }
                for _ in 0..<10 {
                    let bytes = StrictJSON.write(poisoned(document, &random))
                    guard let lines = SampleRunner.lines(of: bytes, sender) else { continue }
                    documents += 1
                    for line in lines.arrayValue ?? [lines] {
                        // As the store keeps it and gives it back.
                        guard let referral = line["referral"].flatMap(Referral.init(stored:)) else { continue }
                        renderings += try checkRenderings(of: referral)
                    }
                }
            }
        }
        #expect(documents > 100 && renderings > 100)
    }

    @Test func `words in fields that hold a number, a code, a date or a language leave by no adapter`() throws {
        let envelope = try #require(AdapterFolder.loaded.0["envelope"])
        let words = Value.string("4 \(Self.canary)")
        let extensions: Value = [
            "tenancy_ref": words, "tenure": words, "household_size": words, "duty_to_refer": words,
            "gp_practice": words,
            "housing_need": [words], "start_by": words, "question": words,
            "council": [
                "council_tax_ref": words, "claim_ref": words, "rent": words, "income_band": words,
                "savings_band": words,
            ],
            "crit": ["mobility": words, "communication": [words], "equipment": [words]],
            "hfsv": ["factors": [words], "clutter": words],
            "equipment": ["deliver_from": words, "deliver_until": words],
        ]
        let document: Value = [
            "message_id": "m-1", "sender": "example_church", "sent_at": "2026-11-22T09:30:00Z", "type": "referral",
            "person": [
                "family": "Example", "given": "Ann", "dob": "1948-02-03", "phone": [words], "email": words,
                "language": words, "sex": words, "visitor_gender": words, "preferred_contact": words,
                "identifiers": [
                    ["type": "nhs_number", "value": "9990000018"], ["type": "nhs_number", "value": words],
                    ["type": "nino", "value": words], ["type": "hospital_number", "value": words],
                ],
            ],
            "address": ["lines": ["1 Example Street"], "town": "Derby", "postcode": words, "uprn": words],
            "reason": "Lonely.", "needs": [words], "risks": [["code": words, "detail": words]], "urgency": words,
            "referrer": ["organisation": "Example Church", "phone": words, "email": words], "extensions": extensions,
        ]
        var renderings = 0
        for words in [document, try lists(of: document)] {
            let line = try #require(SampleRunner.lines(of: StrictJSON.write(words), envelope))
            var referral = try #require(line["referral"].flatMap(Referral.init(stored:)))
            for index in referral.extensions.indices { referral.extensions[index].group = .housing }
            #expect(referral.extensions.count > 10)
            renderings += try checkRenderings(of: referral)
        }
        #expect(renderings > 20)
    }

    /// The document with a list of objects, or of a text, in the place of each extension.
    private func lists(of document: Value) throws -> Value {
        guard case .object(var object) = document, case .object(var extensions) = object["extensions"] else {
            return document
        }
        for key in ["household_size", "duty_to_refer", "tenancy_ref", "gp_practice", "start_by"] {
            extensions[key] = [["name": .string(Self.canary)], .string("4 \(Self.canary)"), "2"]
        }
        object["extensions"] = .object(extensions)
        return .object(object)
    }

    /// Renders a referral for every partner, with every group released but the free text, and counts the renderings.
    private func checkRenderings(of referral: Referral) throws -> Int {
        let groups = Set(FieldGroup.allCases).subtracting([.notes])
        guard case .object(var release) = referral.released(groups) else { return 0 }
        release["sender"] = ["id": "derby_lac", "name": "Derby"]
        release["agreement"] = ["id": "A1", "version": "1", "signed_on": "2026-11-02"]
        var count = 0
        for adapter in Self.adapters {
            for outbound in adapter.outbound {
                release["share"] = [
                    "id": "01997f2e-6d7a-7c3b-8e4f-0000000000a1", "purpose": .string(outbound.purpose),
                    "recipient": .string(adapter.id), "level": "identifiable", "created_at": "2026-11-22T09:30:00Z",
                ]
                // A referral without a family name cannot be written for some; that is no leak.
                guard let rendered = try? Renderer(adapter: adapter, outbound: outbound).render(.object(release)) else {
                    continue
                }
                count += 1
                #expect(!String(decoding: rendered.bytes, as: UTF8.self).contains(Self.canary), "\(adapter.id)")
            }
        }
        return count
    }
}
