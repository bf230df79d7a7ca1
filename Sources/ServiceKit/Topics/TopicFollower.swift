import KafkaClient
import Logging
import MarketWire

/// What a compacted topic says.
public enum TopicWord<Record: WireRecord>: Sendable {
    /// The newest of a key, so far.
    case record(Record)
    /// The key was taken back with a tombstone.
    case removed(key: String)
    /// All that the topic holds now has been told.
    case caughtUp
}

/// Reads a compacted topic of one partition from its beginning and on, whatever becomes of the broker or the topic.
/// What was told before may be told again.
public struct TopicFollower<Record: WireRecord>: Sendable {
    private let configuration: KafkaConfiguration
    private let topic: String
    private let logger: Logger
    private let take: @Sendable (TopicWord<Record>) async -> Void

    private static var firstPauseMillis: Int { 500 }
    private static var longestPauseMillis: Int { 10_000 }

    /// - Parameter take: is handed one word after the other.
    public init(
        _ configuration: KafkaConfiguration, topic: String, logger: Logger,
        take: @escaping @Sendable (TopicWord<Record>) async -> Void
    ) {
        self.configuration = configuration
        self.topic = topic
        self.logger = logger
        self.take = take
    }

    /// Until the task is cancelled.
    public func run() async {
        var failures = 0
        while !Task.isCancelled {
            do {
                let reader = try KafkaReader(configuration, topic: topic)
                do {
                    while let event = try await reader.next() {
                        if let word = word(event) { await take(word) }
                        failures = 0
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
            let pause = min(Self.longestPauseMillis, Self.firstPauseMillis << min(failures, 10))
            failures += 1
            try? await Task.sleep(for: .milliseconds(pause))
        }
    }

    private func word(_ event: ReaderEvent) -> TopicWord<Record>? {
        guard case .record(let record) = event else { return .caughtUp }
        guard let value = record.value else {
            return record.key.flatMap { String(validating: $0, as: UTF8.self) }.map { .removed(key: $0) }
        }
        do throws(WireError) {
            return .record(try Record(decoding: value.span.bytes))
        } catch {
            logger.warning(
                "a record of \(topic) cannot be read",
                metadata: ["offset": "\(record.offset)", "reason": "\(error)"])
            return nil
        }
    }
}
