import Synchronization

/// A bounded set of connections that many tasks share. Connects by itself, and again with growing pauses when the
/// server was away.
///
/// While the server is away every call fails at once with the reason; ``waitUntilConnected(timeoutMillis:)`` waits
/// for its return.
/// A pool works until ``close()``.
public final class PostgresPool: Sendable {
    typealias State = PoolState<PostgresConnection>

    private struct Waiting {
        let continuation: CheckedContinuation<Result<State.Lease, PostgresError>, Never>
        var timer: Task<Void, Never>?
    }

    private struct Shared {
        var pool: State
        var waiting: [State.WaiterID: Waiting] = [:]
    }

    private let configuration: PostgresConfiguration
    private let options: PostgresPoolOptions
    private let shared: Mutex<Shared>
    private let waiterIDs = Atomic<UInt64>(0)

    /// Makes a pool, which begins to connect.
    public init(_ configuration: PostgresConfiguration, _ options: PostgresPoolOptions = PostgresPoolOptions()) {
        self.configuration = configuration
        self.options = options
        shared = Mutex(Shared(pool: State(size: options.size, maxWaiters: options.maxWaiters)))
        perform(shared.withLock { $0.pool.start() })
    }

    /// How the pool stands with its server; follows losses even when nobody calls.
    public var health: PostgresHealth { shared.withLock { $0.pool.health } }

    /// Connections there are now, idle or lent out.
    public var connectionCount: Int { shared.withLock { $0.pool.connectionCount } }

    /// Callers that wait for a connection now.
    public var waiterCount: Int { shared.withLock { $0.pool.waiterCount } }

    /// Runs one statement. See ``PostgresConnection/query(_:_:isPrepared:)``.
    public func query(
        _ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true
    ) async throws(PostgresError) -> PostgresRows {
        try await withConnection { connection throws(PostgresError) in
            try await connection.query(sql, parameters, isPrepared: isPrepared)
        }
    }

    /// Runs several statements in one round trip. See ``PostgresConnection/pipeline(_:)``.
    public func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        try await withConnection { connection throws(PostgresError) in try await connection.pipeline(statements) }
    }

    /// Runs BEGIN, the statements and COMMIT in one round trip. See ``PostgresConnection/transaction(_:)``.
    public func transaction(_ statements: [PostgresStatement]) async -> PostgresOutcome {
        do {
            return try await withConnection { connection in await connection.transaction(statements) }
        } catch {
            return .rolledBack(error)
        }
    }

    /// Lends a connection for as long as `body` runs. One that comes back inside a transaction is closed.
    public func withConnection<R: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws(PostgresError) -> R
    ) async throws(PostgresError) -> R {
        let lease = try await acquire(timeoutMillis: options.acquireTimeoutMillis, isPatient: false)
        defer { release(lease) }
        return try await body(lease.resource)
    }

    /// Waits until the server can be reached.
    ///
    /// - Throws: ``PostgresError/Kind/timedOut`` when it cannot in time.
    public func waitUntilConnected(timeoutMillis: Int) async throws(PostgresError) {
        release(try await acquire(timeoutMillis: timeoutMillis, isPatient: true))
    }

    /// Closes every connection, after the request it is running, and waits for that. Calls that wait are refused.
    public func close() async {
        let actions = shared.withLock { $0.pool.close() }
        for case .discard(let connection) in actions { await connection.close() }
        perform(actions.filter { if case .discard = $0 { false } else { true } })
    }

    // MARK: Lending

    private func acquire(timeoutMillis: Int, isPatient: Bool) async throws(PostgresError) -> State.Lease {
        let id = waiterIDs.wrappingAdd(1, ordering: .relaxed).newValue
        let result: Result<State.Lease, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(id, continuation, timeoutMillis: timeoutMillis, isPatient: isPatient)
                // The handler may have come before the waiter was there.
                if Task.isCancelled { giveUp(id, Self.cancelled) }
            }
        } onCancel: {
            giveUp(id, Self.cancelled)
        }
        return try result.get()
    }

    private func enqueue(
        _ id: State.WaiterID, _ continuation: CheckedContinuation<Result<State.Lease, PostgresError>, Never>,
        timeoutMillis: Int, isPatient: Bool
    ) {
        let acquisition = shared.withLock { shared in
            let acquisition = shared.pool.acquire(id, isPatient: isPatient)
            if case .wait = acquisition { shared.waiting[id] = Waiting(continuation: continuation) }
            return acquisition
        }
        switch acquisition {
        case .lease(let lease): continuation.resume(returning: .success(lease))
        case .refuse(let error): continuation.resume(returning: .failure(error))
        case .wait(let actions):
            perform(actions)
            startTimer(of: id, timeoutMillis: timeoutMillis)
        }
    }

    private func startTimer(of id: State.WaiterID, timeoutMillis: Int) {
        let timer = Task {
            // Cancelled when the caller is served.
            guard (try? await options.clock.sleep(for: .milliseconds(timeoutMillis))) != nil else { return }
            giveUp(id, PostgresError(.timedOut, "no connection to PostgreSQL became free within \(timeoutMillis) ms"))
        }
        let isWaiting = shared.withLock { shared in
            shared.waiting[id]?.timer = timer
            return shared.waiting[id] != nil
        }
        if !isWaiting { timer.cancel() }
    }

    private func giveUp(_ id: State.WaiterID, _ error: PostgresError) {
        let waiting: Waiting? = shared.withLock { shared in
            shared.pool.giveUp(id) ? shared.waiting.removeValue(forKey: id) : nil
        }
        waiting?.timer?.cancel()
        waiting?.continuation.resume(returning: .failure(error))
    }

    private func release(_ lease: State.Lease) {
        let isUsable = lease.resource.isOpen && !lease.resource.isInTransaction
        perform(shared.withLock { $0.pool.released(lease.id, isUsable: isUsable) })
    }

    // MARK: Doing what the state says

    private func perform(_ actions: [State.Action]) {
        for action in actions {
            switch action {
            case .serve(let id, let lease): answer(id, .success(lease))
            case .refuse(let id, let error): answer(id, .failure(error))
            case .connect: Task { await connect() }
            case .retry(let failures): Task { await retry(afterFailures: failures) }
            case .discard(let connection): Task { await connection.close() }
            }
        }
    }

    private func answer(_ id: State.WaiterID, _ result: Result<State.Lease, PostgresError>) {
        guard let waiting = shared.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        waiting.timer?.cancel()
        waiting.continuation.resume(returning: result)
    }

    private func connect() async {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(configuration)
            let (id, actions) = shared.withLock { $0.pool.connected(connection) }
            if let id {
                connection.whenEnded { [weak self] in
                    guard let self else { return }
                    perform(shared.withLock { $0.pool.lost(id) })
                }
            }
            perform(actions)
        } catch {
            perform(shared.withLock { $0.pool.connectFailed(error) })
        }
    }

    private func retry(afterFailures failures: Int) async {
        let pauseMillis = options.backoff.pauseMillis(afterFailures: failures, options.random)
        // Not cancelled by anybody; should the clock refuse, the attempt comes early.
        try? await options.clock.sleep(for: .milliseconds(pauseMillis))
        perform(shared.withLock { $0.pool.retryDue() })
    }

    private static var cancelled: PostgresError {
        PostgresError(.cancelled, "cancelled while waiting for a connection")
    }
}
