import Exchanges
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import Synchronization

/// Takes what a feed reads to Kafka, and knows how the connection is.
struct FeedMonitor: TradeReceiver {
    let venue: String
    let publisher: TradePublisher
    /// Nil where the venue gives no past trades.
    let backfiller: Backfiller?
    let statuses: FeedStatuses
    let health: HealthBoard
    let logger: Logger
    let time: TimeSource
    let clock = VenueClock()

    private let unusable: Counter
    private let reconnects: Counter

    /// - Parameter backfiller: nil where the venue gives no past trades.
    init(
        venue: String, publisher: TradePublisher, backfiller: Backfiller?, statuses: FeedStatuses, health: HealthBoard,
        logger: Logger, time: TimeSource
    ) {
        self.venue = venue
        self.publisher = publisher
        self.backfiller = backfiller
        self.statuses = statuses
        self.health = health
        self.logger = logger
        self.time = time
        unusable = Counter(label: "producer_messages_unusable_total", dimensions: [("venue", venue)])
        reconnects = Counter(label: "producer_reconnects_total", dimensions: [("venue", venue)])
    }

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
            reconnects.increment()
            status.set(.disconnected, atMicros: now, error: reason)
            health.set(name, .failed("not connected: \(reason)", blocksReadiness: false))
            logger.warning(
                "disconnected", metadata: ["venue": "\(name)", "reason": "\(reason)", "retry_after": "\(pause)"])
        case .released:
            statuses.forget(name)
            health.remove(name)
            logger.info("nothing is followed here any more", metadata: ["venue": "\(name)"])
        case .unusable(let reason, let excerpt):
            unusable.increment()
            logger.warning(
                "a message cannot be used",
                metadata: ["venue": "\(name)", "reason": "\(reason)", "excerpt": "\(excerpt)"])
        }
    }
}
