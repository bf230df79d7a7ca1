import ClientThreads
import Synchronization

/// The thread that owns one session: takes requests one after the other and answers each.
///
/// One request at a time, so that a wish to cancel can only meet the one it is meant for; pipelining is inside a
/// request.
final class ConnectionThread: Sendable {
    private struct Job {
        let id: UInt64
        let request: Request
        let continuation: CheckedContinuation<PostgresOutcome, Never>
    }

    private struct State {
        var waiting: [Job] = []
        var runningID: UInt64?
        var isCancelRequested = false
        var isClosing = false
        var isInTransaction = false
        /// Why no request is taken any more.
        var end: PostgresError?
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// How many requests may wait for one connection; a pool gives it to one caller at a time.
    private static let maxWaiting = 64

    private let state = Mutex(State())
    private let wake: WakePipe
    private let jobIDs = Atomic<UInt64>(0)
    private let whenEnded: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    /// Starts a thread that connects and then serves; returns when it is connected.
    static func start(_ configuration: PostgresConfiguration) async throws(PostgresError) -> ConnectionThread {
        let thread = ConnectionThread(wake: try WakePipe.make())
        let problem: PostgresError? = await withCheckedContinuation { continuation in
            do throws(PostgresError) {
                try OwnThread.start { thread.main(configuration, continuation) }
            } catch {
                continuation.resume(returning: error)
            }
        }
        if let problem { throw problem }
        return thread
    }

    private init(wake: WakePipe) { self.wake = wake }

    // MARK: From any thread

    /// Whether requests are still taken.
    var isOpen: Bool { state.withLock { $0.end == nil && !$0.isClosing } }

    /// Whether the last request left a transaction open.
    var isInTransaction: Bool { state.withLock { $0.isInTransaction } }

    /// Calls `action` once when the connection has ended, at once if it has already.
    func whenEnded(_ action: @escaping @Sendable () -> Void) {
        whenEnded.withLock { $0 = action }
        if state.withLock({ $0.end != nil }) { callWhenEnded() }
    }

    /// Has a request done and waits for its end. Cancelling the waiting task takes it out of the queue, or has the
    /// server cancel it.
    func perform(_ request: Request) async -> PostgresOutcome {
        let id = jobIDs.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(Job(id: id, request: request, continuation: continuation))
                // The handler may have come before the job was there.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Ends the connection after the request that is running; those that wait are refused.
    func close() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isClosing = true
                if state.end == nil { state.closers.append(continuation) }
                return state.end != nil
            }
            if hasEnded { continuation.resume() } else { wake.wake() }
        }
    }

    private func submit(_ job: Job) {
        let refusal: PostgresError? = state.withLock { state in
            if let end = state.end { return end }
            if state.isClosing { return Self.closed }
            if state.waiting.count >= Self.maxWaiting {
                return PostgresError(.busy, "\(Self.maxWaiting) requests wait for this connection already")
            }
            state.waiting.append(job)
            return nil
        }
        if let refusal { job.continuation.resume(returning: .rolledBack(refusal)) } else { wake.wake() }
    }

    private func cancel(_ id: UInt64) {
        let taken: Job? = state.withLock { state in
            if state.runningID == id {
                state.isCancelRequested = true
                return nil
            }
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiting.remove(at: index)
        }
        if let taken {
            taken.continuation.resume(returning: .rolledBack(PostgresError(.cancelled, "cancelled before it was sent")))
        } else {
            wake.wake()
        }
    }

    // MARK: The thread

    private func main(
        _ configuration: PostgresConfiguration, _ started: CheckedContinuation<PostgresError?, Never>
    ) {
        do throws(PostgresError) {
            var session = try Session.open(configuration)
            started.resume(returning: nil)
            end(serve(&session))
        } catch {
            started.resume(returning: error)
        }
    }

    /// Serves until the connection is closed or lost.
    ///
    /// - Returns: Why it ended.
    private func serve(_ session: inout Session) -> PostgresError {
        while true {
            let (job, isClosing) = state.withLock { state -> (Job?, Bool) in
                if state.isClosing { return (nil, true) }
                guard !state.waiting.isEmpty else { return (nil, false) }
                let job = state.waiting.removeFirst()
                state.runningID = job.id
                return (job, false)
            }
            if isClosing { return Self.closed }
            guard let job else {
                let events = wake.wait(for: session.socket, events: WakePipe.readable, until: nil)
                if events.isReady, !session.readUnasked() { return session.lossProblem() }
                continue
            }
            let batchEnd = run(job.request, &session)
            let loss = batchEnd.isUsable ? nil : session.lossProblem()
            let isInTransaction = session.isInTransaction
            state.withLock { state in
                state.runningID = nil
                state.isCancelRequested = false
                state.isInTransaction = isInTransaction
                // Before the caller goes on: it must not give a dead connection to the next one.
                state.end = loss
            }
            job.continuation.resume(returning: batchEnd.outcome)
            if let loss { return loss }
        }
    }

    private func run(_ request: Request, _ session: inout Session) -> Session.BatchEnd {
        let isCancelRequested = { self.state.withLock { $0.isCancelRequested } }
        switch request {
        case .batch(let statements):
            return session.run(
                statements, isTransaction: false, wake: wake, isCancelRequested: isCancelRequested)
        case .transaction(let statements):
            return session.run(
                statements, isTransaction: true, wake: wake, isCancelRequested: isCancelRequested)
        case .script(let sql):
            return session.runScript(sql, wake: wake, isCancelRequested: isCancelRequested)
        }
    }

    /// Refuses whatever waits, now and later.
    private func end(_ reason: PostgresError) {
        let (refused, closers) = state.withLock { state in
            state.end = reason
            defer { state.waiting = []; state.closers = [] }
            return (state.waiting, state.closers)
        }
        for job in refused { job.continuation.resume(returning: .rolledBack(reason)) }
        for closer in closers { closer.resume() }
        callWhenEnded()
    }

    private func callWhenEnded() {
        let action = whenEnded.withLock { action in
            defer { action = nil }
            return action
        }
        action?()
    }

    private static var closed: PostgresError { PostgresError(.connectionLost, "the connection is closed") }
}
