/// Decides what of an instrument a write to Redis holds: its price each time, its open candles only now and then, for
/// they are many times as long. Each instrument has its own turn, so that not all of them come in the same write, where
/// the prices after it would wait for them. Pure; holds one entry for each instrument.
package struct LivePacing {
    /// Open candles of an instrument are written at most once in each such span. Binance's own come every second or two
    /// ("Kline/Candlestick Streams": update speed).
    package static let candlePauseMicros: Int64 = 100_000

    /// From one instrument's turn to the next one's: the golden section spreads any number of them evenly.
    private static let turnStepMicros = candlePauseMicros * 618 / 1_000

    package struct Due: Sendable {
        /// With their candles.
        package var whole: [LiveMailbox.Update] = []
        /// Without, and with a price that is new. They follow as whole ones.
        package var prices: [LiveMailbox.Update] = []
    }

    private struct Written {
        /// When the instrument's last turn came, at which or after which its candles were written; monotonic time.
        var turnMicros: Int64
        var generation: Int64
        var tradeID: Int64
    }

    private var written: [String: Written] = [:]
    /// The newest updates whose candles have not been written.
    private var owed: [String: LiveMailbox.Update] = [:]

    package init() {}

    /// What is to be written now.
    ///
    /// - Parameters:
    ///   - updates: what came in since the last call, by instrument.
    ///   - nowMicros: monotonic time.
    package mutating func take(_ updates: [String: LiveMailbox.Update], nowMicros: Int64) -> Due {
        owed.merge(updates) { _, newer in newer }
        var due = Due()
        for symbol in owed.keys where isDue(symbol, nowMicros) {
            guard let update = owed.removeValue(forKey: symbol) else { continue }
            due.whole.append(update)
            note(update, turnMicros: turn(of: symbol, nowMicros))
        }
        for (symbol, update) in updates where owed[symbol] != nil {
            guard let last = written[symbol],
                (last.generation, last.tradeID) < (update.version.generation, update.record.tradeID)
            else { continue }
            due.prices.append(update.withoutCandles)
            note(update, turnMicros: last.turnMicros)
        }
        return due
    }

    /// Hands over all that is still owed.
    mutating func takeOwed() -> [String: LiveMailbox.Update] {
        defer { owed = [:] }
        return owed
    }

    private func isDue(_ symbol: String, _ nowMicros: Int64) -> Bool {
        written[symbol].map { nowMicros - $0.turnMicros >= Self.candlePauseMicros } ?? true
    }

    /// The newest turn that has come.
    private func turn(of symbol: String, _ nowMicros: Int64) -> Int64 {
        guard let last = written[symbol]?.turnMicros else {
            return nowMicros - Int64(written.count) * Self.turnStepMicros % Self.candlePauseMicros
        }
        return nowMicros - (nowMicros - last) % Self.candlePauseMicros
    }

    private mutating func note(_ update: LiveMailbox.Update, turnMicros: Int64) {
        written[update.record.symbol] = Written(
            turnMicros: turnMicros, generation: update.version.generation, tradeID: update.record.tradeID)
    }
}

extension LiveMailbox.Update {
    fileprivate var withoutCandles: Self {
        var record = record
        record.candles = []
        return Self(record: record, version: version)
    }
}
