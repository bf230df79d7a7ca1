import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct PoolTests {
    /// Lets tasks wait until the test says go.
    private actor Gate {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func wait() async {
            if isOpen { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    private func pool(_ change: (inout PostgresPoolOptions) -> Void) async throws -> PostgresPool {
        var options = PostgresPoolOptions()
        change(&options)
        return PostgresPool(try await TestDatabase.empty("pool").configuration(), options)
    }

    @Test func itHoldsItsBoundsAndServesAllInTheEnd() async throws {
        let pool = try await pool {
            $0.size = 3; $0.acquireTimeoutMillis = 60_000
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let rows = try await pool.query("SELECT $1 AS n", [.bigint(Int64(number))])
                    return try rows.first?.value("n") ?? -1
                }
            }
            var numbers: Set<Int> = []
            for try await number in group { numbers.insert(number) }
            #expect(numbers == Set(0..<200))
        }
        #expect((1...3).contains(pool.connectionCount))
        await pool.close()
    }

    @Test func waitingEndsWithATimeoutAndAFullQueueAtOnce() async throws {
        let pool = try await pool {
            $0.size = 1; $0.maxWaiters = 1; $0.acquireTimeoutMillis = 4_000
        }
        let gate = Gate()
        let lent = Gate()
        let holder = Task {
            try await pool.withConnection { connection throws(PostgresError) in
                await lent.open()
                await gate.wait()
            }
        }
        await lent.wait()
        let waiting = Task { try await postgresError { () throws(PostgresError) in try await pool.query("SELECT 2") } }
        try await waitUntil("somebody waits", withinMillis: 10_000) { pool.waiterCount == 1 }
        let busy = try await postgresError { () throws(PostgresError) in try await pool.query("SELECT 3") }
        #expect(busy.kind == .busy)
        #expect(busy.isTransient)
        #expect(await pool.transaction([]).rolledBackError?.kind == .busy)
        #expect(try await waiting.value.kind == .timedOut)
        let cancelled = Task {
            try await postgresError { () throws(PostgresError) in try await pool.query("SELECT 4") }
        }
        try await waitUntil("somebody waits again", withinMillis: 10_000) { pool.waiterCount == 1 }
        cancelled.cancel()
        #expect(try await cancelled.value.kind == .cancelled)
        await gate.open()
        try await holder.value
        #expect(try await pool.query("SELECT 5").count == 1)
        await pool.close()
        let closed = try await postgresError { () throws(PostgresError) in try await pool.query("SELECT 6") }
        #expect(closed.kind == .cancelled)
    }

    @Test func aConnectionThatComesBackInsideATransactionIsNotLentAgain() async throws {
        let pool = try await pool { $0.size = 1 }
        let first = try await pool.withConnection { connection throws(PostgresError) in
            _ = try await connection.query("BEGIN")
            return try await connection.query("SELECT pg_backend_pid() AS id")
        }
        let second = try await pool.query("SELECT pg_backend_pid() AS id")
        #expect(try first.first?.value("id", as: Int.self) != second.first?.value("id", as: Int.self))
        await pool.close()
    }

    @Test func aServerThatIsNotThereFailsCallsAtOnceWithTheReason() async throws {
        let port = try FreePort.next()
        var options = PostgresPoolOptions()
        options.backoff = PostgresBackoff(firstMillis: 5, maxMillis: 20)
        let configuration = try PostgresConfiguration(url: "postgresql://market@127.0.0.1:\(port)/market")
        let pool = PostgresPool(configuration, options)
        try await waitUntil("the pool knows", withinMillis: 10_000) {
            if case .failed = pool.health { true } else { false }
        }
        let error = try await postgresError { () throws(PostgresError) in try await pool.query("SELECT 1") }
        #expect(error.kind == .connectionFailed)
        #expect(error.message.contains("127.0.0.1"))
        let waited = try await postgresError { () throws(PostgresError) in
            try await pool.waitUntilConnected(timeoutMillis: 100)
        }
        #expect(waited.kind == .timedOut)
        await pool.close()
    }
}
