import Logging
import PostgresClient

/// Owners that stand still in the middle of a transaction must not hold up whoever comes after them.
extension ProcessorStore {
    /// How long a session may wait for its client inside a transaction: the same as where PostgreSQL itself sees to it.
    private static let stalledMillis = Int64(10_000)

    /// After a wait for a lock was given up: ends the sessions of owners that have gone silent, if it was they.
    func makeWay(after error: PostgresError, logger: Logger) async {
        guard error.kind == .lockTimeout else { return }
        do throws(PostgresError) {
            let ended = try await endStalledOwners(afterMillis: Self.stalledMillis)
            if ended > 0 {
                logger.warning(
                    "an owner stood still inside a transaction; its session was ended, nothing of it is committed",
                    metadata: ["sessions": "\(ended)"])
            }
        } catch {
            logger.error("stalled sessions cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    /// Ends sessions that hold progress rows and have waited for their client for too long.
    ///
    /// One that stopped in the middle of a pipelined transaction (a frozen machine, a cut network) is "active" for
    /// PostgreSQL, whose `idle_in_transaction_session_timeout` does not count there: its successor would wait for ever.
    /// Whatever it still sends is void.
    ///
    /// - Returns: how many were ended.
    private func endStalledOwners(afterMillis: Int64) async throws(PostgresError) -> Int64 {
        let rows = try await pool.query(
            """
            SELECT count(pg_terminate_backend(a.pid)) AS ended FROM pg_stat_activity a \
            WHERE a.datname = current_database() AND a.usename = current_user AND a.pid <> pg_backend_pid() \
            AND a.wait_event = 'ClientRead' AND a.xact_start IS NOT NULL \
            AND a.query_start < clock_timestamp() - $1 * interval '1 millisecond' \
            AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.mode = 'RowExclusiveLock' \
            AND l.relation = 'processor_progress'::regclass)
            """, [.bigint(afterMillis)])
        return try rows.first?.value("ended") ?? 0
    }
}
