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

    /// What a mailbox follows of a numbering.
    func topics(of mailbox: Mailbox, _ numbering: FeedNumbering) -> [LiveTopic] {
        (topics[ObjectIdentifier(mailbox)] ?? []).filter { $0.numbering == numbering }
    }

    func mark(_ topic: LiveTopic) {
        if let members = byTopic[topic] { for mailbox in members.values { mailbox.mark(topic) } }
        if case .day = topic { for mailbox in allDays.values { mailbox.mark(topic) } }
    }

    /// Hands a message to all who follow its topic; it is encoded only if there are any.
    func deliver(_ position: FeedPosition, _ make: () -> FeedMessage) {
        guard let members = byTopic[position.topic], !members.isEmpty else { return }
        let message = make()
        for mailbox in members.values { mailbox.deliver(message, at: position) }
    }

    /// Tells everybody who follows something of a numbering that it has broken off.
    func interrupt(_ numbering: FeedNumbering) {
        var told: Set<ObjectIdentifier> = []
        for (topic, members) in byTopic where topic.numbering == numbering {
            for (member, mailbox) in members where told.insert(member).inserted { mailbox.interrupt(numbering) }
        }
    }

    private mutating func dropMember(_ member: ObjectIdentifier, of topic: LiveTopic) {
        byTopic[topic]?[member] = nil
        if byTopic[topic]?.isEmpty ?? false { byTopic[topic] = nil }
    }
}
