import Channels
import Logging
import ServiceLifecycle

/// The mailbox for plain e-mail as a service.
struct Mailbox: Service {
    private let inbox: MailInbox
    private let sender: MailSender

    /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`, naming what cannot be used.
    init(_ mail: Configuration.Mail, intake: Intake, _ installation: Installation) throws {
        let sender = try Self.sender(mail)
        let mails = MailIntake(mail, sender: sender, intake: intake, installation)
        self.sender = sender
        inbox = try Self.inbox(mail, logger: installation.logger) { await mails.take($0) }
    }

    /// What answers are sent with.
    static func sender(_ mail: Configuration.Mail) throws -> MailSender {
        try MailSender(
            url: mail.smtp,
            login: MailLogin(
                user: mail.smtpUser ?? "", password: try mail.smtpPassword?.resolve() ?? "",
                certificateAuthority: mail.authority, timeout: mail.timeout))
    }

    /// What mails are taken from.
    static func inbox(
        _ mail: Configuration.Mail, logger: Logger,
        handler: @escaping @Sendable (MailInbox.Received) async -> MailInbox.Disposal
    ) throws -> MailInbox {
        try MailInbox(
            configuration: .init(
                url: mail.imap,
                login: MailLogin(
                    user: mail.user, password: try mail.password.resolve(), certificateAuthority: mail.authority,
                    timeout: mail.timeout),
                folder: mail.folder, doneFolder: mail.doneFolder, maximumBytes: ReferralRoutes.bodyLimit,
                interval: mail.interval),
            logger: logger, handler: handler)
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await inbox.run()
            } catch is CancellationError {
                return
            }
        }
        await inbox.shutdown()
        await sender.shutdown()
    }
}
