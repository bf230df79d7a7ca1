import MarketWire

/// An error of Binance's REST interface: an HTTP status and the body `{"code":-1121,"msg":"Invalid symbol."}`.
public struct BinanceErrorBody: Error, Hashable, Sendable, CustomStringConvertible {
    public let status: Int
    public let code: Int
    public let message: String

    public init(status: Int = 400, code: Int, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// Reads the body of a refusal; nil where it is none of Binance's.
    public init?(status: Int, parsing body: [UInt8]) {
        guard let value = try? JSONValue(parsing: body), let code = value["code"]?.integer,
            let message = value["msg"]?.text
        else { return nil }
        self.init(status: status, code: Int(clamping: code), message: message)
    }

    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("code", code)
        json.field("msg", message)
        json.endObject()
        return json.bytes
    }

    public var description: String { "\(message) (code \(code))" }

    // MARK: The errors that market data requests meet

    public static let invalidSymbol = Self(code: -1121, message: "Invalid symbol.")
    public static let invalidInterval = Self(code: -1120, message: "Invalid interval.")
    public static let invalidCombination = Self(
        code: -1128, message: "Combination of optional parameters invalid.")
    public static let unsupportedBySource = Self(
        code: -1020, message: "This operation is not supported.")
    public static let notFound = Self(status: 404, code: -1000, message: "There is no such endpoint.")
    public static let methodNotAllowed = Self(status: 405, code: -1000, message: "Only GET is answered here.")

    public static func missing(_ parameter: String) -> Self {
        Self(code: -1102, message: "Mandatory parameter '\(parameter)' was not sent, was empty/null, or malformed.")
    }

    public static func empty(_ parameter: String) -> Self {
        Self(code: -1105, message: "Parameter '\(parameter)' was empty.")
    }

    public static func illegalCharacters(_ parameter: String, legal: String) -> Self {
        Self(
            code: -1100,
            message: "Illegal characters found in parameter '\(parameter)'; legal range is '\(legal)'.")
    }

    public static func notValid(_ parameter: String) -> Self {
        Self(code: -1130, message: "Data sent for parameter '\(parameter)' is not valid.")
    }

    public static func unread(sent: Int, read: Int) -> Self {
        Self(
            code: -1104,
            message: "Not all sent parameters were read; read '\(read)' parameter(s) but was sent '\(sent)'.")
    }

    public static func duplicate(_ parameter: String) -> Self {
        Self(code: -1101, message: "Duplicate values for parameter '\(parameter)'.")
    }

    /// 429: asked too much. 418: went on asking after that.
    public static func refused(status: Int) -> Self {
        Self(
            status: status, code: -1003,
            message: status == 418 ? "Way too much request weight used; IP banned." : "Too many requests.")
    }

    public static func tooMuchWeight(limit: Int) -> Self {
        Self(
            status: 429, code: -1003,
            message: "Too much request weight used; current limit is \(limit) request weight per 1 MINUTE. "
                + "Please use WebSocket Streams for live updates to avoid polling the API.")
    }
}
