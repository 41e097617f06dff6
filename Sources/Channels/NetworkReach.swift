import Glibc
import NIOCore

/// What kind of network an address belongs to, which decides whether personal data may be sent there.
///
/// Whoever controls a partner's name in DNS controls its addresses, so the name alone admits nothing: without this, a
/// changed record would have the hub speak to its own machine, the council's network or a cloud's metadata service.
/// The blocks are those of the IANA special-purpose address registries, <https://www.iana.org/assignments/iana-ipv4-special-registry>
/// and <https://www.iana.org/assignments/iana-ipv6-special-registry>.
enum NetworkReach: Sendable, Hashable {
    /// Reached over the internet.
    case open
    /// A private network, such as the council's own or HSCN: RFC 1918, RFC 6598 and RFC 4193.
    case privateNetwork
    /// This machine.
    case loopback
    /// Never a partner's: link-local and metadata addresses, multicast, unspecified, reserved, or an IPv4 address in a
    /// form that only hides it.
    case forbidden

    init(_ address: SocketAddress) {
        switch address {
        case .v4: self = Self.bytes(address, AF_INET, 4).map { Self(v4: $0) } ?? .forbidden
        case .v6: self = Self.bytes(address, AF_INET6, 16).map { Self(v6: $0) } ?? .forbidden
        case .unixDomainSocket: self = .forbidden
        }
    }

    /// Whether a host, as configuration names it, is this machine: whoever names it means it. A partner's name that leads
    /// here does not.
    static func isThisMachine(_ host: String) -> Bool {
        host == "localhost"
            || (try? SocketAddress(ipAddress: host, port: 0)).map { NetworkReach($0) == .loopback } ?? false
    }

    private static func bytes(_ address: SocketAddress, _ family: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        guard let text = address.ipAddress, inet_pton(family, text, &bytes) == 1 else { return nil }
        return bytes
    }

    /// - Parameter bytes: four, in network order.
    private init(v4 bytes: [UInt8]) {
        switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
        case (127, _, _, _): self = .loopback
        case (10, _, _, _), (172, 16...31, _, _), (192, 168, _, _): self = .privateNetwork
        // Alibaba's and Azure's metadata services lie within blocks that are otherwise in order.
        case (100, 100, 100, 200), (168, 63, 129, 16): self = .forbidden
        case (100, 64...127, _, _): self = .privateNetwork
        case (0, _, _, _), (169, 254, _, _), (192, 0, 0, _), (192, 0, 2, _), (192, 88, 99, _), (198, 18...19, _, _),
            (198, 51, 100, _), (203, 0, 113, _), (224..., _, _, _):
            self = .forbidden
        default: self = .open
        }
    }

    /// - Parameter bytes: sixteen, in network order.
    private init(v6 bytes: [UInt8]) {
        if bytes == [UInt8](repeating: 0, count: 15) + [1] {
            self = .loopback
        } else if bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
            // NAT64 (RFC 6052): the way to an IPv4 address, and judged as that.
            self.init(v4: Array(bytes[12...]))
        } else if bytes[0] & 0xFE == 0xFC {
            // Amazon's metadata service is fd00:ec2::254.
            self = bytes.starts(with: [0xFD, 0x00, 0x0E, 0xC2]) ? .forbidden : .privateNetwork
        } else if bytes[0] & 0xE0 == 0x20 {
            // Global unicast is 2000::/3, less Teredo, documentation and 6to4, which hides an IPv4 address.
            let closed: [[UInt8]] = [[0x20, 0x01, 0, 0], [0x20, 0x01, 0x0D, 0xB8], [0x20, 0x02], [0x3F, 0xFF]]
            self = closed.contains { bytes.starts(with: $0) } ? .forbidden : .open
        } else {
            // Unspecified, IPv4-mapped, link-local, site-local, multicast and what nobody has been given.
            self = .forbidden
        }
    }
}
