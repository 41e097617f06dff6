import Glibc
import Synchronization

/// A port of this machine that nobody listens on.
enum FreePort {
    struct None: Error {}

    /// Below the ports that the system gives to those who ask for any, so that no server of another test gets it meanwhile.
    private static let range = 12_000..<32_000
    private static let next = Atomic<Int>(Int(getpid()) * 131)

    /// One that this process has not been told of yet.
    static func find() throws -> Int {
        for _ in range {
            let count = next.wrappingAdd(1, ordering: .relaxed).newValue
            let port = range.lowerBound + count % range.count
            guard let (descriptor, _) = try? bound(to: port) else { continue }
            close(descriptor)
            return port
        }
        throw None()
    }

    /// A port at which connections wait for an answer that nobody gives, until the descriptor is closed.
    static func listening() throws -> (descriptor: Int32, port: Int) {
        let (descriptor, port) = try bound(to: 0)
        guard listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw None()
        }
        return (descriptor, port)
    }

    /// A socket at a port of the loopback address.
    ///
    /// - Parameter port: 0 for any.
    private static func bound(to port: Int) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: Int? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0
                else { return nil }
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin_port))
                }
            }
        }
        guard let port else {
            close(descriptor)
            throw None()
        }
        return (descriptor, port)
    }
}
