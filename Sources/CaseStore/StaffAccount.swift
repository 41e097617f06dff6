package import Postgres
package import Rights

/// Somebody who may sign in: of the council's staff, or of a control room that has no system of its own.
package struct StaffAccount: Sendable, Hashable {
    /// How somebody proves to be the one.
    package enum Proof: String, Sendable {
        /// By a password and a code, kept here.
        case password
        /// By the council's identity provider.
        case provider
        /// Not yet: a link was given and has not been used.
        case none
    }

    /// A user name: lower-case letters, digits and `. _ -`, 2 to 40, as it stands on the ledger.
    package var id: String
    /// None for somebody of a control room.
    package var roles: [Role]
    /// The control room's id in the register; nil for the council's staff.
    package var controlRoom: String?
    package var isEnabled: Bool
    package var proof: Proof
    package var addedAt: Timestamp
    /// Until when no password is tried, after so many that were wrong.
    package var lockedUntil: Timestamp?
    /// When its owner last signed in; nil for never.
    package var signedInAt: Timestamp?

    /// Whether a text may be a user name.
    package static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard (2...40).contains(bytes.count), let first = bytes.first, isPlain(first) else { return false }
        return bytes.dropFirst().allSatisfy {
            isPlain($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0)
        }
    }
}

/// The browsers at which an account is signed in, and its link if it has one that was not used.
package struct StaffPresence: Sendable, Hashable {
    package var sessions: Int
    /// When one of them last asked for a page.
    package var seenAt: Timestamp?
    /// Until when the link is good, or was.
    package var invitedUntil: Timestamp?

    /// One that is nowhere signed in and has no link.
    package init(sessions: Int = 0, seenAt: Timestamp? = nil, invitedUntil: Timestamp? = nil) {
        self.sessions = sessions
        self.seenAt = seenAt
        self.invitedUntil = invitedUntil
    }
}

/// What a password and a code are held against.
package struct StaffSecrets: Sendable {
    package var passwordHash: String
    /// The key of the codes.
    package var codeKey: [UInt8]
    /// The time step of the last code that was taken.
    package var codeStep: Int64?
    /// As ``StaffAccount/controlRoom``.
    package var controlRoom: String?

    package init(passwordHash: String, codeKey: [UInt8], codeStep: Int64?, controlRoom: String? = nil) {
        self.passwordHash = passwordHash
        self.codeKey = codeKey
        self.codeStep = codeStep
        self.controlRoom = controlRoom
    }
}

/// A browser at which somebody is signed in.
package struct StaffSession: Sendable, Hashable {
    package var account: String
    package var roles: [Role]
    /// As ``StaffAccount/controlRoom``.
    package var controlRoom: String?
}
