import Testing
import Vault

@Suite struct VaultTests {
    let vault = Vault(key: InstallationKey())
    let secret = Array("Elsie Canary, 12 Example Street".utf8)

    @Test func `what is sealed opens with its key in its place`() throws {
        let (key, wrapped) = vault.newDataKey()
        let sealed = vault.seal(secret, with: key, context: "record.person/1")
        #expect(try vault.open(sealed, with: vault.unwrap(wrapped), context: "record.person/1") == secret)
    }

    @Test func `sealed bytes do not open in another place, with another key, or altered`() throws {
        let (key, _) = vault.newDataKey()
        let sealed = vault.seal(secret, with: key, context: "record.person/1")
        #expect(throws: VaultError.notAuthentic) { try vault.open(sealed, with: key, context: "record.person/2") }
        let other = vault.newDataKey().key
        #expect(throws: VaultError.notAuthentic) { try vault.open(sealed, with: other, context: "record.person/1") }
        for position in sealed.indices {
            var altered = sealed
            altered[position] ^= 1
            #expect(throws: VaultError.self) { try vault.open(altered, with: key, context: "record.person/1") }
        }
        #expect(throws: VaultError.malformedSeal) { try vault.open([], with: key, context: "") }
    }

    @Test func `the same bytes sealed twice differ`() {
        let (key, _) = vault.newDataKey()
        #expect(vault.seal(secret, with: key, context: "a") != vault.seal(secret, with: key, context: "a"))
    }

    @Test func `nothing at all can be sealed`() throws {
        let (key, _) = vault.newDataKey()
        #expect(try vault.open(vault.seal([], with: key, context: "a"), with: key, context: "a") == [])
    }

    @Test func `a data key unwraps with its installation's key only`() throws {
        let installation = InstallationKey()
        let (key, wrapped) = Vault(key: installation).newDataKey()
        #expect(try Vault(key: installation).unwrap(wrapped) == key)
        #expect(throws: VaultError.otherInstallation) { try vault.unwrap(wrapped) }
        var altered = wrapped
        altered[20] ^= 1
        #expect(throws: VaultError.notAuthentic) { try Vault(key: installation).unwrap(altered) }
        #expect(throws: VaultError.malformedSeal) { try vault.unwrap(Array(wrapped.dropLast())) }
    }

    @Test func `unwrapping goes on working far beyond the cache`() throws {
        let keys = (0..<1500).map { _ in vault.newDataKey() }
        for (key, wrapped) in keys + keys.reversed() {
            #expect(try vault.unwrap(wrapped) == key)
        }
    }

    @Test func `an equal value has an equal blind index under the same installation key only`() throws {
        let again = try Vault(key: InstallationKey(bytes: Array(0..<32)))
        let first = try Vault(key: InstallationKey(bytes: Array(0..<32)))
        #expect(first.blindIndex(.nhsNumber, "9990000018") == again.blindIndex(.nhsNumber, "9990000018"))
        #expect(first.blindIndex(.nhsNumber, "9990000018").count == 16)
        #expect(first.blindIndex(.nhsNumber, "9990000018") != vault.blindIndex(.nhsNumber, "9990000018"))
        #expect(first.keyedHash(.document, secret).count == 32)
    }

    @Test func `no two domains share an index of the same text`() {
        let indexes = BlindDomain.allCases.map { vault.blindIndex($0, "same") }
        #expect(Set(indexes).count == BlindDomain.allCases.count)
    }

    @Test func `the derived indexes never change between versions of the hub`() throws {
        // A change here would lose every person: the index in the database would no longer be found.
        let vault = try Vault(key: InstallationKey(bytes: Array(repeating: 7, count: 32)))
        let index = vault.blindIndex(.nhsNumber, "9990000018").map { String($0, radix: 16) }.joined(separator: " ")
        #expect(index == "4c 33 52 51 3f 5f e7 4e 6d 21 e7 99 81 83 1f 9e")
    }
}
