import HTTPTypes
import Hummingbird

/// Answers OPTIONS, and lets pages of other origins read answers where `CORS_ORIGINS` names them. Off by default.
struct CrossOriginMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    private enum Field {
        static let allowOrigin = HTTPField.Name("Access-Control-Allow-Origin")
        static let allowMethods = HTTPField.Name("Access-Control-Allow-Methods")
        static let allowHeaders = HTTPField.Name("Access-Control-Allow-Headers")
        static let exposeHeaders = HTTPField.Name("Access-Control-Expose-Headers")
        static let maxAge = HTTPField.Name("Access-Control-Max-Age")
        static let requestMethod = HTTPField.Name("Access-Control-Request-Method")
    }

    /// How long a browser may keep the answer to a preflight request, in seconds.
    private static let maxAgeSeconds = 600

    let knownPaths: KnownPaths
    /// `https://example.org`, or `*` for all; empty for none.
    let origins: [String]

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        if request.method == .options, let methods = knownPaths.allowedMethods(request.uri.path) {
            response = Response(status: .noContent, headers: [.allow: methods, .cacheControl: "no-store"])
            if let asked = Field.requestMethod, request.headers[asked] != nil, allowed(request) != nil {
                set(Field.allowMethods, methods, in: &response)
                set(Field.allowHeaders, "Authorization, Content-Type, If-None-Match", in: &response)
                set(Field.maxAge, String(Self.maxAgeSeconds), in: &response)
            }
        } else {
            response = try await next(request, context)
        }
        guard !origins.isEmpty else { return response }
        if !origins.contains("*") { response.headers.addVary("Origin") }
        guard let origin = allowed(request) else { return response }
        set(Field.allowOrigin, origin, in: &response)
        set(
            Field.exposeHeaders, "ETag, Link, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
            in: &response)
        return response
    }

    /// What `Access-Control-Allow-Origin` says; nil for an origin that is not allowed, or none.
    private func allowed(_ request: Request) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        if origins.contains("*") { return "*" }
        return origins.contains(origin.lowercased()) ? origin : nil
    }

    private func set(_ name: HTTPField.Name?, _ value: String, in response: inout Response) {
        if let name { response.headers[name] = value }
    }
}
