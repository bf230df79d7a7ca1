import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import ServiceKit

/// Tells the rest of the system that this producer lives (`market.heartbeat`) and what it knows of its instruments
/// (`instruments`). A lost heartbeat is followed by the next one; metadata is said again until the broker has it.
struct AnnouncementPublisher: Sendable {
    let producer: LastingProducer
    let catalog: TopicCatalog
    let venues: [FollowedVenue]
    let producerID: String
    let time: TimeSource
    let logger: Logger
    /// Trades that were accepted and that the broker has not acknowledged.
    let waitingTrades: @Sendable () -> Int

    private static let headers = [KafkaHeader(WireSchema.headerName, WireSchema.version)]
    private static let heartbeatPause = Duration.seconds(3)
    /// How often the venue is asked for its instruments; tick sizes change rarely.
    private static let metadataPause = Duration.seconds(6 * 3_600)

    /// A heartbeat every few seconds until the task is cancelled.
    func beat() async {
        let started = time.wallMicros
        var last = time.monotonicMicros
        while !Task.isCancelled {
            let now = time.monotonicMicros
            let wall = time.wallMicros
            let record = HeartbeatRecord(
                producerID: producerID, startedTimeMicros: started, sentTimeMicros: wall,
                connections: venues.flatMap { venue in
                    venue.feed.lines.connections.map { connection in
                        venue.statuses[connection.name].heartbeat(
                            venue: venue.feed.venue, name: connection.name, instruments: connection.instruments,
                            atMicros: wall, sinceMicros: now - last)
                    }
                }, version: Version.text, waitingTrades: Int64(waitingTrades()))
            last = now
            do {
                try await producer.replaceIfFailed()
                try producer.current.send(
                    topic: catalog.heartbeat.name, key: Array(producerID.utf8), value: record.encoded(),
                    headers: Self.headers)
            } catch {
                logger.debug("a heartbeat was not sent", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.heartbeatPause)
        }
    }

    /// A venue's metadata, of new instruments at once and of all now and then, until the task is cancelled.
    func announceInstruments(of venue: FollowedVenue) async {
        var backoff = Backoff(first: .seconds(2), longest: .seconds(300)) { Double.random(in: 0..<1) }
        var announced: Set<Instrument> = []
        while !Task.isCancelled {
            let changes = venue.changed.listen()
            let new = venue.instruments.filter { !announced.contains($0) }
            do {
                if !new.isEmpty { try await announce(new, of: venue.feed) }
                announced.formUnion(new)
                backoff.reset()
                if await !Self.hasChange(changes, within: Self.metadataPause) { announced = [] }
            } catch {
                logger.warning("the venue's metadata cannot be announced now", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func announce(_ instruments: [Instrument], of feed: any VenueFeed) async throws {
        let records = try await feed.catalog.metadata(of: instruments)
        for record in records {
            try await producer.current.deliver(
                topic: catalog.instruments.name, key: Array(record.symbol.utf8), value: record.encoded(),
                headers: Self.headers)
        }
        let missing = Set(instruments.map(\.key)).subtracting(records.map(\.symbol))
        if !missing.isEmpty {
            logger.warning("the venue does not know these instruments", metadata: ["symbols": "\(missing.sorted())"])
        }
    }

    private static func hasChange(_ changes: AsyncStream<Void>, within time: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in changes { break }
                return true
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
