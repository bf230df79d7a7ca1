import Exchanges
import KafkaClient
import Logging
import MarketCore
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
                [catalog.trades, catalog.source, catalog.instruments, catalog.heartbeat], mayCreate: catalog.mayCreate,
                through: admin, health: context.health)
            try await kafka.claimLog(of: settings.source, catalog: catalog, health: context.health)
        }
        let partitions = try await admin.partitionCount(of: catalog.trades.name) ?? catalog.trades.partitions
        await admin.close(timeoutMillis: 1_000)
        let feed = try makeFeed()
        let status = FeedStatus()
        let publisher = try TradePublisher(
            kafka.configuration, topic: catalog.trades.name, partitions: Int32(partitions),
            logger: context.logger(for: "publisher"), health: context.health)
        let announcing = context.logger(for: "announcements")
        let announcements = AnnouncementPublisher(
            producer: try LastingProducer(kafka.configuration, logger: announcing), catalog: catalog, feed: feed,
            status: status, producerID: settings.producerID, time: time, logger: announcing)
        let monitor = FeedMonitor(
            publisher: publisher, status: status, health: context.health, logger: context.logger(for: feed.venue),
            time: time)
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await feed.run(monitor) }
                    group.addTask { await publisher.run() }
                    group.addTask { await announcements.beat() }
                    group.addTask { await announcements.announceInstruments() }
                    _ = try await group.next()
                    group.cancelAll()
                }
            }
        } catch is CancellationError {
            context.logger.info("no more trades are read; waiting for the broker's acknowledgements")
        }
        await publisher.flush(timeoutMillis: Self.flushMillis)
        await publisher.close()
        await announcements.producer.close(timeoutMillis: 500)
    }

    private func makeFeed() throws -> any VenueFeed {
        var configuration = BinanceFeed.Configuration(
            webSocketURL: settings.webSocketURL, restURL: settings.restURL,
            kind: settings.isAggregated ? .aggTrade : .trade, authoritiesPath: settings.caFile)
        configuration.staleAfter = settings.staleAfter
        let time = time
        return try BinanceFeed(
            instruments: settings.instruments, configuration: configuration, wallMicros: { time.wallMicros },
            random: { Double.random(in: 0..<1) })
    }
}
