import Glibc

/// What can go wrong with keys and sealed bytes. No case carries a secret or a personal value.
package enum VaultError: Error, Equatable, CustomStringConvertible {
    /// The key file could not be read or written; the number is the system's `errno`.
    case keyFile(Int32)
    /// Others than the owner may read the key file. Remedy: `chmod 600`.
    case keyFileTooOpen
    /// The file is not a key file of this hub.
    case malformedKeyFile
    /// The sealed bytes were made by a version this hub does not know, or are cut short.
    case malformedSeal
    /// The data key was wrapped by a key that is not on the ring: another installation's, or one that was retired. Remedy:
    /// configure the key file of this installation.
    case otherInstallation
    /// The bytes were altered, belong to another place (context), or the key is another.
    case notAuthentic

    package var description: String {
        switch self {
        case .keyFile(let number): "the key file cannot be used: \(String(cString: strerror(number)))"
        case .keyFileTooOpen: "the key file may be read by others than its owner; run chmod 600 on it"
        case .malformedKeyFile: "the key file is not one made by this hub"
        case .malformedSeal: "sealed bytes are cut short or of an unknown version"
        case .otherInstallation:
            "a data key was wrapped by a key that the key file does not hold: another installation's, or a retired one"
        case .notAuthentic: "sealed bytes do not open: they were altered, moved, or sealed with another key"
        }
    }
}
