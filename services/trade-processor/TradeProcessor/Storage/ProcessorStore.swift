import MarketCore
import PostgresClient
import ServiceKit

/// What the processor asks of PostgreSQL, in its words. All of it is safe to repeat but ``commit(_:)``.
struct ProcessorStore: Sendable {
    let pool: PostgresPool
    let topic: String
    let leaves: LeafTables

    init(pool: PostgresPool, topic: String) {
        self.pool = pool
        self.topic = topic
        leaves = LeafTables(pool: pool)
    }

    /// Takes a partition over: after this, whatever the former owner still writes is void.
    ///
    /// - Parameters:
    ///   - owner: a fresh random UUID.
    ///   - log: the topic as it is now, written only if the partition has no progress yet.
    ///   - firstOffset: where a partition without progress begins.
    func claim(
        partition: Int32, owner: String, log: LogIdentity, firstOffset: Int64
    ) async throws(PostgresError) -> PartitionClaim {
        let rows = try await pool.query(
            "SELECT * FROM claim_partition($1, $2, $3, $4, $5, $6)",
            [
                .text(topic), .integer(partition), .uuid(owner), .text(log.topicID), .integer(log.partitionCount),
                .bigint(firstOffset),
            ])
        guard let row = rows.first else {
            throw PostgresError(
                .server, "claim_partition gave no row for partition \(partition) of \(topic)")
        }
        // A statement of its own after the claim: in the same one it would read what was before it.
        let saved = try await pool.query(
            "SELECT instrument, version, state FROM processor_state WHERE topic = $1 AND partition = $2",
            [.text(topic), .integer(partition)])
        var instruments: [SavedInstrument] = []
        instruments.reserveCapacity(saved.count)
        for row in saved {
            instruments.append(
                SavedInstrument(
                    key: try row.value("instrument"), version: try row.value("version"), state: try row.value("state"))
            )
        }
        return PartitionClaim(
            lease: PartitionLease(
                partition: partition, owner: owner, epoch: try row.value("epoch"),
                commitSequence: try row.value("commit_seq"), lineage: Int64(try row.value("lineage", as: Int32.self))),
            topicID: try row.value("topic_uuid"), partitionCount: try row.value("partitions"),
            nextOffset: try row.value("next_offset"), watermarkMicros: Self.time(try row.value("watermark")),
            maxEventMicros: Self.time(try row.value("max_event")), instruments: instruments,
            horizons: try await horizons())
    }

    /// Where retention stands: unix seconds by interval. Windows that begin before have no row.
    func horizons() async throws(PostgresError) -> [Interval: Int64] {
        var horizons: [Interval: Int64] = [:]
        for row in try await pool.query("SELECT * FROM candle_horizons()") {
            if let interval = Interval(try row.value("interval", as: String.self)) {
                horizons[interval] = try row.value("horizon")
            }
        }
        return horizons
    }

    /// Goes on with another log from its first offset: the lineage rises, watermark and ids stay.
    func startLineage(
        _ lease: PartitionLease, log: LogIdentity, nextOffset: Int64
    ) async throws(PostgresError) -> PartitionLease {
        let rows = try await pool.query(
            "SELECT * FROM start_lineage($1, $2, $3, $4, $5, $6, $7)",
            [
                .text(topic), .integer(lease.partition), .uuid(lease.owner), .bigint(lease.epoch), .text(log.topicID),
                .integer(log.partitionCount), .bigint(nextOffset),
            ])
        guard let row = rows.first else {
            throw PostgresError(.server, "start_lineage gave no row for partition \(lease.partition)")
        }
        return PartitionLease(
            partition: lease.partition, owner: lease.owner, epoch: lease.epoch,
            commitSequence: try row.value("commit_seq"), lineage: Int64(try row.value("lineage", as: Int32.self)))
    }

    /// Whether a commit whose outcome is unknown was made: waits for the dying backend by locking the row.
    ///
    /// - Returns: nil if the partition has another owner by now.
    func committedSequence(_ lease: PartitionLease) async throws(PostgresError) -> Int64? {
        let rows = try await pool.query(
            """
            SELECT owner::text AS owner, epoch, commit_seq FROM processor_progress \
            WHERE topic = $1 AND partition = $2 FOR UPDATE
            """, [.text(topic), .integer(lease.partition)])
        guard let row = rows.first, try row.value("owner", as: String.self) == lease.owner,
            try row.value("epoch", as: Int64.self) == lease.epoch
        else { return nil }
        return try row.value("commit_seq")
    }

