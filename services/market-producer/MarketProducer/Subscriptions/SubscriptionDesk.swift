import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit
import Synchronization

/// Lets the venues' feeds follow what is asked for, as soon as it is asked.
final class SubscriptionDesk: Sendable {
    private struct Contents {
        var book: SubscriptionBook
        /// Until the topic was read once, or could not be for a while, nothing is followed: what a person took back
        /// before the last restart must not come up again.
        var isOpen = false
        var followed: Set<Instrument> = []
    }

    private let contents: Mutex<Contents>
    private let venues: [FollowedVenue]
    private let health: HealthBoard
    private let logger: Logger

    private static let part = "subscriptions"
    /// A broker that does not answer must not keep the venues waiting: trades are accepted before it is back.
    private static let patience = Duration.seconds(5)

    init(
        _ configured: [Instrument], share: ProducerShard, venues: [FollowedVenue], health: HealthBoard, logger: Logger
    ) {
        contents = Mutex(Contents(book: SubscriptionBook(configured, share: share)))
        self.venues = venues
        self.health = health
        self.logger = logger
        health.set(Self.part, .starting("what is to be followed is not read yet"))
    }

    /// Until the task is cancelled.
    func run(_ kafka: KafkaConfiguration, topic: String) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await TopicFollower<SubscriptionRecord>(kafka, topic: topic, logger: self.logger) { self.take($0) }
                    .run()
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                guard !Task.isCancelled else { return }
                self.open()
            }
        }
    }

    func take(_ word: TopicWord<SubscriptionRecord>) {
        switch word {
        case .record(let record): change { $0.take(record) }
        case .removed(let key): change { $0.remove(key) }
        case .caughtUp: open()
        }
    }

    private func open() {
        let isFirst = contents.withLock { contents in
            defer { contents.isOpen = true }
            return !contents.isOpen
        }
        if isFirst { change { _ in } }
    }

    private func change(_ body: (inout SubscriptionBook) -> Void) {
        // Under the lock, so that a later word is not overtaken by an earlier one.
        contents.withLock { contents in
            body(&contents.book)
            guard contents.isOpen else { return }
            let followed = contents.book.followed
            let new = Set(followed)
            guard new != contents.followed || contents.followed.isEmpty else { return }
            tell(new.subtracting(contents.followed), contents.followed.subtracting(new))
            contents.followed = new
            follow(followed)
        }
    }

    private func follow(_ instruments: [Instrument]) {
        let byVenue = Dictionary(grouping: instruments, by: \.venue)
        var refused: [Instrument] = []
        for venue in venues { refused += venue.follow(byVenue[venue.feed.venue] ?? []) }
        let known = Set(venues.map(\.feed.venue))
        let foreign = instruments.filter { !known.contains($0.venue) }
        guard refused.isEmpty, foreign.isEmpty else {
            let reason =
                refused.isEmpty
                ? "no connection leads to the venue of \(foreign.map(\.key).sorted().prefix(5))"
                : "\(refused.count) instruments are more than one producer may follow; share them out with "
                    + "PRODUCER_SHARD"
            health.set(Self.part, .failed(reason, blocksReadiness: false))
            logger.error("not everything that is asked for is followed", metadata: ["reason": "\(reason)"])
            return
        }
        health.set(Self.part, .ok)
    }

    private func tell(_ new: Set<Instrument>, _ gone: Set<Instrument>) {
        func names(_ instruments: Set<Instrument>) -> String {
            let keys = instruments.map(\.key).sorted()
            return keys.prefix(10).joined(separator: ",") + (keys.count > 10 ? " and \(keys.count - 10) more" : "")
        }
        if !new.isEmpty { logger.info("follows", metadata: ["symbols": "\(names(new))"]) }
        if !gone.isEmpty { logger.info("follows no more", metadata: ["symbols": "\(names(gone))"]) }
    }
}
