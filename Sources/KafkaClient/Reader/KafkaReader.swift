/// How a reader fetches and bounds.
public struct ReaderOptions: Sendable {
    /// How many records wait for ``KafkaReader/next()`` at most; then fetching waits.
    public var bufferedRecords = 1_000
    /// How much the broker gathers before it answers, in bytes. Of a topic of which much comes, more than 1 makes few
    /// large answers out of many small ones, each of which costs broker and reader about as much as a large one.
    public var fetchMinBytes = 1
    /// How long the broker may gather, in milliseconds: the longest that a record is held back.
    public var fetchWaitMillis = 100
    /// How many kilobytes are fetched ahead for each partition.
    public var prefetchKilobytes = 4_096

    public init() {}

    func settings(clientID: String) -> LibraryConfiguration {
        LibraryConfiguration(
            defaults: [
                // Partitions are assigned by hand; the name of a group is asked for all the same, and never used.
                ("group.id", "\(clientID)-reader"),
                ("queued.min.messages", String(max(1, bufferedRecords))),
                ("queued.max.messages.kbytes", String(prefetchKilobytes)),
                ("fetch.min.bytes", String(max(1, fetchMinBytes))),
                ("fetch.wait.max.ms", String(fetchWaitMillis)),
                ("allow.auto.create.topics", "false"),
            ],
            owned: LibraryConfiguration.exactReading,
            // What belongs to groups, and must not bring a reader into contradiction with itself.
            ignored: [
                "group.id", "group.instance.id", "group.protocol", "partition.assignment.strategy",
                "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms",
            ])
    }
}

/// What a reader came upon.
public enum ReaderEvent: Sendable, Hashable {
    case record(KafkaRecord)
    /// Everything before this offset has been read; more may come.
    case reachedEnd(partition: Int32, offset: Int64)
}

/// Reads partitions of one topic without a group: a compacted topic from its beginning, or whatever comes from now on.
///
/// A topic that does not exist yet and a broker that is down are waited for (and told as ``KafkaEvent/error(_:)``).
/// Partitions that are added
/// later are not read.
public final class KafkaReader: Sendable {
    private let core: ReaderCore

    /// Makes a reader and begins to fetch.
    ///
    /// - Parameters:
    ///   - topic: The topic.
    ///   - start: Where to begin in each partition.
    ///   - partitions: The partitions to read, or nil for all.
    ///   - offsets: Where to begin in single partitions; wins over `start`.
    /// - Throws: ``KafkaError`` with `.configuration` when a property is refused.
    public init(
        _ configuration: KafkaConfiguration, topic: String, from start: StartOffset = .beginning,
        partitions: [Int32]? = nil,
        offsets: [Int32: Int64] = [:], options: ReaderOptions = .init()
    ) throws(KafkaError) {
        let plan = ReaderCore.Plan(topic: topic, start: start, partitions: partitions, offsets: offsets)
        core = try ReaderCore(configuration, plan: plan, options: options)
        try core.begin()
    }

    deinit { core.beginClose() }

    /// The next record or end; waits for it. One caller at a time.
    ///
    /// - Returns: Nil once the reader is closed.
    /// - Throws: ``KafkaError``: `.cancelled`; `.offsetOutOfRange`, `.authorization` and fatal ones end the reader.
    public func next() async throws(KafkaError) -> ReaderEvent? { try await core.next(atMost: 1).first }

    /// All records and ends that wait, one at least, in the order of ``next()``; waits for the first. For topics of
    /// which much comes: a task that is woken for a batch costs no more than one that is woken for a record.
    ///
    /// - Returns: Nil once the reader is closed.
    /// - Throws: As ``next()``.
    public func nextBatch() async throws(KafkaError) -> [ReaderEvent]? {
        let batch = try await core.next(atMost: .max)
        return batch.isEmpty ? nil : batch
    }

    /// Reads up to the end offsets as they are at the call; then follow with ``next()``.
    ///
    /// - Parameters:
    ///   - timeoutMillis: How long it may take.
    ///   - body: Called with each record, in the order of each partition; an error of it ends the reading.
    /// - Throws: ``KafkaError`` with `.timedOut`, those of ``next()``, or what `body` throws.
    public func readToEnd(timeoutMillis: Int, _ body: (KafkaRecord) throws -> Void) async throws {
        let deadline = Deadline(millis: timeoutMillis)
        let ends = try await core.endOffsets(deadline: deadline)
        while !core.hasRead(to: ends) {
            let event = try await core.next(atMost: 1, timeoutMillis: Int(deadline.remainingMillis)).first
            guard let event else { throw KafkaError.closed("reader") }
            if case .record(let record) = event { try body(record) }
        }
    }

    /// Ends reading; a waiting ``next()`` returns nil.
    public func close() async {
        core.beginClose()
        _ = await core.ended.wait(timeoutMillis: 10_000)
    }
}
