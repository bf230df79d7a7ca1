import Logging
import ServiceKit
import ServiceLifecycle

/// Refuses a log of another market, once there is one to ask. Nothing here needs the broker otherwise: history and live
/// data go on without it.
struct LogGuard: Service {
    private let kafka: KafkaSetup
    private let catalog: TopicCatalog
    private let source: String

    /// - Throws: `SettingsError`.
    init(_ context: ServiceContext, source: String) throws(SettingsError) {
        // A broker that is down is no news here: the processor tells it, and the feed shows it.
        var quiet = context.logger
        quiet.logLevel = .error
        kafka = try KafkaSetup(
            ServiceContext(
                name: context.name, settings: context.settings, logger: quiet, health: context.health,
                metrics: context.metrics))
        catalog = try TopicCatalog(context.settings)
        self.source = source
    }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await kafka.checkLog(of: source, catalog: catalog) }
            try await gracefulShutdown()
        } catch is CancellationError {
            // Asked to stop.
        }
    }
}
