import Disclosure
import Foundation
import Hub
import Testing

@Suite struct PolicyShelfTests {
    private func folder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hub-policy-\(UUID().uuidString)").path
        try LocalFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files { try LocalFile.write(Array(text.utf8), to: "\(folder)/\(name)") }
        try body(folder)
    }

    private let notice = String(decoding: PolicyRules.noticeFile, as: UTF8.self)

    private func version(_ number: Int, without purpose: String = "") -> String {
        notice.replacing("notice-1.rules-1", with: "notice-1.rules-\(number)")
            .replacing(purpose.isEmpty ? "nothing-of-it" : "\n- \(purpose)\n", with: "\n")
    }

    @Test func `without a file the hub's own rules are in force`() throws {
        let shelf = try PolicyShelf.load(nil)
        #expect(shelf.inForce == .notice)
        #expect(shelf["notice-1.rules-1"] == .notice)
        #expect(shelf["notice-1.rules-9"] == nil)
    }

    @Test func `versions lie side by side, and the one that is named is in force`() throws {
        try folder(["b.yaml": version(3, without: "nfi"), "a.yaml": version(2), "notes.txt": "not rules"]) { folder in
            let shelf = try PolicyShelf.load(folder + "/b.yaml")
            #expect(shelf.inForce.version == "notice-1.rules-3")
            #expect(!shelf.inForce.enabledPurposes.contains(.nfi))
            #expect(shelf.all.map(\.version) == ["notice-1.rules-1", "notice-1.rules-2", "notice-1.rules-3"])
            #expect(shelf["notice-1.rules-2"]?.enabledPurposes.contains(.nfi) == true)
        }
    }

    @Test func `two different files of one version are refused, also of the hub's own`() throws {
        let changed = notice.replacing("\n- nfi\n", with: "\n")
        try folder(["a.yaml": changed]) { folder in
            let error = try #require(throws: PolicyShelfError.self) { try PolicyShelf.load(folder + "/a.yaml") }
            #expect(error.lines.count == 1 && error.lines[0].contains("is also that of other rules"))
        }
        try folder(["a.yaml": notice]) { folder in
            let shelf = try PolicyShelf.load(folder + "/a.yaml")
            #expect(shelf.inForce == .notice)
        }
    }

    @Test func `a missing file, and a broken one beside the one in force, are refused with file and line`() throws {
        try folder(["a.yaml": version(2), "old.yaml": version(3).replacing("format: 1", with: "format: 7")]) { folder in
            let missing = try #require(throws: PolicyShelfError.self) { try PolicyShelf.load(folder + "/none.yaml") }
            #expect(missing.lines.contains { $0.hasPrefix("\(folder)/none.yaml: file: cannot be read") })
            let broken = try #require(throws: PolicyShelfError.self) { try PolicyShelf.load(folder + "/a.yaml") }
            #expect(broken.lines.count == 1)
            #expect(broken.lines[0].hasPrefix("\(folder)/old.yaml:") && broken.lines[0].hasSuffix("format: must be 1"))
        }
    }

    @Test func `the hub serves what rests on consent or an approval, or goes to the person, and only what is in use`()
        throws
    {
        #expect(
            PolicyRules.notice.serving.enabledPurposes
                == [
                    .careSupport, .supportReferral, .benefitsSupport, .housingSupport, .safeguarding, .fraudPrevention,
                    .legalStatutory, .nfi, .subjectRights, .subjectNotice,
                ])
        var rules = PolicyRules.notice
        rules.enabledPurposes = [.careSupport, .emergency]
        #expect(rules.serving.enabledPurposes == [.careSupport])
    }
}

extension PolicyShelfTests {
    @Test(.installation)
    func `an installation does not open with broken rules, and opens with whole ones`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-rules-\(UUID().uuidString)").path
        try LocalFile.makeFolder(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LocalFile.write(Array(version(2).utf8), to: path + "/rules.yaml")
        try await TestInstallation.run(settings: "policy: \(path)/rules.yaml") { installation in
            #expect(installation.policy.inForce.version == "notice-1.rules-2")
        }
        try LocalFile.write(Array(version(2).replacing("  gp: row\n", with: "").utf8), to: path + "/rules.yaml")
        let error = await #expect(throws: InstallationError.self) {
            try await TestInstallation.run(settings: "policy: \(path)/rules.yaml") { _ in }
        }
        #expect(error?.description.contains("ceilings.gp: is missing") == true)
    }
}
