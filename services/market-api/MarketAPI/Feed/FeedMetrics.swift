import Metrics

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
