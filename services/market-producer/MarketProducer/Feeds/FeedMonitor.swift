import Exchanges
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import Synchronization

/// Takes what a feed reads to Kafka, and knows how the connection is.
struct FeedMonitor: TradeReceiver {
    let publisher: TradePublisher
    /// Nil where the venue gives no past trades.
    let backfiller: Backfiller?
    let statuses: FeedStatuses
    let health: HealthBoard
    let logger: Logger
    let time: TimeSource
    let clock = VenueClock()

    private static let unusable = Counter(label: "producer_messages_unusable_total")
    private static let reconnects = Counter(label: "producer_reconnects_total")

    func receive(_ trades: [Trade], from connection: String) async throws {
        statuses[connection].traded(trades, atMicros: time.wallMicros)
        clock.saw(trades, atMicros: time.wallMicros, health, logger)
        try await publisher.send(trades)
        backfiller?.live(trades)
    }

    func connection(_ name: String, _ event: ConnectionEvent) {
        let status = statuses[name]
        let now = time.wallMicros
        switch event {
        case .message:
            status.messageCame(atMicros: now)
        case .connecting:
            status.set(.connecting, atMicros: now)
            health.set(name, .starting("connecting"))
        case .connected:
            guard status.set(.connected, atMicros: now) else { return }
            health.set(name, .ok)
            backfiller?.connected()
            logger.info("connected", metadata: ["venue": "\(name)"])
        case .disconnected(let reason, let pause):
            Self.reconnects.increment()
            status.set(.disconnected, atMicros: now, error: reason)
            health.set(name, .failed("not connected: \(reason)", blocksReadiness: false))
            logger.warning(
                "disconnected", metadata: ["venue": "\(name)", "reason": "\(reason)", "retry_after": "\(pause)"])
        case .released:
            statuses.forget(name)
            health.remove(name)
            logger.info("nothing is followed here any more", metadata: ["venue": "\(name)"])
        case .unusable(let reason, let excerpt):
            Self.unusable.increment()
            logger.warning(
                "a message cannot be used",
                metadata: ["venue": "\(name)", "reason": "\(reason)", "excerpt": "\(excerpt)"])
        }
    }
}