    /// The rows of `id_holes` that the state machine asks for.
    func holes(
        symbol: String, request: HoleRequest
    ) async throws(PostgresError) -> [StoredHole] {
        let columns = "first_id, last_id, before_time_us, after_time_us, settled::text AS settled"
        let sql: String
        var parameters: [PostgresValue] = [
            .text(symbol), .integer(request.generation), .bigint(request.ids.lowerBound),
            .bigint(request.ids.upperBound),
        ]
        switch request.selection {
        case .around:
            sql = "SELECT \(columns) FROM find_id_holes($1, $2, $3, $4)"
        case .newestOpen(let limit):
            sql = """
                SELECT \(columns) FROM id_holes WHERE instrument = $1 AND generation = $2 AND first_id >= $3 \
                AND last_id <= $4 AND NOT is_settled ORDER BY first_id DESC LIMIT $5
                """
            parameters.append(.bigint(Int64(limit)))
        }
        var holes: [StoredHole] = []
        for row in try await pool.query(sql, parameters) {
            let settled: String = try row.value("settled")
            guard let ranges = Multirange.ranges(settled) else {
                throw PostgresError(.decoding, "id_holes.settled holds '\(settled)'")
            }
            holes.append(
                StoredHole(
                    key: StoredHoleKey(
                        instrument: request.instrument, generation: request.generation,
                        firstID: try row.value("first_id")), lastID: try row.value("last_id"),
                    beforeMicros: try row.optional("before_time_us"), afterMicros: try row.optional("after_time_us"),
                    settled: ranges))
        }
        return holes
    }

    /// The newest base candle of each instrument.
    func lastCandles(
        symbols: [String], partition: Int32, lineage: Int64
    ) async throws(PostgresError) -> [StoredCandle] {
        // No bound on the time: a quiet instrument's newest candle may be of any age. The index gives the newest row of
        // each leaf, newest leaf first; all leaves are locked for it, which is rare enough here.
        let keys = try await pool.query(
            """
            SELECT k.symbol, c.window_start FROM unnest($1::text[]) AS k (symbol) CROSS JOIN LATERAL (\
            SELECT r.window_start FROM candles_10s r WHERE r.symbol = k.symbol AND r."interval" = '10s' \
            ORDER BY r.window_start DESC LIMIT 1) c
            """, [.texts(symbols)], isPrepared: false)
        var found: [(String, Int64)] = []
        for row in keys { found.append((try row.value("symbol"), try row.value("window_start"))) }
        let rows = try await pool.query(
            "SELECT * FROM candles_by_key($1, $2, $3)",
            [
                .texts(found.map(\.0)), .texts(found.map { _ in Interval.base.description }),
                .bigints(found.map(\.1)),
            ])
        var candles: [StoredCandle] = []
        for row in rows { candles.append(try StoredCandle(row, partition: partition, lineage: lineage)) }
        return candles
    }

    /// Rows of the outbox: candles that the topic has not got for certain.
    func unpublished(
        partition: Int32, lineage: Int64, limit: Int
    ) async throws(PostgresError) -> [StoredCandle] {
        let rows = try await pool.query(
            "SELECT * FROM outbox_pending($1, $2)", [.integer(partition), .integer(Int32(clamping: limit))])
        var candles: [StoredCandle] = []
        for row in rows { candles.append(try StoredCandle(row, partition: partition, lineage: lineage)) }
        return candles
    }

    /// Takes rows off the outbox after the broker acknowledged them; nothing if the partition has another owner: in a
    /// restored database the same ids are other rows.
    func markPublished(_ lease: PartitionLease, outboxIDs: [Int64]) async throws(PostgresError) {
        _ = try await pool.query(
            """
            SELECT outbox_delete($1, $2) FROM processor_progress \
            WHERE topic = $3 AND partition = $1 AND owner = $4 AND epoch = $5
            """,
            [
                .integer(lease.partition), .bigints(outboxIDs.map { $0 }), .text(topic), .uuid(lease.owner),
                .bigint(lease.epoch),
            ])
    }

    /// Records the source in an empty database, and gives the recorded one.
    func claimSource(_ source: String) async throws(PostgresError) -> String {
        let rows = try await pool.query("SELECT claim_market_source($1) AS source", [.text(source)])
        return try rows.first?.value("source") ?? source
    }

    /// PostgreSQL's word for "no trade yet".
    static let noTime = Int64.min

    private static func time(_ micros: Int64) -> Int64? { micros == noTime ? nil : micros }
}
