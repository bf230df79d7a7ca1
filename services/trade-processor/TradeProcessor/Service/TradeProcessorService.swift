import KafkaClient
import Logging
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit
import ServiceLifecycle

/// The processor: trades from Kafka into exact candles in PostgreSQL, Redis and the topic `candles`.
public struct TradeProcessorService: Sendable {
    private let context: ServiceContext
    private let settings: ProcessorSettings
    private let time: TimeSource

    /// - Throws: `SettingsError`.
    public init(_ context: ServiceContext, time: TimeSource = .system) throws(SettingsError) {
        self.context = context
        self.time = time
        settings = try ProcessorSettings(context.settings)
    }

    /// Runs until a graceful shutdown, or throws what makes going on impossible.
    public func run() async throws {
        let ops = OpsServer(
            context, host: try context.settings.value(SharedSettings.metricsHost),
            port: try context.settings.value(ProcessorSettings.metricsPort))
        context.health.set("partitions", .starting("not joined yet"))
        try await ops.run(beside: { try await process() })
    }

    private func process() async throws {
        let context = context
        let settings = settings
        let stores = try await cancelWhenGracefulShutdown {
            try await ProcessorStores.open(context, settings)
        }
        let pipeline = try ProcessorPipeline(context, settings, stores, time)
        try await pipeline.run()
        await stores.close()
    }
}
