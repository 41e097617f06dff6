/// A channel that cannot be opened as it is configured: found at start, before anything is sent.
package struct ChannelConfigurationError: Error, CustomStringConvertible, Hashable {
    /// What is configured wrongly, such as `url` or `tls.certificate`.
    package var setting: String
    /// What is wrong with it and what to do.
    package var problem: String

    package init(setting: String, problem: String) {
        self.setting = setting
        self.problem = problem
    }

    package var description: String { "\(setting): \(problem)" }
}
