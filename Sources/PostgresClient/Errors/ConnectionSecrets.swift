/// Keeps passwords out of everything that is written or thrown. In doubt it hides more.
struct ConnectionSecrets: Sendable {
    private static let mask = "***"

    /// The connection string, well-formed or not, with every secret replaced.
    private(set) var masked = ""
    /// What was replaced, as it stood there.
    private var hidden: [String] = []

    init(of connectionString: String) {
        if let scheme = connectionString.firstRange(of: "://") {
            masked = String(connectionString[..<scheme.upperBound])
            appendURLBody(connectionString[scheme.upperBound...])
        } else {
            appendKeywords(connectionString)
        }
    }

    /// A sentence about the connection without what was hidden: libpq quotes what it stumbles over.
    func redacted(_ sentence: String) -> String {
        var text = sentence
        for secret in hidden.flatMap(Self.spellings).sorted(by: { $0.utf8.count > $1.utf8.count }) {
            // What can be read in the masked string anyway (a user called like the password) gives nothing away.
            if !masked.contains(secret) { text = text.replacing(secret, with: Self.mask) }
        }
        return text
    }

    /// A malformed string may have been cut anywhere, and libpq shows it decoded.
    private static func spellings(_ secret: String) -> [String] {
        let shortest = 4
        let whole = [secret, percentDecoded(secret)]
        let parts = whole.flatMap { $0.split { "@/?:&=, '".contains($0) }.map(String.init) }
        return whole.filter { !$0.isEmpty } + parts.filter { $0.utf8.count >= shortest }
    }

    private static func percentDecoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func appendSecret(_ secret: some StringProtocol) {
        masked += Self.mask
        hidden.append(String(secret))
    }

    // MARK: postgresql://user:password@host/database?password=...

    private mutating func appendURLBody(_ body: Substring) {
        var rest = body
        if let at = body.lastIndex(of: "@") {
            // A password with an unescaped `@`, `/` or `?` ends at the last `@` too.
            let userInfo = body[..<at]
            if let colon = userInfo.firstIndex(of: ":") {
                masked += userInfo[...colon]
                appendSecret(userInfo[userInfo.index(after: colon)...])
            } else {
                masked += userInfo
            }
            rest = body[at...]
        } else if !body.hasPrefix("["), let colon = body.firstIndex(of: ":") {
            // Without `@` it should be `host:port`; a forgotten host would make this a password.
            let end = body[colon...].firstIndex { "/?".contains($0) } ?? body.endIndex
            let port = body[body.index(after: colon)..<end]
            if !port.allSatisfy({ "0123456789,:".contains($0) }) {
                masked += body[...colon]
                appendSecret(port)
                rest = body[end...]
            }
        }
        guard let question = rest.firstIndex(of: "?") else {
            masked += rest
            return
        }
        masked += rest[..<question]
        let pairs = rest[rest.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        for (index, pair) in pairs.enumerated() {
            masked += index == 0 ? "?" : "&"
            appendPair(pair)
        }
    }

    private mutating func appendPair(_ pair: Substring) {
        guard let equals = pair.firstIndex(of: "=") else {
            masked += pair
            return
        }
        let keyword = pair[..<equals]
        masked += pair[...equals]
        let value = pair[pair.index(after: equals)...]
        // A percent sign in a keyword spells it in a way that is not looked through here.
        if Self.isSecret(keyword) || keyword.contains("%") { appendSecret(value) } else { masked += value }
    }

    // MARK: host=... password = 'it\'s'

    private mutating func appendKeywords(_ text: String) {
        var rest = Substring(text)
        while let equals = rest.firstIndex(of: "=") {
            let keyword = rest[..<equals].split(whereSeparator: \.isWhitespace).last ?? ""
            masked += rest[...equals]
            rest = rest[rest.index(after: equals)...]
            let value = Self.takeValue(&rest)
            if Self.isSecret(keyword) { appendSecret(value) } else { masked += value }
        }
        masked += rest
    }

    /// Takes a value off the front, with the blanks before it.
    private static func takeValue(_ rest: inout Substring) -> String {
        var value = ""
        while rest.first?.isWhitespace == true { value.append(rest.removeFirst()) }
        let isQuoted = rest.first == "'"
        if isQuoted { value.append(rest.removeFirst()) }
        while let next = rest.first {
            if !isQuoted, next.isWhitespace { break }
            value.append(rest.removeFirst())
            if next == "\\", !rest.isEmpty { value.append(rest.removeFirst()) }
            if isQuoted, next == "'" { break }
        }
        return value
    }

    /// `password`, `sslpassword`, `passfile`.
    private static func isSecret(_ keyword: some StringProtocol) -> Bool {
        keyword.lowercased().contains("pass")
    }
}
