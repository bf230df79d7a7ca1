import KafkaClient
import MarketCore
import PostgresClient
import ServiceKit

/// How each partition stands between the broker's log and PostgreSQL, and which of them would halt.
struct PartitionReport: Sendable {
    var table = TextTable(["partition", "log", "next offset", "lag", "lineage", "epoch", "watermark (UTC)", "state"])
    /// A sentence for each partition that stands still until a person decides.
    var halts: [String] = []

    /// What `processor_progress` has for a time before the first trade.
    private static let noTime = Int64.min

    static func read(_ session: CommandSession, _ admin: KafkaAdmin) async throws -> PartitionReport {
        guard let found = try await LogIdentity.find(session.topic, admin) else {
            throw CommandError("the broker has no topic \(session.topic)")
        }
        let ranges = try await admin.listOffsets((0..<found.partitionCount).map { TopicPartition(session.topic, $0) })
        let newerStates = try await newerStates(session)
        let rows = try await session.pool.query(
            """
            SELECT partition, topic_uuid, partitions, lineage, epoch, next_offset,
                to_char(to_timestamp(nullif(watermark, $2) / 1e6) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS mark
            FROM processor_progress WHERE topic = $1 ORDER BY partition
            """, [.text(session.topic), .bigint(noTime)])
        var report = PartitionReport()
        for row in rows {
            let partition: Int32 = try row.value("partition")
            let offset: Int64 = try row.value("next_offset")
            let known = LogIdentity(topicID: try row.value("topic_uuid"), partitionCount: try row.value("partitions"))
            let range = ranges[TopicPartition(session.topic, partition)]
            let halt = reason(
                partition, session.topic, known: known, found: found, offset: offset, range: range,
                newer: newerStates[partition])
            if let halt { report.halts.append(halt) }
            report.table.append([
                "\(partition)", range.map { "\($0.low)-\($0.high)" } ?? "gone", "\(offset)",
                range.map { "\($0.high - offset)" } ?? "-", "\(try row.value("lineage", as: Int32.self))",
                "\(try row.value("epoch", as: Int64.self))", try row.optional("mark") ?? "-",
                halt == nil ? "ok" : "halts",
            ])
        }
        if report.table.isEmpty { report.table.append(["(no processor has worked on \(session.topic) yet)"]) }
        return report
    }

    private static func reason(
        _ partition: Int32, _ topic: String, known: LogIdentity, found: LogIdentity, offset: Int64,
        range: OffsetRange?, newer: (instrument: String, version: Int32)?
    ) -> String? {
        if LogCheck.compare(known: known, found: found) != .same {
            return LogCheck.halt(partition, topic: topic, known: known, found: found).reason
        }
        if let range, offset < range.low || offset > range.high {
            return LogCheck.offsetGone(partition, topic: topic, offset: offset, range: range).reason
        }
        return newer.map {
            LogCheck.newerState(partition, topic: topic, instrument: $0.instrument, version: $0.version).reason
        }
    }

    /// By partition, an instrument whose saved state a newer program wrote.
    private static func newerStates(
        _ session: CommandSession
    ) async throws(PostgresError) -> [Int32: (instrument: String, version: Int32)] {
        let rows = try await session.pool.query(
            """
            SELECT DISTINCT ON (partition) partition, instrument, version FROM processor_state
            WHERE topic = $1 AND version > $2 ORDER BY partition, instrument
            """, [.text(session.topic), .integer(Int32(PartitionState.snapshotVersion))])
        var states: [Int32: (instrument: String, version: Int32)] = [:]
        for row in rows {
            states[try row.value("partition")] = (try row.value("instrument"), try row.value("version"))
        }
        return states
    }
}
