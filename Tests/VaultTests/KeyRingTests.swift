import Foundation
import Testing
import Vault

@Suite struct KeyRingTests {
    private let bytes = Array(UInt8(0)..<32)
    private let domains: [(BlindDomain, String)] = BlindDomain.allCases.map { ($0, "value") }

    private func indexes(_ vault: Vault) -> [[UInt8]] { domains.map { vault.blindIndex($0.0, $0.1) } }

    private func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    @Test func `a ring of one is the file that installations have always had, and finds what they stored`() throws {
        let text = "hub-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        let ring = try KeyRing(text: text)
        #expect(ring.text == text)
        // Computed by HKDF and HMAC of another library.
        let vault = Vault(ring: ring)
        #expect(hex(vault.blindIndex(.nhsNumber, "9990000018")) == "e1189842f609bebd5b261e491b071f23")
        #expect(hex(vault.blindIndex(.incident, "cr 1")) == "a78c71877e87e3a2e40291522abf73a6")
        #expect(hex(vault.keyMark) == "21c863d6")
        #expect(vault.keyMark == Vault(key: try InstallationKey(bytes: bytes)).keyMark)
    }

    @Test func `a later key wraps once it is in use, earlier ones go on opening, and indexes stay`() throws {
        let first = KeyRing(try InstallationKey(bytes: bytes))
        let before = Vault(ring: first)
        let (key, wrapped) = before.newDataKey()
        let ring = try KeyRing(text: first.adding(madeOn: "2026-11-30").text)
        #expect(ring.keys.map(\.madeOn) == [nil, "2026-11-30"])
        let vault = Vault(ring: ring)
        // Others may not have the new one yet.
        #expect(vault.keyMark == before.keyMark)
        #expect(vault.use(ring.keys[1].mark))
        #expect(vault.keyMark == ring.keys[1].mark && vault.keyMark != before.keyMark)
        #expect(try vault.unwrap(wrapped) == key)
        let rewrapped = try vault.rewrap(wrapped)
        #expect(Vault.mark(of: rewrapped) == ring.keys[1].mark)
        #expect(try vault.unwrap(rewrapped) == key)
        #expect(throws: VaultError.otherInstallation) { try before.unwrap(rewrapped) }
        #expect(indexes(vault) == indexes(before))
        #expect(!vault.use([1, 2, 3, 4]))
    }

