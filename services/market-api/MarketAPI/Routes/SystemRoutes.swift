import Hummingbird
import MarketWire
import ServiceKit

/// How the whole system does, for operators: `/system`, which the page `/dashboard/system` shows.
struct SystemRoutes: Sendable {
    static let paths = ["/system", "/dashboard/system"]

    let configuration: APIConfiguration
    let board: LiveBoard
    let gate: ClientGate
    let health: HealthBoard
    /// Nil where nothing else is known than this server itself.
    let watch: SystemWatch?
    let pages: DashboardRoutes
    let time: TimeSource
    let startedMicros: Int64

    func add(to router: Router<APIRequestContext>) {
        router.get("system") { request, _ in
            _ = try QueryReader(request, known: [])
            await watch?.refresh()
            return Response.json { writer in report().encode(into: &writer) }
        }
        // The page reads its own parameters.
        router.get("dashboard/system") { request, _ in pages.page(request, DashboardAssets.systemPage) }
    }

    private func report() -> SystemReport {
        let now = time.wallMicros
        return SystemReport(
            nowMicros: now, marketSource: configuration.marketSource, api: figures(now), venues: board.venueReports(),
            producers: watch?.producers.all(since: now - HeartbeatRecord.forgottenMicros) ?? [],
            processors: watch.flatMap { $0.current($0.processors) }, stored: watch.flatMap { $0.current($0.stored) },
            endOffsets: watch.flatMap { $0.current($0.endOffsets) } ?? [:], stores: watch?.stores ?? [])
    }

    private func figures(_ now: Int64) -> APIFigures {
        APIFigures(
            startedMicros: startedMicros, webSocketClients: gate.webSocketCount, eventClients: gate.eventCount,
            clientLimit: configuration.maxWebSocketClients, feed: board.feed.name,
            eventToAPI: board.arrivals.figures(atMicros: now),
            parts: health.snapshot().sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
}
