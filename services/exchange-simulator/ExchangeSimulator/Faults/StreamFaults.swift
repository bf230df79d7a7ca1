import Exchanges
import Synchronization
import WebSockets

/// What one connection suffers.
struct StreamFaults: Sendable {
    let board: FaultBoard
    let connection: Int
    let stall = Stall()
    let end = End()

    init(_ board: FaultBoard) {
        self.board = board
        connection = board.join()
    }

    func leave() { board.leave(connection) }

    /// A stand-still of sending and answering.
    final class Stall: Sendable {
        private let until = Mutex<ContinuousClock.Instant?>(nil)

        func begin(_ time: Duration) { until.withLock { $0 = .now + time } }

        func wait() async throws {
            if let until = until.withLock({ $0 }), until > .now { try await Task.sleep(until: until) }
        }
    }
}

extension StreamFaults {
    /// The end of the connection's life, which may be brought forward.
    final class End: Sendable {
        private let announced: AsyncStream<Duration>
        private let announcement: AsyncStream<Duration>.Continuation

        init() { (announced, announcement) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

        /// It ends after this time.
        func begin(_ time: Duration) { announcement.yield(time) }

        /// Returns at its end, after `life` at the latest.
        func wait(_ life: Duration) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Task.sleep(for: life) }
                group.addTask {
                    for await time in self.announced { return try await Task.sleep(for: time) }
                    try await Task.sleep(for: life)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}

/// The faults of what is sent: which trades are left out, sent again or turned round.
struct SendingFaults {
    private var skipped = 0
    private var reorders = false
    /// The last that were sent, newest last, bounded.
    private var sent: [SentTrade] = []

    struct SentTrade {
        let stream: Int
        let trade: BinanceTrade
    }

    private static let memory = 1_000

    mutating func skip(_ count: Int) { skipped += count }
    mutating func reorder() { reorders = true }

    /// The last ones, to be sent again.
    func last(_ count: Int) -> [SentTrade] { Array(sent.suffix(count)) }

    /// What is left of the next trades.
    mutating func filter(_ trades: [SentTrade]) -> [SentTrade] {
        var result = trades
        if skipped > 0 {
            let count = min(skipped, result.count)
            skipped -= count
            result.removeFirst(count)
        }
        if reorders, result.count > 1 {
            reorders = false
            result.reverse()
        }
        sent = Array((sent + result.suffix(Self.memory)).suffix(Self.memory))
        return result
    }
}
