import MarketWire
import ServiceKit
import WebSockets

/// How fresh the live data is, as `/feed` tells it every few seconds.
struct FeedStatus: Sendable {
    let feed: LiveBoard.Feed
    let venues: [VenueMonitor.Report]
    let silentAfterMillis: Int64
    let marketSource: String
    let isHistoryAvailable: Bool

    /// What must be told at once when it changes; ages change all the time.
    var states: [String] {
        [feed.name, String(isHistoryAvailable)] + venues.map { "\($0.venue) \($0.state.rawValue)" }
    }

    func message(atWallMicros now: Int64) -> FeedMessage {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "status")
        writer.field("time_us", now)
        writer.field("feed", feed.name)
        writer.field("history", isHistoryAvailable ? "available" : "unavailable")
        writer.field("source", marketSource)
        writer.field("simulated", marketSource.isSimulatedMarketSource)
        writer.field("silent_after_ms", silentAfterMillis)
        writer.key("venues")
        writer.beginArray()
        for report in venues {
            writer.beginObject()
            writer.field("venue", report.venue)
            writer.field("state", report.state.rawValue)
            writer.field("last_trade_age_ms", report.lastTradeAgeMillis)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return FeedMessage(kind: .status, frame: .text(writer.bytes))
    }
}

extension LiveBoard.Feed {
    /// `starting`, `connected` or `interrupted`.
    var name: String {
        switch self {
        case .starting: "starting"
        case .connected: "connected"
        case .interrupted: "interrupted"
        }
    }
}
