import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit
import ServiceLifecycle

/// The producer: trades of an exchange's WebSocket into the topic `trades`.
public struct MarketProducerService: Sendable {
    private let context: ServiceContext
    private let settings: ProducerSettings
    private let catalog: TopicCatalog
    private let time: TimeSource

    /// Of the 10 s that a stop may take.
    private static let flushMillis = 7_000

    /// - Throws: `SettingsError`.
    public init(_ context: ServiceContext, time: TimeSource = .system) throws(SettingsError) {
        self.context = context
        self.time = time
        settings = try ProducerSettings(context.settings)
        catalog = try TopicCatalog(context.settings)
    }

    /// Runs until a graceful shutdown, or throws what makes going on impossible.
    public func run() async throws {
        let ops = OpsServer(
            context, host: try context.settings.value(SharedSettings.metricsHost),
            port: try context.settings.value(ProducerSettings.metricsPort))
        context.health.set("kafka", .starting("not connected yet"))
        try await ops.run(beside: { try await produce() })
    }

    private func produce() async throws {
        let kafka = try KafkaSetup(context)
        let admin = try KafkaAdmin(kafka.configuration)
        try await cancelWhenGracefulShutdown {
            try await kafka.ensureTopics(
                [
                    catalog.trades, catalog.source, catalog.instruments, catalog.heartbeat, catalog.progress,
                    catalog.subscriptions,
                ],
                mayCreate: catalog.mayCreate, through: admin, health: context.health)
            try await kafka.claimLog(of: settings.source, catalog: catalog, health: context.health)
        }
        let partitions = try await admin.partitionCount(of: catalog.trades.name) ?? catalog.trades.partitions
        let publisher = try TradePublisher(
            kafka.configuration, topic: catalog.trades.name, partitions: Int32(partitions),
            logger: context.logger(for: "publisher"), health: context.health)
        let directory = ProducerDirectory(own: settings.producerID, time: time)
        let venues = settings.feeds(time).map { feed in
            FollowedVenue(
                feed: feed,
                backfiller: feed.history.map { history in
                    Backfiller(
                        venue: feed.venue, directory: directory, history: history, publisher: publisher, admin: admin,
                        topic: catalog.trades.name, health: context.health,
                        logger: context.logger(for: "backfill"), time: time)
                })
        }
        let desk = SubscriptionDesk(
            settings.instruments, share: settings.share, venues: venues, health: context.health,
            logger: context.logger(for: "subscriptions"))
        context.metrics.read { [MetricReading("producer_trades_waiting", [], Double(publisher.openCount))] }
        let announcing = context.logger(for: "announcements")
        let announcements = AnnouncementPublisher(
            producer: try LastingProducer(kafka.configuration, logger: announcing), catalog: catalog, venues: venues,
            producerID: settings.producerID, time: time, logger: announcing,
            waitingTrades: { publisher.openCount })
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for venue in venues { follow(venue, publisher, announcements, &group) }
                    watch(venues.compactMap(\.backfiller), directory, kafka.configuration, &group)
                    group.addTask { await publisher.run() }
                    group.addTask { await announcements.beat() }
                    group.addTask { await desk.run(kafka.configuration, topic: catalog.subscriptions.name) }
                    _ = try await group.next()
                    group.cancelAll()
                }
            }
        } catch is CancellationError {
            context.logger.info("no more trades are read; waiting for the broker's acknowledgements")
        }
        await publisher.flush(timeoutMillis: Self.flushMillis)
        await publisher.close()
        await admin.close(timeoutMillis: 500)
        for venue in venues { await venue.feed.catalog.close() }
        await announcements.producer.close(timeoutMillis: 500)
    }

    private func follow(
        _ venue: FollowedVenue, _ publisher: TradePublisher, _ announcements: AnnouncementPublisher,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let monitor = FeedMonitor(
            venue: venue.feed.venue, publisher: publisher, backfiller: venue.backfiller, statuses: venue.statuses,
            health: context.health,
            logger: context.logger(for: venue.feed.venue), time: time)
        group.addTask { try await venue.feed.run(monitor) }
        group.addTask { await announcements.announceInstruments(of: venue) }
        if let backfiller = venue.backfiller { group.addTask { try await backfiller.run() } }
    }

    /// What is missing, and who else lives.
    private func watch(
        _ backfillers: [Backfiller], _ directory: ProducerDirectory, _ kafka: KafkaConfiguration,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let logger = context.logger(for: "backfill")
        let progress = TopicFollower<ProgressRecord>(kafka, topic: catalog.progress.name, logger: logger) { word in
            guard case .record(let record) = word else { return }
            for backfiller in backfillers { backfiller.take(record) }
        }
        let heartbeats = TopicFollower<HeartbeatRecord>(kafka, topic: catalog.heartbeat.name, logger: logger) { word in
            if case .record(let record) = word { directory.take(record) }
        }
        group.addTask { await progress.run() }
        group.addTask { await heartbeats.run() }
    }
}
