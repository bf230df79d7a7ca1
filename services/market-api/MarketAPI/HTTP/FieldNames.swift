import HTTPTypes

/// Header fields that the library has no name for. Nil never: they are well formed.
extension HTTPField.Name {
    static let forwardedFor = Self("X-Forwarded-For")
    static let lastEventID = Self("Last-Event-ID")
    static let acceptBuffering = Self("X-Accel-Buffering")
    static let rateLimitLimit = Self("RateLimit-Limit")
    static let rateLimitRemaining = Self("RateLimit-Remaining")
    static let rateLimitReset = Self("RateLimit-Reset")
}

extension HTTPFields {
    /// The value of a field whose name may be none.
    subscript(named name: HTTPField.Name?) -> String? {
        get { name.flatMap { self[$0] } }
        set { if let name { self[name] = newValue } }
    }
}
