import Channels
import Foundation
import Testing

/// A running OpenSSH server with the account that runs the test, whose login folder is a folder of the test.
final class SFTPPeer: Sendable {
    static let sshd = "/usr/sbin/sshd"

    /// Whether there is one; said once on standard error when there is not.
    static let isThere: Bool = {
        if FileManager.default.isExecutableFile(atPath: sshd) { return true }
        FileHandle.standardError.write(Data("\nNOT TESTED: SFTP against OpenSSH. It needs \(sshd).\n\n".utf8))
        return false
    }()

    /// Key pairs for all of them.
    private static let keys = Result {
        let keys = try TemporaryFolder()
        for key in ["host", "other", "own", "stranger"] {
            try run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(keys.path)/\(key)"])
        }
        return keys
    }

    let folder: TemporaryFolder
    let port: Int
    private let keys: TemporaryFolder

    /// - Parameter options: further ones of `internal-sftp`, such as `-R`.
    init(options: String = "") async throws {
        folder = try TemporaryFolder()
        port = try FreePort.find()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/home/in", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/home/ack", withIntermediateDirectories: true)
        keys = try Self.keys.get()
        try folder.write(
            "sshd_config",
            """
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey \(keys.path)/host
            AuthorizedKeysFile \(keys.path)/own.pub
            PidFile \(folder.path)/pid
            UsePAM no
            StrictModes no
            PermitRootLogin prohibit-password
            MaxStartups 100
            Subsystem sftp internal-sftp -d \(folder.path)/home \(options)
            """)
        // The folder of its unprivileged part, which the service's unit makes otherwise.
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        // Below a shell that stays, as sshd closes what it inherits, which Foundation takes for its end.
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(Self.sshd) -D -e -f '\(folder.path)/sshd_config'; exit 0"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        try await Self.eventually { Self.accepts(self.port) }
    }

    deinit {
        // The threads of tests block the signals by which it would end itself, and it inherits that.
        if let pid = folder.read("pid").flatMap({ pid_t($0.filter(\.isNumber)) }) { kill(pid, SIGKILL) }
    }

    /// The account that logs in.
    var user: String { NSUserName() }

    /// The pin of a key, as `ssh-keygen -l` writes it.
    func pin(_ key: String = "host") throws -> String {
        let words = try Self.run("/usr/bin/ssh-keygen", ["-l", "-f", "\(keys.path)/\(key).pub"]).split(separator: " ")
        return String(try #require(words.first { $0.hasPrefix("SHA256:") }))
    }

    /// A channel to it, or to whatever stands before it.
    func channel(
        port: Int? = nil, key: String = "own", pinned: String = "host", into: String = "in",
        connectTimeout: Duration = .seconds(60), timeout: Duration = .seconds(60), stallTimeout: Duration = .seconds(60)
    ) throws -> SFTPChannel {
        try SFTPChannel(
            configuration: .init(
                url: "sftp://127.0.0.1:\(port ?? self.port)", user: user, privateKey: "\(keys.path)/\(key)",
                hostKey: try pin(pinned), folder: into, connectTimeout: connectTimeout, timeout: timeout,
                stallTimeout: stallTimeout))
    }

    /// What lies in the folder into which files are laid.
    var files: [String] { folder.names("home/in") }

    func content(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(folder.path)/home/in/\(name)").map { Array($0) }
    }

    @discardableResult
    private static func run(_ executable: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: said, as: UTF8.self)
    }

    private static func eventually(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "the server did not come up")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func accepts(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
