import Synchronization

/// A thread on which calls that block are made, one after the other, for tasks that wait without blocking the
/// cooperative pool.
///
/// Bounded: at most ``maxWaiting`` calls wait; a further one is refused with a retriable error.
final class BlockingLane: Sendable {
    private struct Call: Sendable {
        let run: @Sendable () -> Void
        let refuse: @Sendable (KafkaError) -> Void
    }

    private struct State {
        var calls: [Call] = []
        var isStarted = false
        var isStopping = false
        var hasEnded = false
    }

    static let maxWaiting = 1_000

    private let owner: String
    private let monitor = Monitor(State())

    /// - Parameter owner: What it belongs to, for messages.
    init(owner: String) { self.owner = owner }

    /// Makes a call on the lane's thread.
    ///
    /// - Parameter body: What to do there; it must come back by itself, within a deadline of its own.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let result: Result<Value, KafkaError> = await withCheckedContinuation { continuation in
            let call = Call(
                run: {
                    do throws(KafkaError) {
                        continuation.resume(returning: .success(try body()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                },
                refuse: { continuation.resume(returning: .failure($0)) })
            if let refusal = enqueue(call) { call.refuse(refusal) }
        }
        return try result.get()
    }

    /// Refuses what waits, lets the call under way finish, and blocks until the thread has ended. Not for the
    /// cooperative pool.
    func stop() {
        let waiting = monitor.withLock { state in
            state.isStopping = true
            if !state.isStarted { state.hasEnded = true }
            defer { state.calls = [] }
            return state.calls
        }
        for call in waiting { call.refuse(.closed(owner)) }
        _ = monitor.wait { $0.hasEnded ? true : nil }
    }

    private func enqueue(_ call: Call) -> KafkaError? {
        let (refusal, mustStart): (KafkaError?, Bool) = monitor.withLock { state in
            if state.isStopping { return (.closed(owner), false) }
            if state.calls.count >= Self.maxWaiting {
                return (
                    KafkaError(.timedOut, "\(state.calls.count) calls of the \(owner) wait already", isRetriable: true),
                    false
                )
            }
            state.calls.append(call)
            defer { state.isStarted = true }
            return (nil, !state.isStarted)
        }
        guard mustStart else { return refusal }
        do throws(KafkaError) {
            let monitor = monitor
            try OwnThread.start { Self.work(monitor) }
        } catch {
            let waiting = monitor.withLock { state in
                state.isStarted = false
                defer { state.calls = [] }
                return state.calls
            }
            for call in waiting { call.refuse(error) }
        }
        return nil
    }

    private static func work(_ monitor: Monitor<State>) {
        while true {
            let next: Call?? = monitor.wait { state -> Call?? in
                if !state.calls.isEmpty { return .some(state.calls.removeFirst()) }
                return state.isStopping ? .some(nil) : nil
            }
            guard case .some(.some(let call)) = next else { break }
            call.run()
        }
        monitor.withLock { $0.hasEnded = true }
    }
}
