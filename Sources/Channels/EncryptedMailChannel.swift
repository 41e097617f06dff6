/// Delivers to one mailbox by e-mail that only its owner can read: S/MIME, signed and then enveloped (partner interfaces,
/// section 4.3).
///
/// What is delivered is with our relay, which answers for it from then on. That it reached the mailbox, or did not, is told
/// by a mail server's notice at most, that somebody read it by an answer of theirs: mails to our mailbox, for a person to
/// read. There is no way back to plain mail, and none to another mailbox.
package final class EncryptedMailChannel: OutboundChannel {
    /// Whom the mails are encrypted to, and whose they are.
    package struct Configuration: Sendable {
        package var route: MailRoute
        /// PEM path of the recipient's certificate, with those between it and its authority after it.
        package var certificate: String
        package var trust: MailCertificate.Trust
        /// PEM path of ours, which is for the mailbox that the mails come from.
        package var signer: String
        /// PEM path of its private key.
        package var signerKey: String
        /// Defaults to AES-256-CBC.
        package var cipher: MailCipher

        package init(
            route: MailRoute, certificate: String, trust: MailCertificate.Trust, signer: String, signerKey: String,
            cipher: MailCipher = .aes256CBC
        ) {
            self.route = route
            self.certificate = certificate
            self.trust = trust
            self.signer = signer
            self.signerKey = signerKey
            self.cipher = cipher
        }
    }

    /// A mail server puts whatever it is given into the mailbox, also twice.
    package var recognisesRepeats: Bool { false }

    /// When the recipient's certificate ends, in seconds since 1970.
    package var expires: Int64 { certificate.expires }

    /// When our own ends, in seconds since 1970.
    package var signerExpires: Int64 { signature.expires }

    private let handover: MailHandover
    private let certificate: MailCertificate
    private let signature: MailSignature
    private let cipher: MailCipher
    private let now: @Sendable () -> Int64

    /// Reads every file, so that a missing one is found at start; does not connect, and does not judge the recipient's
    /// certificate.
    package init(
        configuration: Configuration, now: @escaping @Sendable () -> Int64 = WallClock.now
    ) throws(ChannelConfigurationError) {
        handover = try MailHandover(configuration.route)
        certificate = try MailCertificate(path: configuration.certificate, trust: configuration.trust)
        signature = try MailSignature(certificate: configuration.signer, key: configuration.signerKey)
        guard signature.isOf(configuration.route.sender) else {
            throw ChannelConfigurationError(
                setting: "sign.certificate",
                problem: "\(configuration.signer) is not for the address in `from`, which its readers compare it with")
        }
        cipher = configuration.cipher
        self.now = now
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await handover.deliver(delivery, now: now) { [self] in message(delivery) }
    }

    /// Why nothing would be sent now; nil when the certificates allow it.
    package func problem() -> MailCertificate.Problem? {
        do throws(MailCertificate.Problem) {
            try certificate.check(for: handover.recipient, at: now())
            return nil
        } catch {
            return error
        }
    }

    /// Judges the certificates, then asks the relay.
    package func probe() async -> [ProbeStep] {
        let (recipient, signer) = ("the mailbox's certificate", "our certificate for signing")
        if let problem = problem() { return [.failed(recipient, code: problem.rawValue, problem.text)] }
        let judged = ProbeStep.passed(recipient, "it is the mailbox's, trusted, strong and within its dates")
        guard signature.isValid(at: now()) else {
            return [judged, .failed(signer, code: "signer_expired", "it is not within its dates")]
        }
        return [judged, .passed(signer, "it is within its dates"), await handover.probe()]
    }

    package func shutdown() async { await handover.shutdown() }

    private func message(_ delivery: Delivery) -> Result<[UInt8], MailHandover.Refusal> {
        if let problem = problem() { return .failure(.init(code: problem.rawValue, text: problem.text)) }
        guard signature.isValid(at: now()) else {
            return .failure(
                .init(code: "signer_expired", text: "our own certificate is not within its dates: renew it"))
        }
        do throws(Libcrypto.Failure) {
            let message = try SMIMEMessage(
                MailAttachment(delivery).entity(), from: signature, to: certificate, cipher: cipher)
            return .success(message.entity)
        } catch {
            return .failure(
                .init(
                    code: error == .signing ? "signing_failed" : "encryption_failed",
                    text: "libcrypto could not make the message"))
        }
    }
}
