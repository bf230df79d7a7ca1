import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit
import ServiceLifecycle

/// Keeps the board true to `market.subscriptions`, whichever server wrote there. Nothing waits for it: while the broker
/// is away the board keeps what it knew.
struct SubscriptionFollower: Service {
    let kafka: KafkaSetup
    let catalog: TopicCatalog
    let board: LiveBoard
    let logger: Logger

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await follow() }
        } catch is CancellationError {
            // Asked to stop.
        }
    }

    private func follow() async throws {
        let admin = try KafkaAdmin(kafka.configuration)
        do {
            // A board of its own: the broker's state is no part of this service's.
            try await kafka.ensureTopics(
                [catalog.subscriptions], mayCreate: catalog.mayCreate, through: admin, health: HealthBoard())
        } catch {
            await admin.close(timeoutMillis: 500)
            throw error
        }
        await admin.close(timeoutMillis: 500)
        await TopicFollower<SubscriptionRecord>(
            kafka.configuration, topic: catalog.subscriptions.name, logger: logger
        ) { word in
            switch word {
            case .record(let record):
                if let instrument = try? Instrument(key: record.symbol) { board.take(record, of: instrument) }
            case .removed(let key):
                if let instrument = try? Instrument(key: key) { board.forgetSubscription(of: instrument) }
            case .caughtUp: break
            }
        }.run()
    }
}
