import Exchanges

/// What the address of a stream connection asks for: `/ws`, `/ws/<stream>/<stream>`,
/// `/stream?streams=<stream>/<stream>`.
struct StreamAddress: Hashable, Sendable {
    /// Names as they came; Binance takes any and sends nothing for those that it does not have.
    let streams: [String]
    /// Whether each message is wrapped with the name of its stream.
    let isCombined: Bool
    let timeUnit: BinanceTimeUnit

    /// Nil where the path is none of a stream's.
    init?(path: String, query: String) {
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
            streams = Self.names(Self.decoded(path.dropFirst(4)))
        } else {
            return nil
        }
    }

    private static func names(_ text: String) -> [String] {
        var names: [String] = []
        for name in text.split(separator: "/").map(String.init) where !names.contains(name) { names.append(name) }
        return names
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
