import HTTPTypes
import Hummingbird

/// Who may change anything: the bearer of `API_TOKEN` (RFC 6750).
struct Authorization: Sendable {
    /// Nil where none is configured: nothing can be changed then.
    let token: String?

    /// - Throws: ``Problem`` that says what is missing.
    func require(_ request: Request) throws(Problem) {
        guard let token else {
            throw Problem(
                .mutationsDisabled,
                "Nothing can be changed through this server: API_TOKEN is not configured. Set it and restart.")
        }
        guard let header = request.headers[.authorization] else {
            throw Problem(.unauthorized, "This needs the token: send 'Authorization: Bearer <API_TOKEN>'.")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", Self.isEqual(String(parts[1]), token) else {
            throw Problem(.unauthorized, "The token is not the one of this server (API_TOKEN).")
        }
    }

    /// Takes as long whatever the first difference is, so that the time tells nothing about the token.
    static func isEqual(_ given: String, _ token: String) -> Bool {
        let (given, token) = (Array(given.utf8), Array(token.utf8))
        var difference = UInt8(given.count == token.count ? 0 : 1)
        for place in token.indices {
            difference |= token[place] ^ (given.isEmpty ? 0xFF : given[place % given.count])
        }
        return difference == 0
    }
}
