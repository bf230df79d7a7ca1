import Hummingbird
import Logging
import ServiceKit

/// One line and two metrics for every request, by route and never by raw path.
struct AccessLogMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    let logger: Logger
    let time: TimeSource
    let metrics: RequestMetrics
    let addresses: ClientAddresses

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = time.monotonicMicros
        var context = context
        context.remoteAddress = addresses.address(peer: context.remoteAddress, request.headers)
        let response = try await next(request, context)
        let micros = time.monotonicMicros - start
        let route = context.endpointPath ?? "NotFound"
        metrics.record(
            route: route, method: request.method.rawValue, status: response.status.code, durationMicros: micros)
        logger.log(
            level: Self.isChatter(route) ? .debug : .info, "request",
            metadata: [
                "method": "\(request.method.rawValue.prefix(16))", "path": "\(request.uri.string.prefix(512))",
                "status": "\(response.status.code)", "duration_us": "\(micros)",
                "remote": "\(context.remoteAddress ?? "-")",
            ])
        return response
    }

    /// What probes ask every few seconds would drown the rest.
    private static func isChatter(_ route: String) -> Bool { ["/health", "/ready", "/metrics"].contains(route) }
}
