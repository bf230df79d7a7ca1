import Exchanges
import Synchronization

/// The streams of one connection: changed by its reader, read by its sender.
final class Subscriptions: Sendable {
    /// A stream that there is something to send for.
    struct Stream: Sendable, Hashable {
        let name: String
        let symbol: Int
        let kind: BinanceStreamKind
        /// Told apart from an earlier subscription of the same name.
        let number: Int
        /// The first id to be sent.
        let firstID: Int64
    }

    private struct Contents {
        /// All names in order, those without a stream too.
        var names: [String] = []
        var streams: [Stream] = []
        var count = 0
        var isCombined: Bool
    }

    /// Binance's bound.
    static let maxStreams = 1_024

    private let tape: any MarketTape
    private let contents: Mutex<Contents>

    init(tape: any MarketTape, isCombined: Bool) {
        self.tape = tape
        contents = Mutex(Contents(isCombined: isCombined))
    }

    /// - Parameter now: unix microseconds.
    /// - Returns: false where there would be too many; nothing is changed then.
    func add(_ names: [String], now: Int64) -> Bool {
        contents.withLock { contents in
            let new = names.filter { !contents.names.contains($0) }
            guard contents.names.count + new.count <= Self.maxStreams else { return false }
            guard !new.isEmpty else { return true }
            let streams = new.compactMap(stream)
            // Only a stream that there is begins a tape that waits for its first subscription.
            let start = streams.isEmpty ? nil : tape.subscribe(atMicros: now)
            contents.names += new
            for (name, symbol, kind) in streams {
                guard let start else { continue }
                contents.count += 1
                contents.streams.append(
                    Stream(
                        name: name, symbol: symbol, kind: kind, number: contents.count,
                        firstID: tape.lastID(kind, of: symbol, through: start) + 1))
            }
            return true
        }
    }

    func remove(_ names: [String]) {
        contents.withLock { contents in
            contents.names.removeAll { names.contains($0) }
            contents.streams.removeAll { names.contains($0.name) }
        }
    }

    var names: [String] { contents.withLock { $0.names } }

    var isCombined: Bool {
        get { contents.withLock { $0.isCombined } }
        set { contents.withLock { $0.isCombined = newValue } }
    }

    /// What the sender needs, of one instant.
    var snapshot: (streams: [Stream], isCombined: Bool) { contents.withLock { ($0.streams, $0.isCombined) } }

    private func stream(_ name: String) -> (String, Int, BinanceStreamKind)? {
        guard let stream = BinanceStream(name), tape.has(stream.kind), let symbol = tape.index(of: stream.symbol)
        else { return nil }
        return (name, symbol, stream.kind)
    }
}
