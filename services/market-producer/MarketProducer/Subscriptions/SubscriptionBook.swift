import MarketCore
import MarketWire
import ServiceKit

/// Which instruments this producer follows: those of SYMBOLS, and what `market.subscriptions` says since.
struct SubscriptionBook {
    private let configured: [Instrument]
    private let share: ProducerShard
    /// By the instrument's key.
    private var words: [String: Bool] = [:]

    /// - Parameter configured: SYMBOLS, whatever the share.
    init(_ configured: [Instrument], share: ProducerShard) {
        self.configured = configured
        self.share = share
    }

    /// A tombstone: nobody asked for it, so what is configured holds.
    mutating func remove(_ key: String) { words[key] = nil }

    mutating func take(_ record: SubscriptionRecord) { words[record.symbol] = record.isFollowed }

    /// This producer's share: first those of SYMBOLS, in their order, then the others by their key.
    var followed: [Instrument] {
        let own = configured.filter { words[$0.key] ?? true }
        let known = Set(configured.map(\.key))
        let others = words.compactMap { key, isFollowed in
            isFollowed && !known.contains(key) ? try? Instrument(key: key) : nil
        }
        return (own + others.sorted()).filter { share.contains($0.key) }
    }
}
