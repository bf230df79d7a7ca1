/// One point, as a line of line protocol (docs.influxdata.com, "InfluxDB line protocol reference").
///
/// Times are whole seconds. Fields are floats, written as the decimal text they are given as: what is lost when a
/// server keeps it as a double is lost there.
public struct InfluxPoint: Sendable, Hashable {
    /// A tag or field: its key and its value as text.
    public struct Pair: Sendable, Hashable {
        public let key: String
        public let value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The line, without its end.
    public let line: String

    /// - Parameters:
    ///   - tags: text; points of the same measurement, tags and time are one, the later replaces the former's fields.
    ///   - fields: plain decimal numbers, `-12.5`; at least one.
    ///   - timeSeconds: unix seconds.
    /// - Throws: ``InfluxError`` of kind `point` where line protocol has no way to say it.
    public init(
        measurement: String, tags: [Pair], fields: [Pair], timeSeconds: Int64
    ) throws(InfluxError) {
        var line = try Self.escaped(measurement, in: "measurement", special: ", ")
        for tag in tags.sorted(by: { $0.key < $1.key }) {
            line += try "," + Self.escaped(tag.key, in: "tag", special: ",= ")
            line += try "=" + Self.escaped(tag.value, in: tag.key, special: ",= ")
        }
        guard !fields.isEmpty else { throw InfluxError(.point, "a point without fields cannot be written") }
        var separator = " "
        for field in fields {
            guard Self.isDecimal(field.value) else {
                throw InfluxError(.point, "field \(field.key) is no plain decimal number")
            }
            line += try separator + Self.escaped(field.key, in: "field", special: ",= ") + "=" + field.value
            separator = ","
        }
        self.line = line + " \(timeSeconds)"
    }

    /// The body of one request.
    public static func body(_ points: [InfluxPoint]) -> String {
        points.map(\.line).joined(separator: "\n") + "\n"
    }

    /// A backslash before each special character. Line protocol has no escape for a line's end, and a backslash at the
    /// end would escape what follows.
    private static func escaped(
        _ text: String, in what: String, special: String
    ) throws(InfluxError) -> String {
        guard !text.isEmpty, text.last != "\\", !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw InfluxError(.point, "\(what) is empty, ends with a backslash or holds a control character")
        }
        var result = ""
        for character in text {
            if special.contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }

    private static func isDecimal(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard text.utf8.count - digits.count <= 1 else { return false }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
    }
}
