import HTTPTypes
import Hummingbird

/// Marks the answers that are worth compressing: texts of more than a packet. The channel compresses what is marked and
/// what the client accepts (``WebSocketServerConfiguration/compressionMarker``).
struct CompressionMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    static let marker = "x-compress-answer"
    /// Shorter bodies fit into one packet anyway.
    static let minimumBytes = 1_024
    private static let types = [
        "application/json", "application/problem+json", "application/yaml", "text/", "image/svg+xml",
    ]

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let type = response.headers[.contentType], Self.types.contains(where: type.hasPrefix),
            (response.body.contentLength ?? 0) >= Self.minimumBytes
        else { return response }
        response.headers.addVary("Accept-Encoding")
        guard request.method != .head, Self.accepts(request.headers[.acceptEncoding]),
            let marker = HTTPField.Name(Self.marker)
        else { return response }
        response.headers[marker] = "1"
        if let tag = response.headers[.eTag] { response.headers[.eTag] = EntityTag.compressed(tag) }
        return response
    }

    /// Whether a client takes gzip or deflate.
    static func accepts(_ acceptEncoding: String?) -> Bool {
        guard let acceptEncoding else { return false }
        return acceptEncoding.split(separator: ",").contains { part in
            let fields = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let coding = fields.first, ["gzip", "x-gzip", "deflate", "*"].contains(coding) else { return false }
            let weight = fields.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            return weight > 0
        }
    }
}

extension HTTPFields {
    /// Adds a name to `Vary`, which may hold others.
    mutating func addVary(_ name: String) {
        guard let known = self[.vary] else {
            self[.vary] = name
            return
        }
        if !known.lowercased().contains(name.lowercased()) { self[.vary] = "\(known), \(name)" }
    }
}
