import Referral
import Testing

@testable import Translation

/// Every value of a referral tells where in its document it stood, and what was done to it.
struct ProvenanceTests {
    private func translate(_ text: String, _ map: String) throws -> Translated {
        let definition = """
            id: xy
            name: X
            kind: voluntary
            inbound: [{ channel: https, format: json, mapping: x.map.yaml }]
            """
        return try AdapterFolder.with(["xy/adapter.yaml": definition, "xy/x.map.yaml": map]) { folder in
            let catalogue = AdapterCatalogue.load(folder).0
            let adapter = try #require(catalogue["xy"])
            let translator = Translator(
                adapter: adapter, inbound: try #require(adapter.inbound.first), environment: .test, now: later)
            return try #require(translator.translate(Array(text.utf8)).first)
        }
    }

    private func told(_ translated: Translated) throws -> Value {
        try #require(translated.provenance).told(of: #require(translated.referral))
    }

    @Test func `a value tells its places and the steps it went through`() throws {
        let document = #"{"a":{"sur":"Canary"},"b":["Ann","Marie"],"born":"30/04/1950","tel":["01632 960001","bad"]}"#
        let translated = try translate(
            document,
            """
            person:
              family: a.sur | upper
              given: b[0] + b[1] | join
              dob: born | date
              phone: tel
            urgency: a.soon | code { x = soon } | default routine
            source_code: always 8
            """)
        let told = try told(translated)
        #expect(told["person.family"] == ["from": ["a.sur"], "steps": ["upper"]])
        #expect(told["person.given"] == ["from": ["b[0]", "b[1]"], "steps": ["join"]])
        #expect(told["person.dob"] == ["from": ["born"], "steps": ["date"]])
        #expect(told["person.phone[0]"] == ["from": ["tel[0]"], "steps": ["checked"]])
        #expect(told["person.phone[1]"] == ["from": ["tel[1]"]])
        #expect(told["urgency"] == ["from": [], "steps": ["code { x = soon }", "default routine"]])
        #expect(told["source_code"] == ["from": [], "steps": ["always 8"]])
        // The hub's own word: who is authenticated.
        #expect(told["marking"] == ["from": []])
    }

    @Test func `an element of a list keeps its place though others before it gave nothing`() throws {
        let translated = try translate(
            #"{"who":"Canary","ids":[{"v":""},{"t":"local","v":"7"}]}"#,
            """
            person:
              family: who
              identifiers: { each: ids, type: .t, value: .v }
            """)
        let told = try told(translated)
        #expect(told["person.identifiers[0].value"] == ["from": ["ids[1].v"]])
        #expect(told["person.identifiers[1].value"] == nil)
    }

    @Test func `what an envelope says stands at its own path, and what replaces it where that was found`() throws {
        let translated = try translate(
            #"{"message_id":"m","person":{"family":"  Canary "},"reason":"r","x":{"town":"Derby"}}"#,
            "extends: envelope\naddress: { town: x.town }\n")
        let told = try told(translated)
        #expect(told["reason"] == ["from": ["reason"]])
        #expect(told["person.family"] == ["from": ["person.family"], "steps": ["checked"]])
        #expect(told["address.town"] == ["from": ["x.town"]])
    }

    @Test(arguments: AdapterFolder.loaded.0.all.map(\.id)) func `every value of every sample has an origin`(
        _ id: String
    ) throws {
        let adapter = try #require(AdapterFolder.loaded.0[id])
        for sample in Sample.all(of: adapter, "in") {
            guard let way = adapter.inbound(for: sample.bytes, fileName: sample.file) else { continue }
            let translator = Translator(adapter: adapter, inbound: way, environment: .test, now: later)
            for translated in translator.translate(sample.bytes) {
                guard let referral = translated.referral, let provenance = translated.provenance else { continue }
                #expect(Provenance(provenance.value) == provenance, "it is read back as it was written")
                let told = try #require(provenance.told(of: referral).objectValue)
                // What nobody but the hub says: who sent it, and what holds when nothing is said.
                let own: Set = ["sender", "type", "marking"]
                for (path, origin) in told where !own.contains(path) {
                    // The hub's own findings: whether a number may be trusted, and what an attachment really is.
                    let isFinding = path.hasSuffix(".verified") || path.hasPrefix("attachments")
                    #expect(
                        isFinding || origin["from"]?.isEmpty == false || origin["steps"] != nil,
                        "\(sample.file): \(path)")
                }
            }
        }
    }
}
