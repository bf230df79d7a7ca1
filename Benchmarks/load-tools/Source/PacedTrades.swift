import NIOCore
import NIOPosix
import ServiceKit
import Synchronization
import WebSockets

/// Trades at a rate, in steps of a millisecond, to all who follow: each gets the same ones. While nobody does there are
/// none.
final class PacedTrades: Sendable {
    private struct State {
        var maker: TradeMaker
        var followers: [ObjectIdentifier: WebSocketSession] = [:]
        /// When the last step was; nil while nobody follows.
        var lastMicros: Int64?
        /// What of a trade the last step left over, in trades times microseconds.
        var rest: Int64 = 0
    }

    private let rate: Int64
    private let state: Mutex<State>

    /// - Parameter rate: trades a second, of all symbols together.
    init(symbols: [String], rate: Int64) {
        self.rate = rate
        state = Mutex(State(maker: TradeMaker(symbols: symbols)))
    }

    /// Begins to send.
    func start() {
        // A task of the event loop, for its timer is finer than those of Swift's tasks.
        MultiThreadedEventLoopGroup.singleton.next().scheduleRepeatedTask(
            initialDelay: .zero, delay: .milliseconds(1)
        ) { [self] _ in step() }
    }

    /// Sends to a session until it is over.
    func follow(_ session: WebSocketSession) async {
        state.withLock { $0.followers[ObjectIdentifier(session)] = session }
        await session.waitUntilClosed()
        state.withLock { state in
            state.followers[ObjectIdentifier(session)] = nil
            if state.followers.isEmpty { state.lastMicros = nil }
        }
    }

    private func step() {
        state.withLock { state in
            guard !state.followers.isEmpty else { return }
            let now = TimeSource.system.monotonicMicros
            let work = (now - (state.lastMicros ?? now)) * rate + state.rest
            state.lastMicros = now
            state.rest = work % 1_000_000
            guard work >= 1_000_000 else { return }
            var frames = WebSocketFrameBytes()
            state.maker.append(Int(work / 1_000_000), timeMicros: TimeSource.system.wallMicros, to: &frames)
            // A trade left out would be a hole that nobody can fill; who does not keep up is sent away.
            for session in state.followers.values where session.offer(frames) == .full { session.abort() }
        }
    }
}
