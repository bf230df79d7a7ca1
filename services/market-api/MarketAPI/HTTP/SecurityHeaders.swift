import HTTPTypes
import Hummingbird

/// Headers that every answer carries. Pages add their content security policy.
struct SecurityHeadersMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    /// No inline script, no inline style, nothing from elsewhere; `'self'` covers the page's own WebSocket.
    static let pagePolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "manifest-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for field in Self.fields { response.headers.append(field) }
        if response.headers[.contentSecurityPolicy] == nil { response.headers.append(Self.dataPolicy) }
        return response
    }

    // Made once: no route sets them, and every answer has them.
    private static let fields =
        [HTTPField(name: .xContentTypeOptions, value: "nosniff")]
        + [HTTPField.Name("Referrer-Policy")].compactMap { name in
            name.map { HTTPField(name: $0, value: "no-referrer") }
        }
    private static let dataPolicy = HTTPField(
        name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'")
}
