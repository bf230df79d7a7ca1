import Exchanges
import HTTPTypes
import Hummingbird

/// Below `/api/v3` every error speaks Binance's dialect, whoever it comes from: a problem becomes `{code,msg}`.
struct BinanceMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    static let prefix = "/api/v3"

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        let response = try await next(request, context)
        guard path == Self.prefix || path.hasPrefix(Self.prefix + "/"),
            response.headers[.contentType]?.hasPrefix("application/problem+json") ?? false
        else { return response }
        var translated = BinanceAnswer.refusal(Self.body(response.status))
        // What was said beside the problem (when to come back, how much is left) stays.
        for field in response.headers where field.name != .contentType && field.name != .contentLength {
            translated.headers[field.name] = field.value
        }
        return translated
    }

    private static func body(_ status: HTTPResponse.Status) -> BinanceErrorBody {
        switch status.code {
        case 404: .notFound
        case 405: .methodNotAllowed
        case 401, 403: BinanceErrorBody(status: status.code, code: -1002, message: "You are not authorized.")
        case 413: BinanceErrorBody(status: 413, code: -1000, message: "The request is too large.")
        case 429: .refused(status: 429)
        case 503: .unavailable("Internal error; unable to process your request. Please try again.")
        case 400..<500: BinanceErrorBody(status: status.code, code: -1000, message: "The request cannot be answered.")
        default: .unknown
        }
    }
}

/// Answers of Binance's dialect.
enum BinanceAnswer {
    static func ok(_ body: [UInt8]) -> Response { .json(bytes: body) }

    static func refusal(_ error: BinanceErrorBody) -> Response {
        var response = Response.json(HTTPResponse.Status(code: error.status), bytes: error.encoded())
        if error.status == 503 { response.headers[.retryAfter] = "2" }
        return response
    }
}

extension BinanceErrorBody {
    /// Binance's -1001: try again in a moment.
    static func unavailable(_ message: String) -> Self { Self(status: 503, code: -1001, message: message) }

    static let unknown = Self(
        status: 500, code: -1000, message: "An unknown error occurred while processing the request.")

    init(_ error: KlineError) {
        switch error {
        case .unsupportedInterval: self = .invalidInterval
        case .history(let error) where error.isTransient:
            self = .unavailable("History cannot be read now (\(error)). Try again in a moment.")
        case .overflow, .history: self = .unknown
        }
    }
}
