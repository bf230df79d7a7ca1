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
                [catalog.trades, catalog.source, catalog.instruments, catalog.heartbeat, catalog.progress],
                mayCreate: catalog.mayCreate, through: admin, health: context.health)
            try await kafka.claimLog(of: settings.source, catalog: catalog, health: context.health)
        }
        let partitions = try await admin.partitionCount(of: catalog.trades.name) ?? catalog.trades.partitions
        let rest = BinanceREST(
            url: settings.restURL, authoritiesPath: settings.caFile, weightLimit: settings.weightLimit,
            wallMicros: { [time] in time.wallMicros }, monotonicMicros: { [time] in time.monotonicMicros })
        let feed = try makeFeed(rest)
        let statuses = FeedStatuses(feed)
        let publisher = try TradePublisher(
            kafka.configuration, topic: catalog.trades.name, partitions: Int32(partitions),
            logger: context.logger(for: "publisher"), health: context.health)
        let announcing = context.logger(for: "announcements")
        let announcements = AnnouncementPublisher(
            producer: try LastingProducer(kafka.configuration, logger: announcing), catalog: catalog, feed: feed,
            statuses: statuses, producerID: settings.producerID, time: time, logger: announcing)
        let directory = ProducerDirectory(own: settings.producerID, time: time)
        let backfiller = feed.history.map { history in
            Backfiller(
                feed.instruments, directory: directory, history: history, publisher: publisher, admin: admin,
                topic: catalog.trades.name, health: context.health, logger: context.logger(for: "backfill"),
                time: time)
        }
        let monitor = FeedMonitor(
            publisher: publisher, backfiller: backfiller, statuses: statuses, health: context.health,
            logger: context.logger(for: feed.venue),
            time: time)
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await feed.run(monitor) }
                    group.addTask { await publisher.run() }
                    group.addTask { await announcements.beat() }
                    group.addTask { await announcements.announceInstruments() }
                    if let backfiller { follow(backfiller, directory, kafka.configuration, &group) }
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
        await rest.close()
        await announcements.producer.close(timeoutMillis: 500)
    }

    /// What is missing, who else lives, and the filling of holes.
    private func follow(
        _ backfiller: Backfiller, _ directory: ProducerDirectory, _ kafka: KafkaConfiguration,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let logger = context.logger(for: "backfill")
        let progress = TopicFollower<ProgressRecord>(
            configuration: kafka, topic: catalog.progress.name, logger: logger, take: { backfiller.take($0) })
        let heartbeats = TopicFollower<HeartbeatRecord>(
            configuration: kafka, topic: catalog.heartbeat.name, logger: logger, take: { directory.take($0) })
        group.addTask { await progress.run() }
        group.addTask { await heartbeats.run() }
        group.addTask { try await backfiller.run() }
    }

    private func makeFeed(_ rest: BinanceREST) throws -> any VenueFeed {
        var configuration = BinanceFeed.Configuration(
            webSocketURL: settings.webSocketURL, kind: settings.isAggregated ? .aggTrade : .trade,
            authoritiesPath: settings.caFile)
        configuration.staleAfter = settings.staleAfter
        let time = time
        return try BinanceFeed(
            instruments: settings.instruments, configuration: configuration, rest: rest,
            wallMicros: { time.wallMicros },
            random: { Double.random(in: 0..<1) })
    }
}
