import Hummingbird
import MarketCore

/// What `/events` is asked for.
struct EventRequest: Sendable {
    let instruments: [Instrument]
    let selection: FeedSelection
    /// How far a client has come that returns; nil of a new one.
    let lastEventID: String?

    /// - Throws: ``Problem`` about the first parameter at fault.
    init(_ request: Request, configuration: APIConfiguration, board: LiveBoard) throws(Problem) {
        let limit = configuration.feedLimits.subscriptionsPerEventClient
        let query = try QueryReader(request, known: ["symbols", "channels", "intervals"])
        instruments = try query.instruments("symbols", atMost: limit) ?? [configuration.defaultInstrument]
        if let unknown = instruments.first(where: { !board.isFollowed($0) }) {
            throw Problem.notFollowed(unknown, parameter: "symbols")
        }
        let channels: [FeedChannel]? = try query.words("channels") { FeedChannel(rawValue: $0) }
        let intervals = try query.words("intervals") { text in
            Interval(text).flatMap { configuration.intervals.contains($0) ? $0 : nil }
        }
        switch FeedSelection.subscribing(channels, intervals ?? []) {
        case .success(let selection): self.selection = selection
        case .failure(let error): throw Problem(.invalidParameter, error.detail, parameter: "intervals")
        }
        guard Subscription.all(instruments, selection).count <= limit else {
            throw Problem(
                .invalidParameter, "A client of /events may have \(limit) subscriptions: open another, or use /feed.",
                parameter: "symbols")
        }
        lastEventID = request.headers[named: .lastEventID]
    }

    /// The cursor of a client that begins.
    var cursor: EventCursor {
        let topics = selection.numberedTopics(0)
        let streams = topics.map { topic in
            if case .candle(_, let interval) = topic { interval.description } else { FeedChannel.trades.rawValue }
        }
        return EventCursor(
            request: instruments.map(\.key).joined(separator: ",") + ";" + streams.joined(separator: ","),
            topicCount: instruments.count * topics.count)
    }
}
