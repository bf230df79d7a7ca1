import ServiceKit

/// Notices that the topic's log is another, and says when to look whether its partitions were handed out again.
struct NewLogWatch {
    private var topicID = ""
    private var looksLeft = 0
    private var nextLookMicros: Int64 = 0

    /// A standby processor has no partitions for good reasons: it is not made to join for ever.
    private static let looks = 3

    /// Takes note of the topic as it is now. A library that cannot tell gives an empty id, which says nothing.
    mutating func see(_ log: LogIdentity, nowMicros: Int64, pauseMicros: Int64) {
        guard !log.topicID.isEmpty else { return }
        if !topicID.isEmpty, topicID != log.topicID {
            looksLeft = Self.looks
            nextLookMicros = nowMicros + pauseMicros
        }
        topicID = log.topicID
    }

    /// Whether it is time for a look; each counts as one.
    mutating func isDue(nowMicros: Int64, pauseMicros: Int64) -> Bool {
        guard looksLeft > 0, nowMicros >= nextLookMicros else { return false }
        looksLeft -= 1
        nextLookMicros = nowMicros + pauseMicros
        return true
    }
}
