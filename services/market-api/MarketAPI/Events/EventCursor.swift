/// How far a client of `/events` has come, as the `id` of each event and `Last-Event-ID` tell it:
/// `<epoch of candles>.<epoch of trades>.<what is asked for>.<seq>-<seq>-…`, a number for each topic in the order of
/// the request.
struct EventCursor: Sendable {
    private static let none = "0"
    private static let longestID = 8_192

    /// Stands for what is asked for: an id says nothing about another request.
    private let fingerprint: String
    private let topicCount: Int
    private var epochs: [FeedNumbering: String] = [:]
    private var slots: [LiveTopic: Int] = [:]
    private var seqs: [Int64] = []

    /// - Parameters:
    ///   - request: the symbols and streams in their order, in any form.
    ///   - topicCount: how many numbered topics they are.
    init(request: String, topicCount: Int) {
        // FNV-1a.
        let hash = request.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        fingerprint = String(hash, radix: 16)
        self.topicCount = topicCount
    }

    /// Takes note of a message that is sent.
    ///
    /// - Returns: whether the client is further now.
    mutating func take(_ message: FeedMessage) -> Bool {
        for position in message.positions {
            if let numbering = position.topic.numbering { epochs[numbering] = position.epoch }
            if let slot = slots[position.topic] {
                seqs[slot] = position.seq
            } else {
                slots[position.topic] = seqs.count
                seqs.append(position.seq)
            }
        }
        return !message.positions.isEmpty
    }

    /// Nil until every topic's first snapshot was sent.
    var id: String? {
        guard seqs.count == topicCount, topicCount > 0 else { return nil }
        let epochs = FeedNumbering.allCases.map { self.epochs[$0] ?? Self.none }
        return "\(epochs[0]).\(epochs[1]).\(fingerprint)." + seqs.map(String.init).joined(separator: "-")
    }

    /// Reads what a client that returns has; of an id that does not belong to this request nothing can be told.
    func resumption(_ lastEventID: String) -> FeedResumption {
        let unknown = FeedResumption(epochs: [:], seqs: [])
        guard lastEventID.utf8.count <= Self.longestID else { return unknown }
        let parts = lastEventID.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[2] == fingerprint else { return unknown }
        let seqs = parts[3].split(separator: "-", omittingEmptySubsequences: false).compactMap { Int64($0) }
        guard seqs.count == topicCount else { return unknown }
        return FeedResumption(epochs: [.candles: String(parts[0]), .trades: String(parts[1])], seqs: seqs)
    }
}
