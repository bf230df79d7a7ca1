import MarketCore
import MarketWire

/// Which stored candles a repository is asked for.
struct CandleSelection: Hashable, Sendable {
    /// The end of the range from which `limit` counts.
    enum Edge: Hashable, Sendable {
        case oldest
        case newest
    }

    /// The instrument's key text.
    var symbol: String
    var interval: Interval
    /// Window starts in unix seconds.
    var range: Range<Int64>
    var edge: Edge
    /// 1 or more.
    var limit: Int
}

/// Where closed candles are read from.
///
/// One contract, two implementations: PostgreSQL, and memory for tests of everything above it.
protocol CandleRepository: Sendable {
    /// The candles of a range nearest to its edge, ascending by window start, at most `limit`.
    ///
    /// - Throws: ``HistoryError`` when the store cannot answer.
    func candles(_ selection: CandleSelection) async throws(HistoryError) -> [CandleRecord]

    /// Every instrument that the store knows of, ascending by key text.
    func instruments() async throws(HistoryError) -> [InstrumentInfo]

    /// What instruments did from an instant on, as far as their candles have closed; those without any are left out.
    func days(_ selection: DaySelection) async throws(HistoryError) -> [String: DayFigures]
}

/// Why history cannot be read.
struct HistoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether trying again in a moment makes sense.
    let isTransient: Bool
    let description: String
}
