import HTTPTypes
import Hummingbird

/// `/events`: the live feed for those who cannot use WebSockets.
struct EventRoutes: Sendable {
    static let paths = ["/events"]

    let configuration: APIConfiguration
    let board: LiveBoard
    let gate: ClientGate
    let metrics: FeedMetrics

    func add(to router: Router<APIRequestContext>) {
        router.get("events") { request, context in try answer(request, context) }
    }

    private func answer(_ request: Request, _ context: APIRequestContext) throws(Problem) -> Response {
        let asked = try EventRequest(request, configuration: configuration, board: board)
        try gate.requireRoom()
        let session = EventSession(
            board: board, limits: configuration.feedLimits, metrics: metrics, request: asked)
        let remote = context.remoteAddress ?? "-"
        var headers: HTTPFields = [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"]
        // Some proxies would keep events until they have a packet full.
        headers[named: .acceptBuffering] = "no"
        return Response(
            status: .ok, headers: headers,
            body: .init { [gate] writer in
                try await gate.admitEvents(remote: remote) { try await session.run(&writer) }
                try await writer.finish(nil)
            })
    }
}
