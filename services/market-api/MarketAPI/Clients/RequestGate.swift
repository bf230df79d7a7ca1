import HTTPTypes
import ServiceKit

/// What every request passes before it is answered, upgrades too: who it is from, how much it has asked for, and for
/// WebSockets from which page.
struct RequestGate: Sendable {
    let addresses: ClientAddresses
    let limiter: RateLimiter
    /// Lower-cased origins whose pages may connect beside our own; `*` for all.
    let origins: [String]
    private let token: String?

    init(_ configuration: APIConfiguration, time: TimeSource) {
        addresses = ClientAddresses(trustedProxies: configuration.trustedProxies)
        limiter = RateLimiter(limit: configuration.requestsPerMinute, time: time)
        origins = configuration.crossOrigins
        token = configuration.token
    }

    /// Counts a request of a client.
    ///
    /// - Parameter address: the client's, without its port.
    /// - Returns: nil where nothing is limited.
    func count(_ headers: HTTPFields, from address: String?) -> RateLimiter.Verdict? {
        limiter.take(hasToken(headers) ? .token : RateLimiter.Client(address: address))
    }

    private func hasToken(_ headers: HTTPFields) -> Bool {
        guard let token, let header = headers[.authorization] else { return false }
        let parts = header.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer"
            && Authorization.isEqual(String(parts[1]), token)
    }

    /// Whether a WebSocket may be opened: browsers name the page's origin, and no page of others may look over a user's
    /// shoulder. What names none is no browser.
    func allowsOrigin(_ request: HTTPRequest) -> Bool {
        guard let origin = request.headerFields[.origin]?.lowercased() else { return true }
        if origins.contains("*") || origins.contains(origin) { return true }
        guard let scheme = origin.firstRange(of: "://"), let host = request.authority?.lowercased() else {
            return false
        }
        let isTLS = origin.hasPrefix("https:")
        return Self.plain(String(origin[scheme.upperBound...]), isTLS) == Self.plain(host, isTLS)
    }

    /// Without the scheme's own port, which either side may name or not.
    private static func plain(_ authority: String, _ isTLS: Bool) -> String {
        let suffix = isTLS ? ":443" : ":80"
        return authority.hasSuffix(suffix) ? String(authority.dropLast(suffix.count)) : authority
    }
}
