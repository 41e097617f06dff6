package import Channels

extension Configuration {
    /// A partner's receiver of HL7 v2 messages (NHS interfaces, section 8). TLS files are PEM.
    package struct MLLPEndpoint: Sendable {
        /// Everything that the channel needs to know.
        package var channel: MLLPChannel.Configuration
    }
}
