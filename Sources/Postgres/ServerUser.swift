import FoundationEssentials
import Glibc

/// The user that the server runs as: this process's own, or an unprivileged one when that is root.
struct ServerUser: Sendable {
    let name: String
    let id: uid_t
    let group: gid_t

    /// What to put before a command to run it as this user.
    let command: [String]

    static func current() throws(PrivateClusterError) -> ServerUser {
        guard geteuid() == 0 else {
            guard let entry = getpwuid(geteuid()) else { throw .noUser }
            let name = String(cString: entry.pointee.pw_name)
            return ServerUser(name: name, id: geteuid(), group: getegid(), command: [])
        }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            let (id, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
            if let program = Program.find("setpriv") {
                let command = [program, "--reuid=\(id)", "--regid=\(group)", "--clear-groups", "--"]
                return ServerUser(name: name, id: id, group: group, command: command)
            }
            if let program = Program.find("runuser") {
                return ServerUser(name: name, id: id, group: group, command: [program, "-u", name, "--"])
            }
        }
        throw .noUser
    }

    /// A folder of this user's that nobody else may enter.
    func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        chmod(path, 0o700)
        own(path)
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        chmod(path, 0o600)
        own(path)
    }

    private func own(_ path: String) {
        if geteuid() == 0 { chown(path, id, group) }
    }
}
