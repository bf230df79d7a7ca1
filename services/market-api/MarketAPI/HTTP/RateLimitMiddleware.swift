import HTTPTypes
import Hummingbird

/// Refuses who asks too much (429), and tells everybody how much is left, in the words of the IETF's draft
/// (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` in seconds). Probes are never refused.
struct RateLimitMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    private static let probes: Set<String> = ["/health", "/ready"]

    let gate: RequestGate

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        guard !Self.probes.contains(path), let verdict = gate.count(request.headers, from: context.remoteAddress)
        else { return try await next(request, context) }
        var response: Response
        if verdict.isAllowed {
            response = try await next(request, context)
        } else {
            response = Problem(
                .tooManyRequests,
                "More than \(verdict.limit) requests within a minute (RATE_LIMIT): "
                    + "try again in \(verdict.resetSeconds) s, or follow /feed instead of asking again and again.",
                retryAfterSeconds: verdict.resetSeconds
            ).response(path: path)
        }
        response.headers[named: .rateLimitLimit] = String(verdict.limit)
        response.headers[named: .rateLimitRemaining] = String(verdict.remaining)
        response.headers[named: .rateLimitReset] = String(verdict.resetSeconds)
        return response
    }
}

/// A WebSocket of a page that may not open one is refused (403). Answers that pages may not read are the browser's to
/// keep from them; a WebSocket is not.
struct OriginMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    let gate: RequestGate

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        if request.headers[.upgrade]?.lowercased() == "websocket", !gate.allowsOrigin(request.head) {
            throw Problem(
                .originRefused,
                "Pages of \(request.headers[.origin]?.prefix(128) ?? "-") may not connect here: "
                    + "CORS_ORIGINS names those that may.")
        }
        return try await next(request, context)
    }
}
