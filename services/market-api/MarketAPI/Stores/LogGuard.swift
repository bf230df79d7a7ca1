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
        kafka = try KafkaSetup(context.quiet)
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
