/// A Lua script that the server runs in one piece.
public struct RedisScript: Sendable, Hashable {
    let source: String
    /// What the server knows it by: 40 hexadecimal digits.
    public let sha1: String

    public init(_ source: String) {
        self.source = source
        sha1 = SHA1.hexadecimalDigest(of: Array(source.utf8))
    }
}

/// One run of a script: the keys it touches and its arguments.
public struct RedisScriptCall: Sendable, Hashable {
    let script: RedisScript
    let command: RedisCommand

    /// - Parameters:
    ///   - keys: `KEYS` of the script.
    ///   - arguments: `ARGV` of the script, any bytes.
    public init(_ script: RedisScript, keys: [String], arguments: [[UInt8]]) {
        var command = Self.head(script, keys)
        for argument in arguments { command.append(argument) }
        self.script = script
        self.command = command
    }

    /// - Parameters:
    ///   - keys: `KEYS` of the script.
    ///   - texts: `ARGV` of the script.
    public init(_ script: RedisScript, keys: [String], texts: [String]) {
        var command = Self.head(script, keys)
        for text in texts { command.append(text) }
        self.script = script
        self.command = command
    }

    private static func head(_ script: RedisScript, _ keys: [String]) -> RedisCommand {
        var command: RedisCommand = ["EVALSHA", script.sha1, String(keys.count)]
        for key in keys { command.append(key) }
        return command
    }
}
