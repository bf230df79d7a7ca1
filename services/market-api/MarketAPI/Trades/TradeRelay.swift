import ServiceKit
import ServiceLifecycle

/// Brings the board the trades out of the tail.
struct TradeRelay: Service {
    /// Trades that wait for the board; more are a new epoch.
    private static let waitingTrades = 65_536

    private let board: LiveBoard
    private let subscription: TradeSubscription

    /// Follows from now on: nothing that a snapshot does not hold passes unnumbered.
    init(board: LiveBoard, trades: TradeTail) {
        self.board = board
        subscription = trades.follow(nil, limit: Self.waitingTrades)
    }

    func run() async throws {
        defer { subscription.cancel() }
        await cancelWhenGracefulShutdown {
            for await _ in subscription.wakeups { board.take(subscription.take()) }
        }
    }
}
