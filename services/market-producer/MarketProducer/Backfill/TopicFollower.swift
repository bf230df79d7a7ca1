import Exchanges
import KafkaClient
import Logging
import MarketWire

/// Reads a compacted topic from its beginning and on, whatever becomes of the broker or the topic.
struct TopicFollower<Record: WireRecord>: Sendable {
    let configuration: KafkaConfiguration
    let topic: String
    let logger: Logger
    let take: @Sendable (Record) -> Void

    /// Until the task is cancelled.
    func run() async {
        var backoff = Backoff(first: .milliseconds(500), longest: .seconds(10)) { Double.random(in: 0.5..<1) }
        while !Task.isCancelled {
            do {
                let reader = try KafkaReader(configuration, topic: topic)
                do {
                    while let event = try await reader.next() {
                        guard case .record(let record) = event, let value = record.value else { continue }
                        do throws(WireError) {
                            take(try Record(decoding: value.span.bytes))
                        } catch {
                            logger.warning(
                                "a record of \(topic) cannot be read",
                                metadata: ["offset": "\(record.offset)", "reason": "\(error)"])
                        }
                        backoff.reset()
                    }
                } catch {
                    await reader.close()
                    throw error
                }
                await reader.close()
            } catch {
                // The topic was made anew, for example: its records are read again.
                logger.debug("\(topic) is read anew", metadata: ["cause": "\(error)"])
            }
            try? await Task.sleep(for: backoff.next())
        }
    }
}
