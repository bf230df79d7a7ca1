#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One address that a host name stands for, with the port.
struct SocketAddress: Sendable {
    let family: Int32
    /// The system's `sockaddr` as it is.
    let bytes: [UInt8]

    #if canImport(Musl)
    static let streamType = SOCK_STREAM
    #else
    static let streamType = Int32(SOCK_STREAM.rawValue)
    #endif

    /// An address written in digits: no lookup, so it cannot block.
    static func numeric(_ host: String, _ port: UInt16) -> [SocketAddress]? {
        try? lookUp(host, port, flags: AI_NUMERICHOST)
    }

    /// Asks the system's resolver, which blocks.
    static func lookUp(_ host: String, _ port: UInt16) throws(RedisError) -> [SocketAddress] {
        try lookUp(host, port, flags: 0)
    }

    private static func lookUp(_ host: String, _ port: UInt16, flags: Int32) throws(RedisError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = streamType
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            let reason = gai_strerror(status).map { String(cString: $0) } ?? "code \(status)"
            throw RedisError(.connectionLost, "the host name \(host) cannot be looked up: \(reason)")
        }
        var addresses: [SocketAddress] = []
        var next = list
        while let info = next?.pointee {
            if let address = info.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                addresses.append(SocketAddress(family: info.ai_family, bytes: Array(bytes)))
            }
            next = info.ai_next
        }
        return addresses
    }
}
