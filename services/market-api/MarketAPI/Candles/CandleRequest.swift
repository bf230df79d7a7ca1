import Hummingbird
import MarketCore

/// `GET /candles` after its parameters are understood.
struct CandleRequest: Hashable, Sendable {
    /// What becomes of windows without trades.
    enum Fill: String, CaseIterable, Sendable {
        /// They have no row.
        case none
        /// A flat row at the close before them.
        case previous
    }

    enum Order: String, CaseIterable, Sendable {
        case ascending = "asc"
        case descending = "desc"
    }

    enum Format: String, CaseIterable, Sendable {
        case json
        case csv
    }

    static let parameters = [
        "symbol", "interval", "start", "end", "limit", "include_open", "fill", "order", "format", "cursor",
    ]
    static let limits: ClosedRange<Int64> = 1...1_000
    static let defaultLimit: Int64 = 50

    var instrument: Instrument
    var interval: Interval
    /// First window start, included; unix seconds.
    var start: Int64?
    /// First window start that is not included any more; unix seconds.
    var end: Int64?
    var limit = Int(defaultLimit)
    var includeOpen = false
    var fill = Fill.none
    /// Of the rows within a page; pages follow each other as the range says.
    var order = Order.ascending
    var format = Format.json
    var cursor: CandleCursor?

    /// What the page is taken from: with a start the oldest from there on, else the newest.
    var edge: CandleSelection.Edge { start == nil ? .newest : .oldest }

    /// Whether the window that is open now has to do with the answer.
    var dependsOnOpen: Bool { includeOpen || fill != .none }

    /// The range of window starts, as far as the cursor has not been through it.
    var range: Range<Int64> {
        var lower = start ?? 0
        var upper = end ?? QueryReader.lastUnixSecond + 1
        if let cursor {
            switch cursor.direction {
            case .forward: lower = max(lower, cursor.position)
            case .backward: upper = min(upper, cursor.position)
            }
        }
        return lower..<max(lower, upper)
    }
}

extension CandleRequest {
    /// - Parameters:
    ///   - request: whose query it is.
    ///   - fallback: the instrument where none is named.
    ///   - intervals: the intervals that are built.
    ///   - interval: the one where none is named.
    init(
        _ request: Request, default fallback: Instrument, intervals: [Interval], interval defaultInterval: Interval
    ) throws(Problem) {
        let query = try QueryReader(request, known: Self.parameters)
        instrument = try query.instrument("symbol", default: fallback)
        interval = try query.interval("interval", among: intervals, default: defaultInterval)
        start = try query.unixSeconds("start")
        end = try query.unixSeconds("end")
        limit = Int(try query.integer("limit", in: Self.limits) ?? Self.defaultLimit)
        includeOpen = try query.flag("include_open")
        fill = try query.choice("fill", default: .none)
        order = try query.choice("order", default: .ascending)
        format = try query.choice("format", default: .json)
        if let start, let end, start > end {
            throw Problem(
                .invalidParameter,
                "The range is reversed: start \(start) is after end \(end). Give the earlier time as start.",
                parameter: "start")
        }
        if let text = query.text("cursor") { cursor = try readCursor(text) }
    }

    private func readCursor(_ text: String) throws(Problem) -> CandleCursor {
        guard let cursor = CandleCursor(text) else {
            throw Problem(
                .invalidParameter,
                "'\(text.prefix(64))' is not a cursor: repeat the request with next_cursor of its last answer.",
                parameter: "cursor")
        }
        let expected: CandleCursor.Direction = edge == .oldest ? .forward : .backward
        guard cursor.symbol == instrument.key, cursor.interval == interval, cursor.direction == expected else {
            throw Problem(
                .invalidParameter,
                "The cursor belongs to another request (\(cursor.symbol.prefix(64)), \(cursor.interval)): "
                    + "keep symbol, interval, start and end as they were.",
                parameter: "cursor")
        }
        return cursor
    }
}
