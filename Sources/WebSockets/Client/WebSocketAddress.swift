/// The parts of a `ws://` or `wss://` address.
struct WebSocketAddress: Hashable, Sendable {
    let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// Begins with a slash; holds the query too.
    let target: String

    /// What the `Host` header says.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// Whether the host is an address: TLS knows no server name then.
    var isNumericHost: Bool {
        host.contains(":") || host.split(separator: ".").allSatisfy { UInt8($0) != nil }
    }

    init(_ text: String) throws(WebSocketError) {
        let problem = WebSocketError(
            .malformedAddress,
            "'\(text.prefix(200))' is not a WebSocket address: ws:// or wss://, a host and a port are")
        guard let scheme = text.firstRange(of: "://") else { throw problem }
        switch text[..<scheme.lowerBound].lowercased() {
        case "ws": isSecure = false
        case "wss": isSecure = true
        default: throw problem
        }
        let rest = text[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        let tail = rest[end...]
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw problem }
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<hostEnd])
        }
        let isPlain = target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard !host.isEmpty, !host.contains("@"), isPlain else { throw problem }
        if hostEnd == authority.endIndex {
            port = isSecure ? 443 : 80
        } else {
            guard authority[hostEnd] == ":",
                let number = UInt16(authority[authority.index(after: hostEnd)...]), number > 0
            else { throw problem }
            port = Int(number)
        }
    }
}
