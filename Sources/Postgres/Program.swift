import Glibc

/// A program of the operating system, run to its end.
enum Program {
    /// Runs a program and returns its exit status and all that it printed. Blocks.
    ///
    /// The output goes to a nameless file, not a pipe: a server that the program leaves behind would hold a pipe open.
    /// `status` is 128 plus the signal when one ended it.
    static func run(_ command: [String]) throws(PrivateClusterError) -> (status: Int32, output: String) {
        guard let file = tmpfile() else { throw .failed(step: command[0], output: "no temporary file") }
        defer { fclose(file) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, fileno(file), 1)
        posix_spawn_file_actions_adddup2(&actions, fileno(file), 2)
        let process = try spawn(command, &actions)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        rewind(file)
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { output += buffer[..<count] }
        let signal = status & 0x7F
        return (signal == 0 ? (status >> 8) & 0xFF : 128 + signal, String(decoding: output, as: UTF8.self))
    }

    /// Starts a shell script in a session of its own, and gives back the writing end of its standard input.
    ///
    /// The descriptor closes when this process ends, however it ends, so a script that reads it learns of that.
    static func startWatcher(script: String, arguments: [String]) throws(PrivateClusterError) -> Int32 {
        var ends: (Int32, Int32) = (0, 0)
        let made = withUnsafeMutableBytes(of: &ends) {
            socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0,
                $0.baseAddress!.assumingMemoryBound(to: Int32.self))
        }
        guard made == 0 else { throw .failed(step: "socketpair", output: String(cString: strerror(errno))) }
        defer { close(ends.0) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.0, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        _ = try spawn(["/bin/sh", "-c", script, "watcher"] + arguments, &actions)
        return ends.1
    }

    /// In a session of its own, so that an interrupt at the terminal reaches the hub only.
    private static func spawn(
        _ command: [String], _ actions: inout posix_spawn_file_actions_t
    ) throws(PrivateClusterError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, 0x80)  // POSIX_SPAWN_SETSID, missing from Swift's Glibc
        let variables = ["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8"]
        let arguments = command.map { strdup($0) } + [nil]
        let environment = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var process = pid_t()
        let status = posix_spawn(&process, command[0], &actions, &attributes, arguments, environment)
        guard status == 0 else { throw .failed(step: command[0], output: String(cString: strerror(status))) }
        return process
    }

    /// The path of a program in the usual folders.
    static func find(_ name: String) -> String? {
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    /// Runs blocking work on a thread of its own.
    static func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let started = startThread { continuation.resume(with: Result { try body() }) }
            if !started { continuation.resume(throwing: PostgresError(.misuse, note: "no thread to spare")) }
        }
    }
}
