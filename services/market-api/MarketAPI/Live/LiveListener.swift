import MarketCore
import MarketWire

/// Hears everything that the board takes, in the same order.
///
/// It is told while the board is locked: it must be quick, and must not ask the board anything.
protocol LiveListener: AnyObject, Sendable {
    /// A message of the channel `live`, or the state that was read at a (re)connection.
    func took(_ update: LiveUpdateRecord, of instrument: Instrument, isSnapshot: Bool)

    /// A closed or amended candle.
    func tookClosed(_ candle: CandleRecord, of instrument: Instrument, isSnapshot: Bool)

    /// Messages were lost before they came here.
    func tookGap()
}
