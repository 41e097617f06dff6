/// Why there is no private cluster, and what to do.
package enum PrivateClusterError: Error, CustomStringConvertible {
    case noBinaries
    case noUser
    case otherVersion(String)
    case socketPathTooLong(String)
    case failed(step: String, output: String)

    package var description: String {
        switch self {
        case .noBinaries:
            "PostgreSQL's programs are not installed. Install them (Debian: `apt install postgresql`), or name a database"
        case .noUser:
            "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` with `setpriv` or"
                + " `runuser` to become it. Run the hub as another user, or name a database"
        case .otherVersion(let version):
            "the data folder is of PostgreSQL \(version), whose programs are not installed. Install that version"
        case .socketPathTooLong(let path):
            "the socket's path would be too long: \(path). Name a shorter folder"
        case .failed(let step, let output):
            "\(step) failed: \(output.split(separator: "\n").suffix(5).joined(separator: " | "))"
                + (output.contains("Permission denied")
                    ? ". Name a data folder that the server's user can reach" : "")
        }
    }
}
