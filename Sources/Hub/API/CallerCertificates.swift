import Channels
import NIOCore
import NIOSSL

/// The certificates that callers of a listener show.
struct CallerCertificates: Sendable {
    /// Nil where the listener asks for none.
    let judge: ClientCertificates?

    var areAskedFor: Bool { judge != nil }

    /// What the caller's certificate says now; nil where it shows none, or one that is not valid any more.
    func certificate(of context: ExchangeContext) async -> ClientCertificate? {
        guard let judge, let shown = try? await context.channel.nioSSL_peerCertificate().get() else { return nil }
        return await judge.certificate(shown, at: WallClock.now())
    }
}
