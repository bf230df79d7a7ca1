import Logging
import MarketCore
import Metrics
import ServiceKit
import Synchronization

/// Holds the times of a venue's trades against this machine's clock: the metric `producer_event_lag_seconds` of the
/// venue, and a word on the health board where trades come from the future. They are published all the same: event
/// times are the venue's.
final class VenueClock: Sendable {
    private struct Contents {
        var lag: Gauge?
        var arrival: Gauge?
        var isAhead = false
    }

    private let contents = Mutex(Contents())

    /// Further ahead than a machine that follows a time server is wrong.
    static let toleranceMicros: Int64 = 1_000_000

    /// - Parameters:
    ///   - trades: of one venue, as they came.
    ///   - now: when that was, unix microseconds.
    func saw(_ trades: [Trade], atMicros now: Int64, _ health: HealthBoard, _ logger: Logger) {
        guard let venue = trades.first?.instrument.venue,
            let newest = trades.lazy.map(\.eventTimeMicros).max()
        else { return }
        let leadMicros = newest - now
        let isAhead = leadMicros > Self.toleranceMicros
        let (lag, hasChanged) = contents.withLock { contents in
            defer { contents.isAhead = isAhead }
            let lag = contents.lag ?? Gauge(label: "producer_event_lag_seconds", dimensions: [("venue", venue)])
            contents.lag = lag
            let arrival =
                contents.arrival ?? Gauge(label: "producer_last_trade_seconds", dimensions: [("venue", venue)])
            contents.arrival = arrival
            arrival.record(Double(now) / 1e6)
            return (lag, contents.isAhead != isAhead)
        }
        lag.record(Double(-leadMicros) / 1e6)
        let part = "clock of \(venue)"
        guard isAhead else {
            if hasChanged { health.set(part, .ok) }
            return
        }
        let seconds = Double(leadMicros / 100_000) / 10
        let reason = "trades come from \(seconds) s in the future: this machine's clock, or the venue's, is wrong"
        health.set(part, .failed(reason, blocksReadiness: false))
        if hasChanged { logger.warning("\(reason)", metadata: ["venue": "\(venue)"]) }
    }
}
