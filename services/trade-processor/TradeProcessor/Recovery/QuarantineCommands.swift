import MarketWire
import PostgresClient
import ServiceKit

/// Looking at records that could not be used, and having them tried again.
enum QuarantineCommands {
    static let list = ServiceProgram.Command(
        "quarantine", usage: "[<reason> [<limit>]]",
        help: "what could not be used: counts by reason, and the newest records (of one reason; 20)"
    ) { context, words in
        guard words.count <= 2 else { throw UsageError("a reason and a limit at most") }
        let limit = try RecoveryWords.limit(words.dropFirst().first, default: 20)
        try await RecoverySession.run(context) { session in
            ServiceProgram.say(try await counts(session).text)
            let newest = try await records(session, reason: words.first, limit: limit)
            if !newest.isEmpty { ServiceProgram.say("\n" + newest.text) }
        }
    }

    static let replay = ServiceProgram.Command(
        "replay-quarantine", usage: "<reason>|all [<limit>]",
        help: "appends quarantined records to the trades topic again, oldest first (10000)"
    ) { context, words in
        guard let reason = words.first, words.count <= 2 else { throw UsageError("a reason, or all; and a limit") }
        let limit = try RecoveryWords.limit(words.dropFirst().first, default: 10_000)
        try await RecoverySession.run(context) { session in
            try await replay(session, reason: reason == "all" ? nil : reason, limit: limit)
        }
    }

    private static func counts(_ session: RecoverySession) async throws(PostgresError) -> TextTable {
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

    private static func records(
        _ session: RecoverySession, reason: String?, limit: Int32
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
    private static func replay(_ session: RecoverySession, reason: String?, limit: Int32) async throws {
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
        ServiceProgram.say(
            "\(records.count) records appended to \(session.topic) again, \(unreadable) left: not readable")
    }
}
