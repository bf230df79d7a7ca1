import MarketWire
import ServiceKit
import Synchronization

/// The other producers that live, from their heartbeats: of those that follow an instrument the one with the lowest id
/// fills its holes, so that not all of them ask the venue for the same trades.
final class ProducerDirectory: Sendable {
    private struct Other {
        var symbols: Set<String>
        var heardMicros: Int64
    }

    private let own: String
    private let time: TimeSource
    private let others = Mutex<[String: Other]>([:])

    /// A producer that has been silent for longer does not count any more.
    static let silenceMicros: Int64 = 15_000_000

    /// - Parameter own: this producer's id.
    init(own: String, time: TimeSource) {
        self.own = own
        self.time = time
    }

    func take(_ record: HeartbeatRecord) {
        guard record.producerID != own else { return }
        let symbols = record.connections.reduce(into: Set<String>()) { $0.formUnion($1.instruments) }
        let now = time.monotonicMicros
        others.withLock { others in
            others[record.producerID] = Other(symbols: symbols, heardMicros: now)
            // Ids are many where each start makes a new one.
            others = others.filter { now - $0.value.heardMicros <= Self.silenceMicros }
        }
    }

    /// Whether it is this producer that fills holes of the instrument.
    func isOurs(_ symbol: String) -> Bool {
        let now = time.monotonicMicros
        return others.withLock { others in
            !others.contains { id, other in
                id < own && now - other.heardMicros <= Self.silenceMicros && other.symbols.contains(symbol)
            }
        }
    }
}
