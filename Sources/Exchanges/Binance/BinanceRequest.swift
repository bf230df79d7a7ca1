import MarketCore
import MarketWire

/// What a client may ask on a stream connection.
public struct BinanceRequest: Hashable, Sendable {
    public enum Method: Hashable, Sendable {
        case subscribe([String])
        case unsubscribe([String])
        case listSubscriptions
        case setCombined(Bool)
        case getCombined
    }

    /// The client's own number or text, given back with the answer. As JSON: `1`, `"a"` or `null`.
    public struct ID: Hashable, Sendable {
        public let json: String

        public init(_ number: Int64) { json = String(number) }

        init(json: String) { self.json = json }

        public static let null = ID(json: "null")
    }

    public let method: Method
    public let id: ID

    public init(_ method: Method, id: ID) {
        self.method = method
        self.id = id
    }

    /// The request as JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        let (name, parameters): (String, [JSONValue]?) =
            switch method {
            case .subscribe(let streams): ("SUBSCRIBE", streams.map { .string($0) })
            case .unsubscribe(let streams): ("UNSUBSCRIBE", streams.map { .string($0) })
            case .listSubscriptions: ("LIST_SUBSCRIPTIONS", nil)
            case .setCombined(let value): ("SET_PROPERTY", [.string("combined"), .bool(value)])
            case .getCombined: ("GET_PROPERTY", [.string("combined")])
            }
        json.field("method", name)
        if let parameters {
            json.key("params")
            json.beginArray()
            for parameter in parameters {
                switch parameter {
                case .string(let text): json.string(text)
                case .bool(let value): json.bool(value)
                default: json.null()
                }
            }
            json.endArray()
        }
        json.key("id")
        json.literal(id.json)
        json.endObject()
        return json.bytes
    }
}

/// Why a request was not understood, in Binance's codes and words.
public struct BinanceRequestError: Error, Hashable, Sendable {
    public let code: Int
    public let message: String
    /// The request's id as far as one could be read.
    public let id: BinanceRequest.ID

    public init(_ code: Int, _ message: String, _ id: BinanceRequest.ID = .null) {
        self.code = code
        self.message = message
        self.id = id
    }
}

extension BinanceRequest {
    /// Reads a client's request.
    public init(parsing bytes: RawSpan) throws(BinanceRequestError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, maxDepth: 8)
        } catch {
            throw BinanceRequestError(3, "Invalid JSON: \(error.detail) at line 1 column \(error.offset + 1)")
        }
        guard value.members != nil else { throw BinanceRequestError(2, "Invalid request: request must be an object") }
        let id = try Self.id(value["id"])
        guard let method = value["method"] else {
            throw BinanceRequestError(
                2, "Invalid request: missing field `method` at line 1 column \(bytes.byteCount)", id)
        }
        guard let name = method.text else {
            throw BinanceRequestError(2, "Invalid request: property name must be a string", id)
        }
        let parameters = value["params"]?.elements ?? []
        switch name {
        case "SUBSCRIBE": self.init(.subscribe(try Self.streams(value["params"], id)), id: id)
        case "UNSUBSCRIBE": self.init(.unsubscribe(try Self.streams(value["params"], id)), id: id)
        case "LIST_SUBSCRIPTIONS": self.init(.listSubscriptions, id: id)
        case "SET_PROPERTY", "GET_PROPERTY":
            guard parameters.first?.text == "combined" else { throw BinanceRequestError(0, "Unknown property", id) }
            guard name == "SET_PROPERTY" else {
                self.init(.getCombined, id: id)
                return
            }
            guard parameters.count == 2, let value = parameters[1].isTrue else {
                throw BinanceRequestError(1, "Invalid value type: expected Boolean", id)
            }
            self.init(.setCombined(value), id: id)
        default:
            throw BinanceRequestError(
                2,
                "Invalid request: unknown variant `\(name.prefix(64))`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
                    + "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`", id)
        }
    }

    private static func id(_ value: JSONValue?) throws(BinanceRequestError) -> ID {
        switch value {
        case .null?, nil: return .null
        case .number?:
            guard let number = value?.integer else { break }
            return ID(number)
        case .string(let text)?:
            let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
            guard text.utf8.count <= 36, isPlain else { break }
            return ID(json: "\"\(text)\"")
        default: break
        }
        throw BinanceRequestError(2, "Invalid request: request ID must be an unsigned integer or a short string")
    }

    private static func streams(_ value: JSONValue?, _ id: ID) throws(BinanceRequestError) -> [String] {
        guard let elements = value?.elements else {
            throw BinanceRequestError(2, "Invalid request: params must be an array of stream names", id)
        }
        var streams: [String] = []
        for element in elements {
            guard let text = element.text else {
                throw BinanceRequestError(2, "Invalid request: stream name must be a string", id)
            }
            streams.append(text)
        }
        return streams
    }
}

/// The server's answers to such requests.
public enum BinanceReply {
    public static func granted(_ id: BinanceRequest.ID) -> [UInt8] { Array(#"{"result":null,"id":\#(id.json)}"#.utf8) }

    public static func property(_ value: Bool, _ id: BinanceRequest.ID) -> [UInt8] {
        Array(#"{"result":\#(value),"id":\#(id.json)}"#.utf8)
    }

    public static func subscriptions(_ streams: [String], _ id: BinanceRequest.ID) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("result")
        json.beginArray()
        for stream in streams { json.string(stream) }
        json.endArray()
        json.key("id")
        json.literal(id.json)
        json.endObject()
        return json.bytes
    }

    public static func refused(_ error: BinanceRequestError) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.field("code", error.code)
        json.field("msg", error.message)
        json.endObject()
        json.key("id")
        json.literal(error.id.json)
        json.endObject()
        return json.bytes
    }
}