    @Test
    func
        `once the first key is retired the ring finds as before, and neither the file nor the ring opens what it wrapped`()
        throws
    {
        let installation = InstallationKey()
        let first = KeyRing(installation)
        let before = Vault(ring: first)
        let (key, old) = before.newDataKey()
        let both = first.adding(madeOn: "2026-11-30")
        let secret = first.text.dropFirst("hub-key-1:".count).dropLast()
        let retired = try #require(both.retiring(first.keys[0].mark))
        #expect(!retired.text.contains(secret) && both.text.contains(secret))
        let read = try KeyRing(text: retired.text)
        #expect(read.text == retired.text)
        let vault = Vault(ring: read)
        #expect(indexes(vault) == indexes(before))
        #expect(throws: VaultError.otherInstallation) { try vault.unwrap(old) }
        // No line of what is left wraps as the first key did.
        for line in read.text.split(separator: "\n") {
            let part = String(try #require(line.split(separator: ":").last))
            let other = Vault(ring: try KeyRing(text: "hub-key-1:\(part)\n"))
            #expect(throws: VaultError.self) { try other.unwrap(old) }
        }
        #expect(key == (try before.unwrap(old)))
        // And the next change keeps them too.
        let third = read.adding(madeOn: "2027-11-30")
        #expect(indexes(Vault(ring: try #require(third.retiring(read.keys[0].mark)))) == indexes(before))
        #expect(read.retiring(read.keys[0].mark) == nil)
        #expect(read.retiring([0, 0, 0, 0]) == nil)
    }

    @Test(arguments: [
        "hub-wrap-1:2026-11-30:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "hub-index-1:*:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "hub-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n",
        "hub-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nhub-wrap-1:d:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "hub-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ])
    func `a file that is no whole ring is refused`(text: String) {
        #expect(throws: VaultError.malformedKeyFile) { try KeyRing(text: text) }
    }

    @Test func `what is sealed apart opens through a change of keys, until the key is retired`() throws {
        let first = KeyRing(InstallationKey())
        let cookie = Vault(ring: first).sealApart([1, 2, 3], context: "cookie")
        let ring = first.adding(madeOn: "2026-11-30")
        let vault = Vault(ring: ring)
        vault.use(ring.keys[1].mark)
        #expect(try vault.openApart(cookie, context: "cookie") == [1, 2, 3])
        let new = vault.sealApart([4], context: "cookie")
        // A node that has the key and does not seal by it yet.
        #expect(try Vault(ring: ring).openApart(new, context: "cookie") == [4])
        let rest = Vault(ring: try #require(ring.retiring(first.keys[0].mark)))
        #expect(try rest.openApart(new, context: "cookie") == [4])
        #expect(throws: VaultError.self) { try rest.openApart(cookie, context: "cookie") }
    }

    @Test func `a vault that meets an unknown key reads its file anew, and takes over no other installation's`() throws
    {
        let file = FileManager.default.temporaryDirectory.appending(path: "ring-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let first = KeyRing(InstallationKey())
        try KeyFile.create(file, text: first.text)
        let vault = Vault(ring: try .load(file: file), file: file)
        let longer = first.adding(madeOn: "2026-11-30")
        let other = Vault(ring: longer)
        other.use(longer.keys[1].mark)
        let (key, wrapped) = other.newDataKey()
        #expect(throws: VaultError.otherInstallation) { try vault.unwrap(wrapped) }
        try KeyFile.replace(file, text: longer.text)
        #expect(try vault.unwrap(wrapped) == key)
        // What it wraps by is not for the file to say.
        #expect(vault.keyMark == first.keys[0].mark)
        #expect(vault.keyMarks == longer.keys.map(\.mark))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        try KeyFile.replace(file, text: KeyRing(InstallationKey()).text)
        #expect(throws: VaultError.otherInstallation) { try vault.rereadKeys() }
        // Again and again, not only once.
        #expect(throws: VaultError.otherInstallation) { try vault.rereadKeys() }
        #expect(try vault.unwrap(wrapped) == key)
        // The copies of a vault share the ring.
        let copy = vault
        try KeyFile.replace(file, text: #require(longer.retiring(first.keys[0].mark)).text)
        try vault.rereadKeys()
        #expect(copy.keyMark == longer.keys[1].mark)
    }

    @Test func `a credential of systemd's may be readable by a group, and nothing else may`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/hub.key"
        try KeyFile.create(file, text: "secret")
        func set(_ mode: Int) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        }
        try set(0o440)
        #expect(try KeyFile.read(file, credentials: folder) == "secret")
        #expect(throws: VaultError.keyFileTooOpen) { try KeyFile.read(file, credentials: nil) }
        #expect(throws: VaultError.keyFileTooOpen) { try KeyFile.read(file, credentials: "") }
        #expect(throws: VaultError.keyFileTooOpen) { try KeyFile.read(file, credentials: folder + "/other") }
        for mode in [0o444, 0o460, 0o441] {
            try set(mode)
            #expect(throws: VaultError.keyFileTooOpen) { try KeyFile.read(file, credentials: folder) }
        }
    }

    @Test func `unwrapped keys that nobody uses leave memory`() throws {
        let vault = Vault(key: InstallationKey())
        let (_, used) = vault.newDataKey()
        let (_, unused) = vault.newDataKey()
        _ = try vault.unwrap(used)
        _ = try vault.unwrap(unused)
        #expect(vault.rememberedKeys == 2)
        vault.forgetUnused()
        _ = try vault.unwrap(used)
        vault.forgetUnused()
        #expect(vault.rememberedKeys == 1)
        vault.forgetUnused()
        #expect(vault.rememberedKeys == 0)
    }
}
