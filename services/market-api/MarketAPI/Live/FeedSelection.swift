import MarketCore

/// What of some instruments a client follows.
struct FeedSelection: Hashable, Sendable {
    var hasPrice = true
    /// Those whose candles it wants.
    var intervals: [Interval] = []
    var hasTrades = false

    static let everything = FeedSelection(hasPrice: true, intervals: Interval.allCases, hasTrades: true)

    /// The topics that are numbered, in an order of their own: that of a snapshot's positions.
    func numberedTopics(_ instrument: Int) -> [LiveTopic] {
        intervals.map { .candle(instrument, $0) } + (hasTrades ? [.trades(instrument)] : [])
    }

    func topics(_ instrument: Int) -> [LiveTopic] {
        (hasPrice ? [.price(instrument)] : []) + numberedTopics(instrument)
    }
}

/// What a client of `/feed` can ask for.
enum FeedChannel: String, CaseIterable, Sendable {
    case price
    case candles
    case trades
}

extension FeedSelection {
    /// Reads what a client asks for.
    ///
    /// - Parameters:
    ///   - channels: nil where none are named: the price, and candles of the intervals.
    ///   - intervals: of candles.
    /// - Returns: nil with a sentence where the two do not go together.
    static func subscribing(
        _ channels: [FeedChannel]?, _ intervals: [Interval]
    ) -> Result<FeedSelection, FeedSelectionError> {
        guard let channels else { return .success(FeedSelection(intervals: intervals)) }
        guard channels.contains(.candles) == !intervals.isEmpty else {
            let detail =
                intervals.isEmpty
                ? "The channel candles needs 'intervals'." : "'intervals' go with the channel candles: name it too."
            return .failure(FeedSelectionError(detail: detail))
        }
        return .success(
            FeedSelection(
                hasPrice: channels.contains(.price), intervals: intervals, hasTrades: channels.contains(.trades)))
    }

    /// What is to end: everything where nothing is named, candles of all intervals where none is named.
    static func unsubscribing(_ channels: [FeedChannel]?, _ intervals: [Interval]) -> FeedSelection {
        guard let channels else {
            return intervals.isEmpty ? .everything : FeedSelection(hasPrice: false, intervals: intervals)
        }
        let ended = intervals.isEmpty && channels.contains(.candles) ? Interval.allCases : intervals
        return FeedSelection(
            hasPrice: channels.contains(.price), intervals: ended, hasTrades: channels.contains(.trades))
    }
}

/// Channels and intervals that do not go together.
struct FeedSelectionError: Error, Hashable, Sendable {
    let detail: String
}
