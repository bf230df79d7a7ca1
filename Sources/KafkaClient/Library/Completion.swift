import Synchronization

/// Something that happens once and that tasks wait for, with a deadline.
final class Completion: Sendable {
    private struct State {
        var isDone = false
        var nextID: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state = Mutex(State())

    var isDone: Bool { state.withLock { $0.isDone } }

    /// It has happened: everybody who waits goes on.
    func finish() {
        let waiters = state.withLock { state in
            state.isDone = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: true) }
    }

    /// Waits for it.
    ///
    /// - Returns: Whether it happened before the deadline.
    func wait(timeoutMillis: Int) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let alarm = Task {
            try? await Task.sleep(for: .milliseconds(timeoutMillis))
            self.state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.isDone { state.waiters[id] = continuation }
                return state.isDone
            }
            if isDone { continuation.resume(returning: true) }
        }
    }
}
