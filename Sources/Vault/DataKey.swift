import Crypto

/// A key for one submission's document or for all that is kept about one person.
///
/// It is stored only wrapped (``Vault/newDataKey()``). Destroying the wrapped form makes everything sealed with it
/// unreadable, in backups too: that is how a document or a person is erased.
package struct DataKey: Sendable, Equatable {
    let key: SymmetricKey
}
