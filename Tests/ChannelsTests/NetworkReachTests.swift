import NIOCore
import Testing

@testable import Channels

@Suite struct NetworkReachTests {
    private func reach(_ address: String) throws -> NetworkReach {
        NetworkReach(try SocketAddress(ipAddress: address, port: 443))
    }

    @Test(arguments: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2a00:1450:4009::1", "64:ff9b::8.8.8.8"])
    func `the internet is open`(address: String) throws {
        #expect(try reach(address) == .open)
    }

    @Test(arguments: [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "fd12:3456::1", "64:ff9b::10.0.0.1",
    ])
    func `private networks are told`(address: String) throws {
        #expect(try reach(address) == .privateNetwork)
    }

    @Test(arguments: ["127.0.0.1", "127.255.255.254", "::1", "64:ff9b::127.0.0.1"])
    func `this machine is told`(address: String) throws {
        #expect(try reach(address) == .loopback)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16", "::", "::ffff:8.8.8.8",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::8.8.8.8", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254",
        "2001:db8::1", "2002:a00:1::", "2001:0:1::1", "64:ff9b:1::1", "100::1", "64:ff9b::169.254.169.254",
    ])
    func `what is never a partner's is forbidden`(address: String) throws {
        #expect(try reach(address) == .forbidden)
    }

    @Test func `a socket file is no partner`() throws {
        #expect(NetworkReach(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == .forbidden)
    }
}
