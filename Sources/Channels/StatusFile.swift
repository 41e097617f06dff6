/// What became of a dropped file's referrals, beside its receipt: `ack/NAME.status.json`. A later one replaces it.
package enum StatusFile {
    /// Writes it so that the partner sees it whole.
    ///
    /// - Parameters:
    ///   - root: Below it, each partner has its folder.
    ///   - file: The name of the file that was dropped.
    package static func write(_ bytes: [UInt8], about file: String, of partner: String, below root: String) async throws
    {
        try await DiskThreads.run {
            let answers = try Directory(path: "\(root)/\(partner)/ack", making: true)
            try answers.write(FileName(FileName(file).shown + ".status.json"), bytes)
        }
    }
}
