import KafkaClient
import Logging
import MarketCore
import Metrics
import Synchronization

/// Which trades the broker has: the highest acknowledged id of each instrument.
final class AcknowledgedIDs: Sendable {
    private struct Contents {
        var indexes: [Instrument: UInt64] = [:]
        var instruments: [Instrument] = []
        var highest: [Int64] = []
    }

    private let contents = Mutex(Contents())

    private static let acknowledged = Counter(label: "producer_trades_acknowledged_total")
    private static let failed = Counter(label: "producer_trades_failed_total")

    /// Ids below this many fit a token beside the instrument's number.
    private static let idBits: UInt64 = 44

    /// What comes back with the broker's answer: the instrument's number and the id's low bits.
    func token(for trade: Trade) -> UInt64 {
        let index = contents.withLock { contents in
            if let known = contents.indexes[trade.instrument] { return known }
            let index = UInt64(contents.instruments.count)
            contents.indexes[trade.instrument] = index
            contents.instruments.append(trade.instrument)
            contents.highest.append(-1)
            return index
        }
        return index << Self.idBits | UInt64(trade.tradeID) & (1 << Self.idBits - 1)
    }

    /// A trade that was refused before it was queued.
    func giveUp(_ token: UInt64) { Self.failed.increment() }

    func delivered(_ batch: DeliveryBatch, logger: Logger) {
        var failures = 0
        var cause: KafkaError.Code?
        contents.withLock { contents in
            for delivery in batch.deliveries {
                if let failure = delivery.failure {
                    failures += 1
                    cause = failure
                    continue
                }
                let index = Int(delivery.token >> Self.idBits)
                guard index < contents.highest.count else { continue }
                let id = Int64(delivery.token & (1 << Self.idBits - 1))
                contents.highest[index] = max(contents.highest[index], id)
            }
        }
        Self.acknowledged.increment(by: batch.deliveries.count - failures)
        if failures > 0 {
            Self.failed.increment(by: failures)
            logger.error(
                "trades were not acknowledged",
                metadata: ["count": "\(failures)", "cause": "\(cause.map { "\($0)" } ?? "?")"])
        }
    }

    /// The highest acknowledged id (its low 44 bits) of an instrument; nil before the first.
    func highest(_ instrument: Instrument) -> Int64? {
        contents.withLock { contents in
            contents.indexes[instrument].map { contents.highest[Int($0)] }.flatMap { $0 < 0 ? nil : $0 }
        }
    }
}
