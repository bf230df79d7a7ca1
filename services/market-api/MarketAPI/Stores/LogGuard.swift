import ServiceKit
import ServiceLifecycle

/// Refuses a log of another market, once there is one to ask. Nothing here needs the broker otherwise: history and live
/// data go on without it.
struct LogGuard: Service {
    let kafka: KafkaSetup
    let catalog: TopicCatalog
    let source: String

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await kafka.checkLog(of: source, catalog: catalog) }
            try await gracefulShutdown()
        } catch is CancellationError {
            // Asked to stop.
        }
    }
}
