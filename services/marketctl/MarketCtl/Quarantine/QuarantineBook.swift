import MarketWire
import PostgresClient

/// The table `quarantine`, as people see it.
enum QuarantineBook {
    static func counts(_ session: CommandSession) async throws(PostgresError) -> TextTable {
        let rows = try await session.pool.query(
            """
            SELECT reason, count(*) AS records, count(replayed_at) AS replayed,
                to_char(max(quarantined_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS newest
            FROM quarantine WHERE topic = $1 GROUP BY reason ORDER BY reason
            """, [.text(session.topic)])
        var table = TextTable(["reason", "records", "replayed", "newest (UTC)"])
        for row in rows {
            table.append([
                try row.value("reason"), "\(try row.value("records", as: Int64.self))",
                "\(try row.value("replayed", as: Int64.self))", try row.value("newest"),
            ])
        }
        if table.isEmpty { table.append(["(nothing is quarantined)"]) }
        return table
    }

    static func records(
        _ session: CommandSession, reason: String?, limit: Int32
    ) async throws(PostgresError) -> TextTable {
        let rows = try await session.pool.query(
            """
            SELECT partition, "offset", reason, coalesce(instrument, '-') AS instrument, detail,
                to_char(quarantined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at
            FROM quarantine WHERE topic = $1 AND ($2::text IS NULL OR reason = $2)
            ORDER BY quarantined_at DESC, partition, "offset" DESC LIMIT $3
            """, [.text(session.topic), .optional(reason), .integer(limit)])
        var table = TextTable(["quarantined (UTC)", "partition", "offset", "reason", "instrument", "detail"])
        for row in rows {
            table.append([
                try row.value("at"), "\(try row.value("partition", as: Int32.self))",
                "\(try row.value("offset", as: Int64.self))", try row.value("reason"), try row.value("instrument"),
                try row.value("detail"),
            ])
        }
        return table
    }

    /// A record that is readable goes under its instrument's own key, which mends a wrong key or partition; whatever is
    /// still wrong with it is quarantined anew. Trades are known by their ids: replaying twice counts once.
    static func replay(_ session: CommandSession, reason: String?, limit: Int32) async throws {
        let rows = try await session.pool.query(
            """
            SELECT topic_uuid, partition, "offset", value FROM quarantine
            WHERE topic = $1 AND ($2::text IS NULL OR reason = $2) AND replayed_at IS NULL
            ORDER BY quarantined_at, partition, "offset" LIMIT $3
            """, [.text(session.topic), .optional(reason), .integer(limit)])
        var unreadable = 0
        var records: [(key: String, value: [UInt8])] = []
        var topicIDs: [String] = []
        var partitions: [Int32] = []
        var offsets: [Int64] = []
        for row in rows {
            guard let value: [UInt8] = try row.optional("value"), let record = try? TradeRecord.decode(value) else {
                unreadable += 1
                continue
            }
            records.append((record.instrument.key, value))
            topicIDs.append(try row.value("topic_uuid"))
            partitions.append(try row.value("partition"))
            offsets.append(try row.value("offset"))
        }
        _ = try await session.append(records)
        _ = try await session.pool.query(
            """
            UPDATE quarantine q SET replayed_at = now() FROM unnest($1, $2, $3) AS t (topic_uuid, partition, "offset")
            WHERE q.topic_uuid = t.topic_uuid AND q.partition = t.partition AND q."offset" = t."offset"
            """, [.texts(topicIDs), .integers(partitions), .bigints(offsets)])
        Terminal.say(
            "\(records.count) records appended to \(session.topic) again, \(unreadable) left: not readable")
    }
}
