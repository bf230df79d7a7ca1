import ServiceKit
import ServiceLifecycle

/// Tells every `/feed` client how fresh the data is: every few seconds, along with other messages where there are any,
/// and at once when a state changes.
struct StatusPublisher: Service {
    let board: LiveBoard
    let health: HealthBoard
    let configuration: APIConfiguration
    let time: TimeSource

    func run() async throws {
        await cancelWhenGracefulShutdown { await publish() }
    }

    private func publish() async {
        var lastStates: [String] = []
        var lastMicros = Int64.min
        var isDelivered = true
        while !Task.isCancelled {
            let status = FeedStatus(
                feed: board.feed, venues: board.venueReports(),
                silentAfterMillis: configuration.venueSilentAfterMillis, marketSource: configuration.marketSource,
                isHistoryAvailable: health.snapshot()[StoreGuard.part] == .ok)
            let now = time.monotonicMicros
            let isNews = status.states != lastStates
            if isNews || now - lastMicros >= configuration.statusEveryMillis * 1_000 {
                lastStates = status.states
                lastMicros = now
                isDelivered = isNews
                board.publishStatus(status.message(atWallMicros: time.wallMicros), isNews: isNews)
            } else if !isDelivered, now - lastMicros >= configuration.statusEveryMillis * 1_000 / 2 {
                isDelivered = true
                board.deliverStatus()
            }
            do { try await Task.sleep(for: .milliseconds(configuration.statusCheckMillis)) } catch { return }
        }
    }
}
