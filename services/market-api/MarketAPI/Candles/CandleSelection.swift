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

    /// What the candles of a stretch of time amount to, for many symbols with one question.
    ///
    /// - Returns: those that have candles there, in any order.
    /// - Throws: ``HistoryError`` when the store cannot answer.
    func sums(of symbols: [String], over spans: CandleSpans) async throws(HistoryError) -> [CandleSum]

    /// The numbers by which programs of old name instruments; one that has none yet gets the next, and keeps it.
    ///
    /// - Throws: ``HistoryError`` when the store cannot answer.
    func numbers(of symbols: [String]) async throws(HistoryError) -> [InstrumentNumber]

    /// Every instrument that the store knows of, ascending by key text.
    func instruments() async throws(HistoryError) -> [InstrumentInfo]
}

/// A number that stands for an instrument for good.
struct InstrumentNumber: Hashable, Sendable {
    var id: Int64
    /// The instrument's key text.
    var symbol: String
    /// When it got its number; unix microseconds.
    var createdMicros: Int64
}

/// Why history cannot be read.
struct HistoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether trying again in a moment makes sense.
    let isTransient: Bool
    let description: String
}
