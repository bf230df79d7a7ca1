import ClientThreads
import Synchronization

/// Looks a host name up on a thread of its own: the system's resolver cannot be told to stop.
///
/// One lookup at a time: an attempt that gave up leaves its lookup to the next one.
final class HostResolver: Sendable {
    private enum State {
        case idle
        case running
        case done(Result<[SocketAddress], RedisError>)
    }

    private let host: String
    private let port: UInt16
    private let state = Mutex(State.idle)

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Waits for the addresses, at most until the deadline.
    func addresses(_ waiter: ThreadWait, untilMillis deadline: Int64) throws(RedisError) -> [SocketAddress] {
        if let numeric = SocketAddress.numeric(host, port) { return numeric }
        try begin(waking: waiter.wake)
        while true {
            if let result = take() { return try result.get() }
            guard waiter.nowMillis < deadline else {
                throw RedisError(.connectionLost, "the host name \(host) could not be looked up in time")
            }
            _ = try waiter.wait(untilMillis: deadline)
        }
    }

    private func begin(waking wake: WakePipe) throws(RedisError) {
        let mustStart = state.withLock { state in
            guard case .idle = state else { return false }
            state = .running
            return true
        }
        guard mustStart else { return }
        do throws(RedisError) {
            try OwnThread.start { [self] in
                let result = Result { () throws(RedisError) in try SocketAddress.lookUp(host, port) }
                state.withLock { $0 = .done(result) }
                wake.wake()
            }
        } catch {
            state.withLock { $0 = .idle }
            throw error
        }
    }

    private func take() -> Result<[SocketAddress], RedisError>? {
        state.withLock { state in
            guard case .done(let result) = state else { return nil }
            state = .idle
            return result
        }
    }
}
