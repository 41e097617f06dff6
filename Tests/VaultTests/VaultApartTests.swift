import Testing
import Vault

@Suite struct VaultApartTests {
    private let vault = Vault(key: InstallationKey())

    @Test func `what is sealed apart opens in its context, in every vault of the installation`() throws {
        let sealed = vault.sealApart([1, 2, 3], context: "cookie")
        #expect(try vault.openApart(sealed, context: "cookie") == [1, 2, 3])
        #expect(sealed != vault.sealApart([1, 2, 3], context: "cookie"))
    }

    @Test func `nothing else opens`() {
        let sealed = vault.sealApart([1, 2, 3], context: "cookie")
        #expect(throws: VaultError.self) { try vault.openApart(sealed, context: "token") }
        #expect(throws: VaultError.self) {
            try Vault(key: InstallationKey()).openApart(sealed, context: "cookie")
        }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: VaultError.self) { try vault.openApart(changed, context: "cookie") }
            #expect(throws: VaultError.self) { try vault.openApart(Array(sealed[..<index]), context: "cookie") }
        }
    }
}
