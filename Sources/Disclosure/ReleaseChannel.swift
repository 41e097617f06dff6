/// A way in which data leaves (disclosure policy, section 8).
package enum ReleaseChannel: String, CaseIterable, Sendable, Hashable {
    case httpsMutualTLS = "https_mtls"
    case sftp
    case mesh
    /// HL7 v2 under mutual TLS; without it only to this machine, or where the configuration answers for the network between.
    case mllp
    case smimeEmail = "smime_email"
    case pgpEmail = "pgp_email"
    /// Enforced TLS to a domain on the assured list.
    case tlsEmail = "tls_email"
    case cjsmEmail = "cjsm_email"
    case portal
    /// The web application of the National Fraud Initiative.
    case nfiWeb = "nfi_web"
    case plainEmail = "plain_email"
    case sms
    case fax
    case phone
    case post
    case inPerson = "in_person"
}

extension Set<ReleaseChannel> {
    /// The channels that protect what they carry.
    package static let protected: Self = [
        .httpsMutualTLS, .sftp, .mesh, .mllp, .smimeEmail, .pgpEmail, .tlsEmail, .cjsmEmail, .portal, .nfiWeb,
    ]
    /// Message encryption, which clause C6 asks for; TLS between mail servers does not satisfy it.
    package static let encryptedEmail: Self = [.smimeEmail, .pgpEmail]
    /// Counts about nobody in particular may take any way that the hub knows.
    package static let anyKnown = Set(ReleaseChannel.allCases)
    /// Personal data never goes by plain e-mail, not even in an emergency.
    package static let anyButPlainEmail = anyKnown.subtracting([.plainEmail])
    /// What a person may prefer for a notice about their own service.
    package static let personal = anyKnown.subtracting([.plainEmail, .fax])
    /// What may carry everything held about a person to that person.
    package static let protectedOrByHand = protected.union([.post, .inPerson])

    /// The sets that a file of rules may name.
    static let named: [String: Self] = [
        "protected": .protected, "encrypted_email": .encryptedEmail, "any": .anyKnown,
        "any_but_plain_email": .anyButPlainEmail, "personal": .personal, "protected_or_by_hand": .protectedOrByHand,
    ]
}
