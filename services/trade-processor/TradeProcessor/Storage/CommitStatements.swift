import MarketCore
import PostgresClient

/// A commit as the statements of one transaction. The first raises unless every partition is still ours, and in a
/// pipeline an error voids all that follows up to the COMMIT.
struct CommitStatements {
    let statements: [PostgresStatement]
    /// Where among them the merged rows come back; nil where no row changes.
    let rowsIndex: Int?

    init(topic: String, work: [PartitionWork]) {
        var statements = [Self.fence(topic, work)]
        var rowsIndex: Int?
        var columns = CandleColumns()
        for partition in work {
            for change in partition.candles { columns.append(change, partition: partition.partition) }
        }
        if columns.count > 0 {
            rowsIndex = statements.count
            statements.append(columns.statement)
        }
        statements += [Self.snapshots(topic, work), Self.late(work), Self.deletedHoles(work), Self.savedHoles(work)]
            .compactMap { $0 }
        statements += work.compactMap { Self.quarantine(topic, $0) }
        self.statements = statements
        self.rowsIndex = rowsIndex
    }

    private static func fence(_ topic: String, _ work: [PartitionWork]) -> PostgresStatement {
        let progress = work.map(\.progress)
        return PostgresStatement(
            "SELECT commit_partitions($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .text(topic), .integers(progress.map(\.lease.partition)), .uuids(progress.map(\.lease.owner)),
                .bigints(progress.map(\.lease.epoch)), .bigints(progress.map(\.lease.commitSequence)),
                .bigints(progress.map(\.nextOffset)),
                .bigints(progress.map { $0.watermarkMicros ?? ProcessorStore.noTime }),
                .bigints(progress.map { $0.maxEventMicros ?? ProcessorStore.noTime }),
            ])
    }

    private static func snapshots(_ topic: String, _ work: [PartitionWork]) -> PostgresStatement? {
        let rows = work.flatMap { partition in partition.snapshots.map { (partition.partition, $0) } }
        guard !rows.isEmpty else { return nil }
        return PostgresStatement(
            "SELECT save_states($1, $2, $3, $4, $5)",
            [
                .text(topic), .integers(rows.map(\.0)), .texts(rows.map(\.1.symbol)),
                .integers(rows.map(\.1.version)), .bytesArray(rows.map(\.1.state)),
            ])
    }

    private static func late(_ work: [PartitionWork]) -> PostgresStatement? {
        let rows = work.flatMap(\.lateTrades)
        guard !rows.isEmpty else { return nil }
        return PostgresStatement(
            "SELECT record_late_trades($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .texts(rows.map(\.symbol)), .integers(rows.map(\.key.generation)), .bigints(rows.map(\.key.id)),
                .bigints(rows.map(\.tradeCount)), .numerics(rows.map(\.price.description)),
                .numerics(rows.map(\.quantity.description)), .booleans(rows.map { $0.takerSide == .buy }),
                .bigints(rows.map(\.eventTimeMicros)),
            ])
    }

    private static func savedHoles(_ work: [PartitionWork]) -> PostgresStatement? {
        let rows = work.flatMap(\.savedHoles)
        guard !rows.isEmpty else { return nil }
        return PostgresStatement(
            "SELECT save_id_holes($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .texts(rows.map(\.symbol)), .integers(rows.map(\.generation)), .bigints(rows.map(\.firstID)),
                .bigints(rows.map(\.lastID)), .bigints(rows.map(\.beforeTimeMicros)),
                .bigints(rows.map(\.afterTimeMicros)), .texts(rows.map(\.settled)), .booleans(rows.map(\.isSettled)),
            ])
    }

    private static func deletedHoles(_ work: [PartitionWork]) -> PostgresStatement? {
        let rows = work.flatMap(\.deletedHoles)
        guard !rows.isEmpty else { return nil }
        return PostgresStatement(
            "SELECT delete_id_holes($1, $2, $3)",
            [.texts(rows.map(\.symbol)), .integers(rows.map(\.generation)), .bigints(rows.map(\.firstID))])
    }

    private static func quarantine(_ topic: String, _ work: PartitionWork) -> PostgresStatement? {
        let rows = work.quarantined
        guard !rows.isEmpty else { return nil }
        return PostgresStatement(
            "SELECT quarantine_records($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .text(work.topicID), .text(topic), .integers(rows.map { _ in work.partition }),
                .bigints(rows.map(\.offset)), .texts(rows.map(\.reason)), .texts(rows.map(\.detail)),
                .texts(rows.map(\.symbol)), .bytesArray(rows.map(\.key)), .bytesArray(rows.map(\.value)),
            ])
    }
}
