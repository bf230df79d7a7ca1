/// One command with its arguments, which may be any bytes: `["SET", "key", "value"]`.
public struct RedisCommand: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// All arguments one after the other, the command's name first.
    private(set) var bytes: [UInt8] = []
    /// How many bytes each argument has.
    private(set) var lengths: [Int] = []

    public init(_ name: String) { append(name) }

    public init(_ arguments: [String]) {
        lengths.reserveCapacity(arguments.count)
        for argument in arguments { append(argument) }
    }

    public init(arrayLiteral arguments: String...) { self.init(arguments) }

    /// Adds an argument: the text's UTF-8.
    public mutating func append(_ text: String) {
        let before = bytes.count
        bytes.append(contentsOf: text.utf8)
        lengths.append(bytes.count - before)
    }

    /// Adds an argument: these bytes as they are.
    public mutating func append(_ argument: [UInt8]) {
        bytes.append(contentsOf: argument)
        lengths.append(argument.count)
    }

    /// Adds an argument: the integer in decimal digits.
    public mutating func append(_ integer: Int64) { append(String(integer)) }

    /// The argument at a place, upper-cased, when there is one; for names of commands.
    func word(at index: Int) -> String? {
        guard index < lengths.count else { return nil }
        let start = lengths[..<index].reduce(0, +)
        return String(decoding: bytes[start..<start + lengths[index]], as: UTF8.self).uppercased()
    }
}
