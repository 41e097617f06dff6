import CLibpq
import FoundationEssentials
import Glibc

/// The folders and processes of a private cluster. Every call blocks.
struct ClusterServer: Sendable {
    private let dataDirectory: String
    private let socketDirectory: String
    private let settings: [String: String]
    private let binaries: String
    private let user: ServerUser

    init(dataDirectory: String, socketDirectory: String, settings: [String: String]) throws {
        guard socketDirectory.utf8.count <= 90 else { throw PrivateClusterError.socketPathTooLong(socketDirectory) }
        self.dataDirectory = dataDirectory
        self.socketDirectory = socketDirectory
        self.settings = settings.merging(["unix_socket_directories": socketDirectory]) { $1 }
        let version = try? String(contentsOfFile: dataDirectory + "/PG_VERSION", encoding: .utf8)
        binaries = try Self.findBinaries(version: version.map { String($0.prefix { $0.isNumber }) })
        user = try ServerUser.current()
    }

    func connectionString(_ database: String) -> String {
        Self.connectionString(socketDirectory: socketDirectory, database: database)
    }

    static func connectionString(socketDirectory: String, database: String) -> String {
        "host='\(socketDirectory)' user=hub dbname=\(database)"
    }

    /// True when the server was running already.
    func start() throws -> Bool {
        if isRunning {
            try awaitAnswer()
            return true
        }
        for path in ["\(dataDirectory)/postmaster.pid", "\(socketDirectory)/.s.PGSQL.5432.lock"] { unlink(path) }
        try user.makeFolder(socketDirectory)
        if !PrivateCluster.exists(dataDirectory: dataDirectory) { try create() }
        let lines = settings.sorted { $0.key < $1.key }.map { name, value in
            "\(name) = '" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
        }
        try user.write(lines.joined(separator: "\n") + "\n", to: dataDirectory + "/hub.conf")
        try run("pg_ctl", "start", "-D", dataDirectory, "-w", "-t", "60", "-s", "-l", dataDirectory + "/log/start.log")
        return false
    }

    func stop(mode: String) throws {
        try run("pg_ctl", "stop", "-D", dataDirectory, "-m", mode, "-w", "-t", "60", "-s")
    }

    func removeAtExit() throws {
        // `read` returns when the pipe closes. The descriptor is never closed here: the system does it at exit.
        let script = "read line; data=$1; socket=$2; shift 2; \"$@\"; rm -rf \"$data\" \"$socket\""
        let stop =
            user.command + [
                binaries + "/pg_ctl", "stop", "-D", dataDirectory, "-m", "immediate", "-w", "-s",
            ]
        _ = try Program.startWatcher(script: script, arguments: [dataDirectory, socketDirectory] + stop)
    }

    /// Makes the cluster beside its place and moves it there, so that an interrupted attempt leaves nothing half done.
    private func create() throws {
        let fresh = dataDirectory + ".new"
        try? FileManager.default.removeItem(atPath: fresh)
        try user.makeFolder(fresh)
        try run(
            "initdb", "-D", fresh, "-U", "hub", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
            "--auth-local=peer", "--auth-host=reject", settings["fsync"] == "off" ? "--no-sync" : "--no-instructions")
        try user.makeFolder(fresh + "/log")
        try user.write("local all hub peer map=hub\n", to: fresh + "/pg_hba.conf")
        let names = Set(["root", user.name]).sorted().map { "hub \($0) hub\n" }
        try user.write(names.joined(), to: fresh + "/pg_ident.conf")
        let configuration = try String(contentsOfFile: fresh + "/postgresql.conf", encoding: .utf8)
        try user.write(configuration + "\ninclude 'hub.conf'\n", to: fresh + "/postgresql.conf")
        rmdir(dataDirectory)  // an empty folder may stand there; any other makes the next line fail
        guard rename(fresh, dataDirectory) == 0 else {
            throw PrivateClusterError.failed(step: "making \(dataDirectory)", output: String(cString: strerror(errno)))
        }
    }

    /// Whether the process that `postmaster.pid` names is this cluster's server: it works in the data folder. After a
    /// crash or in a new container, another process may have the number.
    private var isRunning: Bool {
        guard let text = try? String(contentsOfFile: dataDirectory + "/postmaster.pid", encoding: .utf8),
            let process = text.split(separator: "\n").first.flatMap({ Int32($0) }), kill(process, 0) == 0,
            let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd"),
            let own = realpath(dataDirectory, nil)
        else { return false }
        defer { free(own) }
        return folder == String(cString: own)
    }

    /// Waits until a server that somebody else has started accepts connections, a minute at most.
    private func awaitAnswer() throws(PrivateClusterError) {
        for _ in 0..<1200 {
            if PQping(connectionString("postgres")) == PQPING_OK { return }
            usleep(50_000)
        }
        throw .failed(
            step: "connecting to the server that runs in \(dataDirectory)",
            output: "no answer at \(socketDirectory); stop that server, or name its socket's folder")
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let (status, output) = try Program.run(user.command + ["\(binaries)/\(program)"] + arguments)
        guard status == 0 else {
            let log = try? String(contentsOfFile: dataDirectory + "/log/start.log", encoding: .utf8)
            throw PrivateClusterError.failed(step: program, output: output + (log ?? ""))
        }
    }

    /// Those of `pg_config`, or else the newest under Debian's folder; of that version where there is data already.
    private static func findBinaries(version: String?) throws -> String {
        var folders: [String] = []
        if let config = Program.find("pg_config"), let answer = try? Program.run([config, "--bindir"]),
            answer.status == 0
        {
            folders.append(String(answer.output.prefix { $0 != "\n" }))
        }
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        folders += versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(debian)/\($0)/bin" }
        folders = folders.filter { access($0 + "/initdb", X_OK) == 0 && access($0 + "/pg_ctl", X_OK) == 0 }
        guard !folders.isEmpty else { throw PrivateClusterError.noBinaries }
        guard let version else { return folders[0] }
        let match = folders.first { folder in
            let output = try? Program.run([folder + "/postgres", "--version"]).output
            return output?.contains(" \(version).") ?? false
        }
        guard let match else { throw PrivateClusterError.otherVersion(version) }
        return match
    }
}
