/// The parts of a `redis://` URL. No message quotes any of it: a misplaced character could make the password look
/// like another part.
struct RedisURL {
    private(set) var host = ""
    private(set) var port: UInt16 = 6379
    private(set) var username: String?
    private(set) var password: String?
    private(set) var database = 0
    private(set) var tls: RedisTLS?

    init(_ url: String) throws(RedisError) {
        guard let scheme = url.firstRange(of: "://") else {
            throw Self.problem("it must begin with redis:// or rediss://")
        }
        switch url[..<scheme.lowerBound].lowercased() {
        case "redis": tls = nil
        case "rediss": tls = RedisTLS()
        default: throw Self.problem("it must begin with redis:// or rediss://")
        }
        let (beforeQuery, query) = Self.cut(url[scheme.upperBound...], at: "?")
        let (authority, path) = Self.cut(beforeQuery, at: "/")
        if let at = authority.lastIndex(of: "@") {
            try takeUser(authority[..<at])
            try takeAddress(authority[authority.index(after: at)...])
        } else {
            try takeAddress(authority)
        }
        try takeDatabase(path)
        if let query { try takeOptions(query) }
    }

    private mutating func takeUser(_ text: Substring) throws(RedisError) {
        let (name, secret) = Self.cut(text, at: ":")
        guard let name = PercentText.decoded(name), let secret = secret.map(PercentText.decoded) ?? "" else {
            throw Self.problem("user and password must be percent-encoded UTF-8 (% is %25, @ is %40, / is %2F)")
        }
        username = name.isEmpty ? nil : name
        password = secret.isEmpty ? nil : secret
        if username != nil, password == nil { throw Self.problem("it names a user without a password: user:password@") }
    }

    private mutating func takeAddress(_ text: Substring) throws(RedisError) {
        var rest = text
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw Self.problem("an IPv6 address ends with ]") }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw Self.problem("after ] comes :port or nothing") }
            if !rest.isEmpty { try takePort(rest.dropFirst()) }
        } else {
            let (name, port) = Self.cut(rest, at: ":")
            host = String(name)
            if let port { try takePort(port) }
        }
        guard !host.isEmpty, host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-_:%".contains($0)) })
        else {
            throw Self.problem(
                "it needs a host: redis://host:6379 (a password with @ / ? # in it must be percent-encoded)")
        }
    }

    private mutating func takePort(_ text: Substring) throws(RedisError) {
        guard text.allSatisfy(\.isNumber), let number = UInt16(text), number > 0 else {
            throw Self.problem("the port must be 1...65535 (a password with @ / ? # in it must be percent-encoded)")
        }
        port = number
    }

    private mutating func takeDatabase(_ path: Substring?) throws(RedisError) {
        guard let path, !path.isEmpty else { return }
        guard path.allSatisfy(\.isNumber), let number = Int32(path) else {
            throw Self.problem("after the host may come /database, a number from 0 up")
        }
        database = Int(number)
    }

    private mutating func takeOptions(_ query: Substring) throws(RedisError) {
        guard var files = tls else { throw Self.problem("options after ? are for rediss:// only") }
        for option in query.split(separator: "&") {
            let (name, value) = Self.cut(option, at: "=")
            guard let path = value.flatMap(PercentText.decoded), !path.isEmpty else {
                throw Self.problem("an option is name=/path/of/a/file")
            }
            switch name {
            case "cacert": files.caCertificatePath = path
            case "cert": files.certificatePath = path
            case "key": files.keyPath = path
            default: throw Self.problem("the options are cacert, cert and key")
            }
        }
        guard (files.certificatePath == nil) == (files.keyPath == nil) else {
            throw Self.problem("cert and key belong together")
        }
        tls = files
    }

    /// What stands before the first separator, and after it if there is one.
    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func problem(_ sentence: String) -> RedisError {
        RedisError(.configuration, "the URL of Redis cannot be read: \(sentence)")
    }
}

/// Percent-encoding of RFC 3986.
enum PercentText {
    /// Nil when a `%` is not followed by two hexadecimal digits, or the whole is not UTF-8.
    static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                    let value = UInt8(digits, radix: 16)
                else { return nil }
                rest = rest.dropFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String {
        let plain = Set("-._~".utf8)
        return text.utf8.map { byte in
            let scalar = Character(UnicodeScalar(byte))
            if scalar.isASCII && (scalar.isLetter || scalar.isNumber) || plain.contains(byte) { return String(scalar) }
            return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
