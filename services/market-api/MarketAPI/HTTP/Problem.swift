import Hummingbird
import MarketCore
import MarketWire

/// An error as RFC 9457 tells it: `application/problem+json` with a sentence that the caller can act on.
struct Problem: Error, Hashable, Sendable {
    /// What went wrong, as the last part of the problem's type.
    enum Kind: String, CaseIterable, Sendable {
        case unknownParameter = "unknown-parameter"
        case invalidParameter = "invalid-parameter"
        case unauthorized
        case mutationsDisabled = "mutations-disabled"
        case unknownSymbol = "unknown-symbol"
        case symbolNotFollowed = "symbol-not-followed"
        case noTradeYet = "no-trade-yet"
        case noOpenCandle = "no-open-candle"
        case noClosedCandle = "no-closed-candle"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case contentTooLarge = "content-too-large"
        case malformedRequest = "malformed-request"
        case historyUnavailable = "history-unavailable"
        case liveUnavailable = "live-unavailable"
        case venueUnavailable = "venue-unavailable"
        case logUnavailable = "log-unavailable"
        case tradesUnavailable = "trades-unavailable"
        case tooManyClients = "too-many-clients"
        case tooManyRequests = "too-many-requests"
        case originRefused = "origin-refused"
        case upgradeRequired = "upgrade-required"
        case assetMissing = "asset-missing"
        case internalError = "internal-error"

        /// The same for every occurrence.
        var title: String {
            switch self {
            case .unknownParameter: "Unknown parameter"
            case .invalidParameter: "Invalid parameter"
            case .unauthorized: "Token missing or wrong"
            case .mutationsDisabled: "Changes are not enabled"
            case .unknownSymbol: "Unknown symbol"
            case .symbolNotFollowed: "Symbol not followed"
            case .noTradeYet: "No trade yet"
            case .noOpenCandle: "No open candle"
            case .noClosedCandle: "No closed candle"
            case .notFound: "Not found"
            case .methodNotAllowed: "Method not allowed"
            case .contentTooLarge: "Request body too large"
            case .malformedRequest: "No HTTP request"
            case .historyUnavailable: "History unavailable"
            case .liveUnavailable: "Live data unavailable"
            case .venueUnavailable: "Venue unavailable"
            case .logUnavailable: "Kafka unavailable"
            case .tradesUnavailable: "Recent trades unavailable"
            case .tooManyClients: "Too many clients"
            case .tooManyRequests: "Too many requests"
            case .originRefused: "Origin refused"
            case .upgradeRequired: "WebSocket expected"
            case .assetMissing: "Page asset missing"
            case .internalError: "Internal error"
            }
        }

        var status: HTTPResponse.Status {
            switch self {
            case .unknownParameter, .invalidParameter, .malformedRequest: .badRequest
            case .unauthorized: .unauthorized
            case .mutationsDisabled, .originRefused: .forbidden
            case .tooManyRequests: .tooManyRequests
            case .unknownSymbol, .symbolNotFollowed, .noTradeYet, .noOpenCandle, .noClosedCandle, .notFound,
                .assetMissing:
                .notFound
            case .methodNotAllowed: .methodNotAllowed
            case .upgradeRequired: .upgradeRequired
            case .contentTooLarge: .contentTooLarge
            case .historyUnavailable, .liveUnavailable, .venueUnavailable, .logUnavailable, .tradesUnavailable,
                .tooManyClients:
                .serviceUnavailable
            case .internalError: .internalServerError
            }
        }
    }

    static let mediaType = "application/problem+json"

    let kind: Kind
    /// The sentence about this occurrence.
    let detail: String
    /// The parameter at fault, where it is one.
    var parameter: String?
    /// When to come back, in seconds; sent as `Retry-After`.
    var retryAfterSeconds: Int?
    /// What the path does answer to, for 405.
    var allowedMethods: String?

    init(
        _ kind: Kind, _ detail: String, parameter: String? = nil, retryAfterSeconds: Int? = nil,
        allowedMethods: String? = nil
    ) {
        self.kind = kind
        self.detail = detail
        self.parameter = parameter
        self.retryAfterSeconds = retryAfterSeconds
        self.allowedMethods = allowedMethods
    }

    /// The body.
    func json(path: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "urn:market-stream:problem:\(kind.rawValue)")
        writer.field("title", kind.title)
        writer.field("status", Int64(kind.status.code))
        writer.field("detail", detail)
        writer.field("instance", path)
        if let parameter { writer.field("parameter", parameter) }
        writer.endObject()
        return writer.bytes
    }

    /// The whole answer.
    func response(path: String) -> Response {
        var headers: HTTPFields = [.contentType: Self.mediaType, .cacheControl: "no-store"]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if let allowedMethods { headers[.allow] = allowedMethods }
        if kind == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: kind.status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json(path: path))))
    }
}

extension Problem: HTTPResponseError {
    var status: HTTPResponse.Status { kind.status }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        response(path: request.uri.path)
    }
}

extension Problem {
    /// Why history cannot be given.
    init(_ error: HistoryError) {
        guard error.isTransient else {
            self.init(.internalError, "History cannot be read (\(error)): the server's log says why.")
            return
        }
        self.init(
            .historyUnavailable,
            "History cannot be read now (\(error)). /price and /current-candle go on. Try again in a moment.",
            retryAfterSeconds: 2)
    }

    static func notFollowed(_ instrument: Instrument, parameter: String = "symbol") -> Problem {
        Problem(
            .symbolNotFollowed,
            "\(instrument.key) is not followed: /symbols lists those that are; "
                + "POST /symbol/\(instrument.key.replacing("/", with: "%2F"))/subscribe adds one.",
            parameter: parameter)
    }
}
