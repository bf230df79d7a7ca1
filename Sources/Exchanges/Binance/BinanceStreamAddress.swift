/// What the address of a stream connection asks for: `/ws`, `/ws/<stream>/<stream>`,
/// `/stream?streams=<stream>/<stream>`.
public struct BinanceStreamAddress: Hashable, Sendable {
    /// Names as they came; Binance takes any and sends nothing for those that it does not have.
    public let streams: [String]
    /// Whether each message is wrapped with the name of its stream.
    public let isCombined: Bool
    public let timeUnit: BinanceTimeUnit

    /// Nil where the path is none of a stream's.
    public init?(path: String, query: String) {
        var parameters: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { parameters[String(parts[0])] = Self.decoded(parts[1]) }
        }
        let unit = parameters["timeUnit"]?.uppercased()
        timeUnit = unit == "MICROSECOND" ? .microsecond : .millisecond
        if path == "/stream" {
            isCombined = true
            streams = Self.names(parameters["streams"] ?? "")
        } else if path == "/ws" || path.hasPrefix("/ws/") {
            isCombined = false
            // Names are told apart before they are decoded: `%2F` stands for a stroke inside one.
            streams = Self.unique(path.dropFirst(4).split(separator: "/").map(Self.decoded))
        } else {
            return nil
        }
    }

    private static func names(_ text: String) -> [String] { unique(text.split(separator: "/").map(String.init)) }

    private static func unique(_ names: [String]) -> [String] {
        var known: Set<String> = []
        return names.filter { known.insert($0).inserted }
    }

    /// Percent-decoding; what cannot be decoded stays as it is.
    private static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
