import Channels
import Foundation
import Testing

@Suite struct HandoverFolderTests {
    private let folder = try! TemporaryFolder()
    private let name = "DERBY_LAC_NFI_20260930T010000Z_0001.csv"
    private let content = Array("\"Surname\"\r\n\"Example\"\r\n".utf8)

    private func channel() throws -> HandoverFolder {
        try HandoverFolder(path: path(""), setting: "nfi_web.folder") { .passed("sheet", "NFI-2026-27") }
    }

    private func path(_ rest: String) -> String { "\(folder.path)/handover\(rest.isEmpty ? "" : "/\(rest)")" }

    private func delivery(_ bytes: [UInt8]? = nil, name: String? = nil) -> Delivery {
        var delivery = Delivery(
            id: "0001", recipient: "cabinet_office", bytes: bytes ?? content, mediaType: "text/csv",
            fileName: name ?? self.name)
        delivery.report = .init(ending: ".check.json", bytes: Array("{}".utf8))
        return delivery
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    private func chmod(_ path: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func `a file and its report lie in a folder that is closed to others`() async throws {
        #expect(await (try channel()).deliver(delivery()) == .delivered(reference: name))
        #expect(folder.names("handover") == [name, "\(name).check.json"])
        #expect(FileManager.default.contents(atPath: path(name)) == Data(content))
        #expect(folder.read("handover/\(name).check.json") == "{}")
        #expect(try mode(path("")) == 0o700 && mode(path(name)) == 0o600 && mode(path("\(name).check.json")) == 0o600)
    }

    @Test func `the same again is known, another under its name is not written over it`() async throws {
        let channel = try channel()
        _ = await channel.deliver(delivery())
        #expect(await channel.deliver(delivery()) == .duplicate(reference: name))
        for other: [UInt8] in [[1, 2, 3], content + content] {
            guard case .rejected("conflict", _) = await channel.deliver(delivery(other)) else {
                Issue.record("no conflict")
                return
            }
        }
        #expect(FileManager.default.contents(atPath: path(name)) == Data(content))
        for name in ["../x.csv", "a b", ".x", "x.part"] {
            guard case .rejected("file_name", _) = await channel.deliver(delivery(name: name)) else {
                Issue.record("the name \(name) was taken")
                return
            }
        }
    }

    @Test func `a folder that others may enter gets nothing`() async throws {
        let channel = try channel()
        for mode in [0o750, 0o701, 0o777] {
            try chmod(path(""), mode)
            guard case .rejected("folder_open", _) = await channel.deliver(delivery()) else {
                Issue.record("it was laid into \(mode)")
                return
            }
            #expect(throws: ChannelConfigurationError.self) { try self.channel() }
            #expect(await channel.probe().map(\.outcome) == [.failed(code: "folder_open")])
        }
        #expect(folder.names("handover").isEmpty)
    }

    @Test func `a folder that is gone, or a link, is said to be`() async throws {
        let channel = try channel()
        try FileManager.default.removeItem(atPath: path(""))
        guard case .rejected("no_such_folder", _) = await channel.deliver(delivery()) else {
            Issue.record("it was delivered")
            return
        }
        try FileManager.default.createSymbolicLink(atPath: path(""), withDestinationPath: folder.path)
        #expect(throws: ChannelConfigurationError.self) { try self.channel() }
        guard case .rejected = await channel.deliver(delivery()) else {
            Issue.record("the link was followed")
            return
        }
        #expect(folder.names("").filter { $0.hasSuffix(".csv") }.isEmpty)
    }

    @Test func `a look leaves nothing behind and says what it is for`() async throws {
        let steps = await (try channel()).probe()
        #expect(steps.map(\.isPassed) == [true, true] && steps.map(\.text).last == "NFI-2026-27")
        #expect(folder.names("handover").isEmpty)
    }
}
