import KafkaClient
import Logging
import MarketWire
import ServiceKit
import ServiceLifecycle
import Synchronization

/// The last heartbeat of every producer. Bounded: of more than there is room for the oldest goes.
final class HeartbeatBook: Sendable {
    private static let limit = 100

    private let beats = Mutex<[String: HeartbeatRecord]>([:])

    func take(_ record: HeartbeatRecord) {
        beats.withLock { beats in
            beats[record.producerID] = record
            guard beats.count > Self.limit,
                let oldest = beats.values.min(by: { $0.sentTimeMicros < $1.sentTimeMicros })
            else { return }
            beats[oldest.producerID] = nil
        }
    }

    func forget(_ producerID: String) { beats.withLock { $0[producerID] = nil } }

    /// Those that were sent after an instant (unix microseconds), by id: the topic remembers for ever.
    func all(since micros: Int64) -> [HeartbeatRecord] {
        beats.withLock { $0.values.filter { $0.sentTimeMicros >= micros } }.sorted { $0.producerID < $1.producerID }
    }
}

/// Keeps the book true to `market.heartbeat`.
struct HeartbeatFollower: Service {
    let kafka: KafkaConfiguration
    let topic: String
    let book: HeartbeatBook
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await TopicFollower<HeartbeatRecord>(kafka, topic: topic, logger: logger) { word in
                switch word {
                case .record(let record): book.take(record)
                case .removed(let key): book.forget(key)
                case .caughtUp: break
                }
            }.run()
        }
    }
}
