/// What may go wrong around the processors in one history.
package struct Faults: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// A process dies between any two of its steps.
    package static let crash = Faults(rawValue: 1 << 0)
    /// A process dies inside its commit, before PostgreSQL is told to make it.
    package static let crashInCommit = Faults(rawValue: 1 << 1)
    /// A process stands still for longer than the group waits, and then goes on.
    package static let pause = Faults(rawValue: 1 << 2)
    /// A process leaves in good order, another joins.
    package static let leave = Faults(rawValue: 1 << 3)
    /// Partitions move between processes, again and again.
    package static let rebalance = Faults(rawValue: 1 << 4)
    /// The group takes partitions away without asking; their owner learns it later.
    package static let lost = Faults(rawValue: 1 << 5)
    package static let postgresOutage = Faults(rawValue: 1 << 6)
    /// The answer to a COMMIT is lost, whether or not it was made.
    package static let ambiguous = Faults(rawValue: 1 << 7)
    /// A transaction is rolled back and may be tried again.
    package static let serialization = Faults(rawValue: 1 << 8)
    /// PostgreSQL is restored from an older dump.
    package static let restore = Faults(rawValue: 1 << 9)
    package static let redisOutage = Faults(rawValue: 1 << 10)
    /// Redis is emptied, or goes over to a replica that lags.
    package static let redisLoss = Faults(rawValue: 1 << 11)
    /// The topic is made anew.
    package static let newLog = Faults(rawValue: 1 << 12)
    /// Retention deletes records that were not read yet.
    package static let logCut = Faults(rawValue: 1 << 13)
    package static let brokerOutage = Faults(rawValue: 1 << 14)
    /// Messages to the topic `candles` arrive and their acknowledgement does not.
    package static let lostAcks = Faults(rawValue: 1 << 15)
    /// So little room that partitions are paused until commits catch up.
    package static let backpressure = Faults(rawValue: 1 << 16)
    /// Old candles were dropped by retention: their trades go to `late_trades`.
    package static let retention = Faults(rawValue: 1 << 17)
    /// The consumer gives records again that were given already.
    package static let redelivery = Faults(rawValue: 1 << 18)

    /// Fetches bring nothing for a while, though the broker answers.
    package static let stall = Faults(rawValue: 1 << 19)

    package static let all = Faults(rawValue: (1 << 20) - 1)

    package static let names: [(name: String, fault: Faults)] = [
        ("crash", .crash), ("crash-in-commit", .crashInCommit), ("pause", .pause), ("leave", .leave),
        ("rebalance", .rebalance), ("lost", .lost), ("postgres-outage", .postgresOutage), ("ambiguous", .ambiguous),
        ("serialization", .serialization), ("restore", .restore), ("redis-outage", .redisOutage),
        ("redis-loss", .redisLoss), ("new-log", .newLog), ("log-cut", .logCut), ("broker-outage", .brokerOutage),
        ("lost-acks", .lostAcks), ("backpressure", .backpressure), ("retention", .retention),
        ("redelivery", .redelivery), ("stall", .stall),
    ]
}
