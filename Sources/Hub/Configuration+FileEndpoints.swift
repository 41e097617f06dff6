extension Configuration {
    /// A partner's own SFTP server (partner interfaces, section 4.1).
    package struct SFTPEndpoint: Sendable {
        package var url: String
        package var user: String
        /// The file with our private key.
        package var privateKey: String
        /// SHA-256 of the server's host key, as `ssh-keygen -l` writes it. There is no way to do without.
        package var hostKey: String
        /// Where files are laid down.
        package var folder: String
        /// Where the partner writes that it has them. Defaults to `ack`.
        package var receipts: String = "ack"
        /// How long one attempt may take. Defaults to 120 s.
        package var timeout: Duration = .seconds(120)
    }

    /// A partner's folder below the drop folder, from which it fetches over our own SFTP server.
    package struct FolderEndpoint: Sendable {
        /// The folder's name, which is the partner's account. Defaults to the partner's id.
        package var account: String
    }

    /// A folder of this machine in which the table of a national exercise lies for an officer, who hands it in.
    package struct ExerciseEndpoint: Sendable {
        /// The folder, which nobody but the hub's user may reach. Made with mode 0700 unless it is there.
        package var folder: String
        /// The file with the exercise's sheet.
        package var sheet: String
    }
}
