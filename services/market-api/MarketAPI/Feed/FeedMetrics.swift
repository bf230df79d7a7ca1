import Metrics

/// Counts what the WebSocket sessions do.
struct FeedMetrics: Sendable {
    private let frames = Counter(label: "websocket_frames_sent_total")
    private let slowGaps = Counter(
        label: "websocket_gaps_total", dimensions: [("reason", Mailbox.Gap.slowClient.rawValue)])
    private let feedGaps = Counter(
        label: "websocket_gaps_total", dimensions: [("reason", Mailbox.Gap.feedInterrupted.rawValue)])

    func countFrames(_ count: Int) { frames.increment(by: Int64(count)) }

    func countGap(_ gap: Mailbox.Gap) {
        switch gap {
        case .slowClient: slowGaps.increment()
        case .feedInterrupted: feedGaps.increment()
        }
    }
}
