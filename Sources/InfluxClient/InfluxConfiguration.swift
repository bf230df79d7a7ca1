/// Which of InfluxDB's write endpoints is spoken.
public enum InfluxAPI: String, Sendable, CaseIterable {
    /// `/write?db=`: InfluxDB 1.x, and kept by 2.x and 3 for clients of old.
    case v1
    /// `/api/v2/write?org=&bucket=`: InfluxDB 2.x.
    case v2
    /// `/api/v3/write_lp?db=`: InfluxDB 3.
    case v3

    /// The port a server of it listens on unless told.
    var defaultPort: Int { self == .v3 ? 8181 : 8086 }
}

/// Where points go, and as whom.
public struct InfluxConfiguration: Sendable {
    /// Scheme, host, port and perhaps a path, without a slash at the end.
    public let baseURL: String
    public let api: InfluxAPI
    /// The database; v2 calls it bucket.
    public let database: String
    /// v2's organization; nil where the token alone says it.
    public let organization: String?
    /// v1's user, whose password is the token; nil: the token alone.
    public let username: String?
    /// The secret: token, or password. In no message and no log.
    let token: String?
    /// Certificates to trust instead of the system's (PEM file).
    let authoritiesPath: String?

    /// - Parameter host: `name`, `name:port` or a URL; a bare name means http and the server's usual port.
    /// - Throws: ``InfluxError`` of kind `configuration` where the host cannot be one.
    public init(
        host: String, api: InfluxAPI, database: String, organization: String? = nil, username: String? = nil,
        token: String? = nil, authoritiesPath: String? = nil
    ) throws(InfluxError) {
        baseURL = try Self.baseURL(host, api)
        self.api = api
        self.database = database
        self.organization = organization
        self.username = username
        self.token = token
        self.authoritiesPath = authoritiesPath
    }

    /// What tells one destination from another, without secrets: for records and logs.
    public var target: String {
        var text = "\(api.rawValue) \(baseURL) \(database)"
        if let organization { text += " \(organization)" }
        return text
    }

    private static func baseURL(_ host: String, _ api: InfluxAPI) throws(InfluxError) -> String {
        var rest = Substring(host)
        while rest.last == "/" { rest = rest.dropLast() }
        var scheme = "http://"
        var isURL = false
        for known in ["http://", "https://"] where rest.lowercased().hasPrefix(known) {
            scheme = known
            rest = rest.dropFirst(known.count)
            isURL = true
        }
        // An address of IPv6 stands in brackets.
        let authority = rest.prefix { $0 != "/" }
        let end = authority.first == "[" ? authority.drop { $0 != "]" }.dropFirst() : authority
        let port = end.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        guard !authority.isEmpty, authority.first != ":", port == nil || UInt16(port ?? "") != nil,
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !rest.contains(where: { "@?#\\\"".contains($0) })
        else {
            throw InfluxError(
                .configuration, "a host, host:port or an http(s) URL without user, query and fragment")
        }
        return scheme + rest + (isURL || port != nil ? "" : ":\(api.defaultPort)")
    }
}
