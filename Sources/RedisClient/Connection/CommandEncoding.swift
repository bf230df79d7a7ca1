import CHiredis

/// Commands as the bytes of the protocol, by hiredis.
enum CommandEncoding {
    /// The server takes no larger argument.
    private static let maxCommandBytes = 512 << 20

    /// Commands whose replies do not come one for one, or in another protocol: they would mix up everybody's replies.
    private static let unusable: Set<String> = [
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC",
        "PSYNC", "HELLO", "RESET",
    ]

    /// - Throws: ``RedisError/Code/protocolViolation`` for a command that a shared connection cannot carry.
    static func encode(_ commands: [RedisCommand]) throws(RedisError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(commands.reduce(0) { $0 + $1.bytes.count + 14 * ($1.lengths.count + 1) })
        for command in commands {
            try check(command)
            guard append(command, to: &output) else {
                throw RedisError(.protocolViolation, "a command of \(command.bytes.count) bytes cannot be formatted")
            }
        }
        return output
    }

    /// For the connection's own commands, which may be any.
    static func encodeUnchecked(_ commands: [RedisCommand]) -> [UInt8] {
        var output: [UInt8] = []
        for command in commands { _ = append(command, to: &output) }
        return output
    }

    private static func check(_ command: RedisCommand) throws(RedisError) {
        guard command.bytes.count <= maxCommandBytes else {
            throw RedisError(.protocolViolation, "a command has more than \(maxCommandBytes) bytes")
        }
        // Longer than any of the names below: no need to look at it.
        guard let length = command.lengths.first, length > 0 else {
            throw RedisError(.protocolViolation, "a command has no name")
        }
        guard (4...12).contains(length), let name = command.word(at: 0) else { return }
        if unusable.contains(name) || (name == "CLIENT" && command.word(at: 1) == "REPLY") {
            throw RedisError(.protocolViolation, "\(name) cannot be sent on a connection that others share")
        }
    }

    private static func append(_ command: RedisCommand, to output: inout [UInt8]) -> Bool {
        var formatted: UnsafeMutablePointer<CChar>?
        let length = command.bytes.withUnsafeBytes { bytes -> Int in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var offset = 0
            var arguments: [UnsafePointer<CChar>?] = command.lengths.map { length in
                defer { offset += length }
                return start.map { $0 + offset }
            }
            // int in hiredis 0.14, long long in 1.x.
            return Int(
                redisFormatCommandArgv(&formatted, Int32(clamping: arguments.count), &arguments, command.lengths))
        }
        guard length > 0, let formatted else { return false }
        output.append(contentsOf: UnsafeRawBufferPointer(start: formatted, count: length))
        redisFreeCommand(formatted)
        return true
    }
}
