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
            let record = HeartbeatRecord(
                producerID: producerID, startedTimeMicros: started, sentTimeMicros: time.wallMicros,
                connections: venues.flatMap { venue in
                    venue.statuses.connections.map { connection, status in
                        status.heartbeat(
                            venue: venue.feed.venue, name: connection.name, instruments: connection.instruments,
                            sinceMicros: now - last)
                    }
                })
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

    /// A venue's metadata, now and then until the task is cancelled.
    func announceInstruments(of feed: any VenueFeed) async {
        var backoff = Backoff(first: .seconds(2), longest: .seconds(300)) { Double.random(in: 0..<1) }
        while !Task.isCancelled {
            do {
                let records = try await feed.metadata()
                for record in records {
                    try await producer.current.deliver(
                        topic: catalog.instruments.name, key: Array(record.symbol.utf8), value: record.encoded(),
                        headers: Self.headers)
                }
                let missing = Set(feed.instruments.map(\.key)).subtracting(records.map(\.symbol))
                if !missing.isEmpty {
                    logger.warning(
                        "the venue does not know these instruments", metadata: ["symbols": "\(missing.sorted())"])
                }
                backoff.reset()
                try? await Task.sleep(for: Self.metadataPause)
            } catch {
                logger.warning("the venue's metadata cannot be announced now", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}
