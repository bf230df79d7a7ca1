import MarketCore

/// Hears of every trade that comes into the tail.
///
/// It is told by the tail's reader, which goes on when it is done: it must be quick. Trades that were missed and
/// fetched afterwards come late, with lower ids, as far as they are not older than all that is kept.
protocol TradeListener: AnyObject, Sendable {
    /// New trades in the order of arrival; the tail has them already.
    func tookTrades(_ trades: [Trade])

    /// Trades may have passed unseen before those that come now.
    func missedTrades()
}
