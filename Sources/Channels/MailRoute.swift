/// How a partner's mails go: by our own relay, over TLS, from one mailbox of ours to one of theirs.
package struct MailRoute: Sendable {
    /// Our relay: `smtps://host:port`, or `smtp://host:port` where TLS begins by STARTTLS; without it nothing is sent.
    package var relay: String
    package var login: MailLogin
    /// Ours. Notices about the delivery come to it, and the receiver's answer.
    package var sender: String
    /// The partner's. There is no second one: what cannot reach it goes to a person.
    package var recipient: String

    package init(relay: String, login: MailLogin, from sender: String, to recipient: String) {
        self.relay = relay
        self.login = login
        self.sender = sender
        self.recipient = recipient
    }
}
