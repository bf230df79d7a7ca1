import HTTPTypes

/// Tells who a request is from: the peer, or what a proxy that is trusted says in `X-Forwarded-For`.
struct ClientAddresses: Sendable {
    /// More hops than this are nobody's setup.
    private static let hopLimit = 16

    /// Whose word is taken; nobody's by default.
    let trustedProxies: [NetworkRange]

    /// - Parameter peer: the socket's other end, without its port.
    /// - Returns: the nearest address that no trusted proxy stands at.
    func address(peer: String?, _ headers: HTTPFields) -> String? {
        guard let peer, isTrusted(peer), let field = HTTPField.Name.forwardedFor else { return peer }
        var nearest = peer
        let hops = headers[values: field].flatMap { $0.split(separator: ",") }
        // Each proxy adds whom it heard at the end; what stands before the first stranger, that one may have made up.
        for hop in hops.reversed().prefix(Self.hopLimit) {
            let text = hop.filter { $0 != " " }
            guard NetworkAddress(text) != nil else { return nearest }
            nearest = text
            guard isTrusted(text) else { return nearest }
        }
        return nearest
    }

    private func isTrusted(_ text: String) -> Bool {
        guard !trustedProxies.isEmpty, let address = NetworkAddress(text) else { return false }
        return trustedProxies.contains { $0.contains(address) }
    }
}
