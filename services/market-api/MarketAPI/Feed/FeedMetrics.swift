import Metrics
import ServiceKit

/// Counts what those who follow are sent.
struct FeedMetrics: Sendable {
    private let frames = Counter(label: "websocket_frames_sent_total")
    private let events = Counter(label: "server_sent_events_total")
    private let slowGaps = Counter(
        label: "websocket_gaps_total", dimensions: [("reason", Mailbox.Gap.slowClient.rawValue)])
    private let feedGaps = Counter(
        label: "websocket_gaps_total", dimensions: [("reason", Mailbox.Gap.feedInterrupted.rawValue)])
    private let reconnectGaps = Counter(
        label: "websocket_gaps_total", dimensions: [("reason", Mailbox.Gap.reconnected.rawValue)])

    private let priceDelay = Timer(label: "websocket_event_to_client_seconds", dimensions: [("kind", "price")])
    private let tradeDelay = Timer(label: "websocket_event_to_client_seconds", dimensions: [("kind", "trade")])
    private let time: TimeSource

    init(time: TimeSource = .system) { self.time = time }

    /// Messages that the socket of a client has taken.
    func sent(_ messages: [FeedMessage]) {
        countFrames(messages.count)
        let now = time.wallMicros
        for message in messages {
            guard let event = message.eventTimeMicros else { continue }
            // Clocks that differ can give less than nothing.
            (message.kind == .trade ? tradeDelay : priceDelay).recordMicroseconds(max(0, now - event))
        }
    }

    func countFrames(_ count: Int) { frames.increment(by: Int64(count)) }

    func countEvents(_ count: Int) { events.increment(by: Int64(count)) }

    func countGaps(_ messages: [FeedMessage]) {
        for message in messages {
            switch message.gap {
            case .slowClient: slowGaps.increment()
            case .feedInterrupted: feedGaps.increment()
            case .reconnected: reconnectGaps.increment()
            case nil: break
            }
        }
    }
}
