import KafkaClient
import Logging
import MarketWire
import Synchronization

/// Tells producers what is known and what is missing, on `market.progress`: the newest record of each instrument, at
/// most once a second. A record that is lost is followed by the next; nothing is counted by them.
final class ProgressPublisher: Sendable {
    private let waiting = Mutex<[String: ProgressRecord]>([:])
    private let topic: String
    private let logger: Logger

    init(topic: String, logger: Logger) {
        self.topic = topic
        self.logger = logger
    }

    func put(_ records: [ProgressRecord]) {
        guard !records.isEmpty else { return }
        waiting.withLock { waiting in
            for record in records { waiting[record.symbol] = record }
        }
    }

    func run(through producer: OutgoingProducer) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let records = waiting.withLock { waiting in
                defer { waiting = [:] }
                return waiting
            }
            // In the order of commits: who has read one of a partition has read all of before.
            for (symbol, record) in records.sorted(by: { $0.value.nextOffset < $1.value.nextOffset }) {
                do throws(KafkaError) {
                    try producer.current.send(
                        topic: topic, key: Array(symbol.utf8), value: record.encoded(),
                        headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)])
                } catch {
                    waiting.withLock { waiting in
                        if waiting[symbol] == nil { waiting[symbol] = record }
                    }
                    logger.debug("progress waits", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
