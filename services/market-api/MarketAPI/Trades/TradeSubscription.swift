import MarketCore
import Synchronization

/// Trades on their way to one who follows them: ``TradeTail/follow(_:limit:)``.
final class TradeSubscription: Sendable {
    /// What waited, in the order of arrival.
    struct Batch: Sendable {
        /// Whether trades were lost before these: because nobody took them in time, or because Kafka could not be read.
        var hasGap = false
        var trades: [Trade] = []
    }

    private struct State {
        var batch = Batch()
        var onCancel: (@Sendable () -> Void)?
        var isCancelled = false
    }

    /// Yields when something waits; wake-ups that come before the last ones were taken are one. Ends when cancelled.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: how many trades wait at most.
    init(limit: Int) {
        self.limit = max(1, limit)
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes everything that waits.
    func take() -> Batch {
        state.withLock { state in
            defer { state.batch = Batch() }
            return state.batch
        }
    }

    /// Ends it: nothing more comes.
    func cancel() {
        let onCancel = state.withLock { state in
            state.isCancelled = true
            state.batch = Batch()
            defer { state.onCancel = nil }
            return state.onCancel
        }
        onCancel?()
        wakeup.finish()
    }

    func onCancel(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onCancel = body } }

    func deliver(_ trade: Trade) {
        state.withLock { state in
            guard !state.isCancelled else { return }
            if state.batch.trades.count >= limit {
                // What cannot be whole is better told so at once.
                state.batch.trades.removeAll(keepingCapacity: true)
                state.batch.hasGap = true
            }
            state.batch.trades.append(trade)
        }
        wakeup.yield()
    }

    func deliverGap() {
        state.withLock { state in
            guard !state.isCancelled else { return }
            state.batch.hasGap = true
        }
        wakeup.yield()
    }
}
