import Foundation
import Testing
import Vault

@Suite struct InstallationKeyTests {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var file: String { folder.appendingPathComponent("key").path }

    @Test func `a key file that was made is read back as the same key`() throws {
        let made = try InstallationKey.create(file: file)
        let read = try InstallationKey.load(file: file)
        let (key, wrapped) = Vault(key: made).newDataKey()
        #expect(try Vault(key: read).unwrap(wrapped) == key)
        let mode = try #require(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int)
        #expect(mode == 0o600)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func `a key file is never overwritten`() throws {
        try InstallationKey.create(file: file)
        #expect(throws: VaultError.keyFile(EEXIST)) { try InstallationKey.create(file: file) }
        try FileManager.default.removeItem(at: folder)
    }

    @Test func `a key file that others may read is refused`() throws {
        try InstallationKey.create(file: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        #expect(throws: VaultError.keyFileTooOpen) { try InstallationKey.load(file: file) }
        try FileManager.default.removeItem(at: folder)
    }

    @Test(arguments: [
        "", "hub-key-1:\n", "hub-key-1:AAAA\n", "other", "hub-key-1:" + String(repeating: "A", count: 500),
    ])
    func `a file that is not a key is refused`(text: String) throws {
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        #expect(throws: VaultError.malformedKeyFile) { try InstallationKey.load(file: file) }
        try FileManager.default.removeItem(at: folder)
    }

    @Test func `a missing key file is an error that says so`() {
        #expect(throws: VaultError.keyFile(ENOENT)) { try InstallationKey.load(file: file) }
        #expect(VaultError.keyFile(ENOENT).description.contains("No such file"))
    }
}
