import MarketCore
import MarketWire
import Synchronization

@testable import MarketAPI

/// Keeps what the tail tells.
final class TradeRecorder: TradeListener {
    private struct Heard {
        var trades: [Trade] = []
        var hasGap = false
    }

    private let heard = Mutex(Heard())

    var ids: [Int64] { heard.withLock { $0.trades.map(\.tradeID) } }
    var hasGap: Bool { heard.withLock { $0.hasGap } }

    func tookTrades(_ trades: [Trade]) { heard.withLock { $0.trades += trades } }
    func missedTrades() { heard.withLock { $0.hasGap = true } }
}

extension TradeTail {
    func take(_ trade: Trade, isNew: Bool) { take([Arrival(trade: trade, isNew: isNew)]) }

    /// Records what comes from now on.
    func record() -> TradeRecorder {
        let recorder = TradeRecorder()
        add(recorder)
        return recorder
    }
}

extension LiveBoard {
    @discardableResult
    func take(_ update: LiveUpdateRecord, of instrument: Instrument, isSnapshot: Bool = false) -> Bool {
        take([LiveMessage(instrument: instrument, update: update)], isSnapshot: isSnapshot) == 0
    }
}
