/// Which mailbox follows what, and which have to be woken.
struct LiveSubscribers {
    private var byTopic: [LiveTopic: [ObjectIdentifier: Mailbox]] = [:]
    private var topics: [ObjectIdentifier: Set<LiveTopic>] = [:]
    private var allDays: [ObjectIdentifier: Mailbox] = [:]
    /// Those for whom something waits since the last ``takeCalled()``.
    private var called: [Mailbox] = []

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

    /// What a mailbox follows of a numbering.
    func topics(of mailbox: Mailbox, _ numbering: FeedNumbering) -> [LiveTopic] {
        (topics[ObjectIdentifier(mailbox)] ?? []).filter { $0.numbering == numbering }
    }

    /// Those who have to be woken now, once nothing is locked.
    mutating func takeCalled() -> [Mailbox] {
        defer { called = [] }
        return called
    }

    /// Notes for all who follow a value that it has changed.
    ///
    /// - Parameter calls: whether they are woken for it.
    mutating func mark(_ topic: LiveTopic, calls: Bool = true) {
        if let members = byTopic[topic] { for mailbox in members.values { mark(topic, for: mailbox, calls: calls) } }
        if case .day = topic { for mailbox in allDays.values { mark(topic, for: mailbox, calls: calls) } }
    }

    mutating func mark(_ topic: LiveTopic, for mailbox: Mailbox, calls: Bool = true) {
        if mailbox.mark(topic, calls: calls) { called.append(mailbox) }
    }

    /// Wakes those who follow a topic and for whom something waits of which they were not told.
    mutating func callThoseWho(follow topic: LiveTopic) {
        guard let members = byTopic[topic] else { return }
        for mailbox in members.values where mailbox.callForWhatWaits() { called.append(mailbox) }
    }

    /// Hands a message to all who follow its topic; it is encoded only if there are any.
    mutating func deliver(_ position: FeedPosition, _ make: () -> FeedMessage) {
        guard let members = byTopic[position.topic], !members.isEmpty else { return }
        let message = make()
        for mailbox in members.values where mailbox.deliver(message, at: position) { called.append(mailbox) }
    }

    /// Tells everybody who follows something of a numbering that it has broken off.
    mutating func interrupt(_ numbering: FeedNumbering) {
        var told: Set<ObjectIdentifier> = []
        for (topic, members) in byTopic where topic.numbering == numbering {
            for (member, mailbox) in members where told.insert(member).inserted && mailbox.interrupt(numbering) {
                called.append(mailbox)
            }
        }
    }

    private mutating func dropMember(_ member: ObjectIdentifier, of topic: LiveTopic) {
        byTopic[topic]?[member] = nil
        if byTopic[topic]?.isEmpty ?? false { byTopic[topic] = nil }
    }
}
