import WebSockets

/// Which mailbox follows what.
struct LiveSubscribers {
    private var byTopic: [LiveTopic: [ObjectIdentifier: Mailbox]] = [:]
    private var topics: [ObjectIdentifier: Set<LiveTopic>] = [:]
    private var allDays: [ObjectIdentifier: Mailbox] = [:]

    mutating func add(_ mailbox: Mailbox, to topic: LiveTopic) {
        byTopic[topic, default: [:]][ObjectIdentifier(mailbox)] = mailbox
        topics[ObjectIdentifier(mailbox), default: []].insert(topic)
    }

    mutating func addToAllDays(_ mailbox: Mailbox) { allDays[ObjectIdentifier(mailbox)] = mailbox }

    mutating func remove(_ mailbox: Mailbox, from topic: LiveTopic) {
        topics[ObjectIdentifier(mailbox)]?.remove(topic)
        dropMember(ObjectIdentifier(mailbox), of: topic)
        mailbox.unmark(topic)
    }

    mutating func remove(_ mailbox: Mailbox) {
        let member = ObjectIdentifier(mailbox)
        for topic in topics.removeValue(forKey: member) ?? [] { dropMember(member, of: topic) }
        allDays[member] = nil
    }

    func mark(_ topic: LiveTopic) {
        if let members = byTopic[topic] { for mailbox in members.values { mailbox.mark(topic) } }
        if case .day = topic { for mailbox in allDays.values { mailbox.mark(topic) } }
    }

    /// Hands a closed candle to all who follow its interval; it is encoded only if there are any.
    func deliver(_ key: ClosedCandleKey, _ frame: () -> WebSocketFrameBytes) {
        guard let members = byTopic[.candle(key.instrument, key.interval)], !members.isEmpty else { return }
        let frame = frame()
        for mailbox in members.values { mailbox.deliver(frame, key) }
    }

    /// Tells everybody who follows candles that some may be missing.
    func deliver(_ gap: Mailbox.Gap) {
        var told: Set<ObjectIdentifier> = []
        for (topic, members) in byTopic {
            guard case .candle = topic else { continue }
            for (member, mailbox) in members where told.insert(member).inserted { mailbox.deliver(gap) }
        }
    }

    private mutating func dropMember(_ member: ObjectIdentifier, of topic: LiveTopic) {
        byTopic[topic]?[member] = nil
        if byTopic[topic]?.isEmpty ?? false { byTopic[topic] = nil }
    }
}
