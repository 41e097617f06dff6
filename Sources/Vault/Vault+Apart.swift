/// What leaves the hub sealed and comes back, such as a session's cookie: sealed under a data key of its own, which goes
/// with it.
extension Vault {
    /// The wrapped data key, and then what it seals.
    package func sealApart(_ bytes: [UInt8], context: String) -> [UInt8] {
        let (key, wrapped) = newDataKey()
        return wrapped + seal(bytes, with: key, context: context)
    }

    /// - Throws: ``VaultError`` for whatever is not of this installation and context.
    package func openApart(_ sealed: [UInt8], context: String) throws(VaultError) -> [UInt8] {
        let key = try unwrap(Array(sealed.prefix(Self.wrappedKeyBytes)), isRemembered: false)
        return try open(Array(sealed.dropFirst(Self.wrappedKeyBytes)), with: key, context: context)
    }
}
