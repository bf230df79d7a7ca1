import MarketCore
import ServiceKit

/// Whether live values may be answered from memory: while Redis is away they are worth something for a while only.
struct LiveGate: Sendable {
    let configuration: APIConfiguration
    let board: LiveBoard
    let time: TimeSource

    /// false while the API is cut off from its live data.
    var isLive: Bool { if case .interrupted = board.feed { false } else { true } }

    /// The latest price of an instrument.
    func quote(_ instrument: Instrument, parameter: String = "symbol") throws(Problem) -> Quote {
        guard let quote = try require(instrument, parameter: parameter) else { throw Self.missingTrade(instrument) }
        return quote
    }

    /// - Returns: the latest price, if there is one.
    /// - Throws: where the instrument is not followed, or what is known of it is too old.
    @discardableResult
    func require(_ instrument: Instrument, parameter: String = "symbol") throws(Problem) -> Quote? {
        let standing = board.standing(of: instrument)
        guard standing.isFollowed else { throw Problem.notFollowed(instrument, parameter: parameter) }
        try require(standing.feed, hasValue: standing.quote != nil)
        return standing.quote
    }

    /// - Parameter hasValue: whether memory has something to answer with.
    func requireFeed(hasValue: Bool) throws(Problem) { try require(board.feed, hasValue: hasValue) }

    private func require(_ feed: LiveBoard.Feed, hasValue: Bool) throws(Problem) {
        switch feed {
        case .connected: return
        case .starting:
            guard !hasValue else { return }
        case .interrupted(let since):
            let millis = (time.monotonicMicros - since) / 1_000
            if millis <= configuration.priceWithoutRedisMillis, hasValue { return }
        }
        throw Problem(
            .liveUnavailable,
            "Live data cannot be read now (Redis is not there), and what is in memory is too old. "
                + "Try again in a moment.",
            retryAfterSeconds: 2)
    }

    static func missingTrade(_ instrument: Instrument) -> Problem {
        Problem(
            .noTradeYet, "\(instrument.key) is followed, but no trade of it has come in yet. Try again in a moment.")
    }
}
