import Logging
import MarketCore
import MarketWire
import Metrics
import RedisClient
import ServiceKit
import ServiceLifecycle

/// Feeds the board from Redis: one subscription for the whole process, and the keys each time it (re)connects.
struct RedisLiveSource: Service {
    private enum Channel {
        static let live = "live"
        static let candles = "candles"
    }

    /// Messages that wait while the keys are read; older ones are dropped first, and clients are told.
    private static let bufferedMessages = 65_536
    /// The board is locked for so many at most.
    private static let messagesAtOnce = 256
    private static let retryAfter: Duration = .milliseconds(250)
    static let part = "redis"

    let client: RedisClient
    let board: LiveBoard
    let health: HealthBoard
    let marketSource: String
    let logger: Logger
    private let liveMessages = Counter(label: "live_messages_total", dimensions: [("channel", Channel.live)])
    private let candleMessages = Counter(label: "live_messages_total", dimensions: [("channel", Channel.candles)])
    private let malformed = Counter(label: "live_messages_malformed_total")
    private let refused = Counter(label: "live_instruments_refused_total")

    init(
        client: RedisClient, board: LiveBoard, health: HealthBoard, marketSource: String, logger: Logger
    ) {
        self.client = client
        self.board = board
        self.health = health
        self.marketSource = marketSource
        self.logger = logger
    }

    func run() async throws {
        health.set(Self.part, .starting("connecting to Redis"))
        try await cancelWhenGracefulShutdown { try await follow() }
    }

    private func follow() async throws {
        let subscription = client.subscribe(
            [Channel.live, Channel.candles], buffer: .dropOldest(limit: Self.bufferedMessages))
        defer { subscription.cancel() }
        var dropped = 0
        while let events = await subscription.nextBatch() {
            // Taken together, so that a client that follows all of them is woken once.
            var waiting: [LiveMessage] = []
            for event in events {
                if case .message(Channel.live, let payload) = event {
                    if let message = read(payload) { waiting.append(message) }
                    if waiting.count >= Self.messagesAtOnce { take(&waiting) }
                    continue
                }
                take(&waiting)
                switch event {
                case .subscribed: try await resume()
                case .message(Channel.candles, let payload): takeClosed(payload)
                case .message: break
                case .disconnected(let error): interrupt("Redis cannot be used: \(error.message)")
                }
            }
            take(&waiting)
            if subscription.droppedCount != dropped {
                dropped = subscription.droppedCount
                board.feedDropped()
            }
        }
    }

    /// Reads the present state. What is published meanwhile waits in the subscription and is taken afterwards; the
    /// board keeps what is newer.
    private func resume() async throws {
        // The keys are read over another connection, which may come back later than the subscription's.
        while !Task.isCancelled {
            do {
                let reply = try await client.send(["GET", "market:source"])
                if let source = reply.text {
                    try SourceMismatchError.check(source, own: marketSource, in: "Redis")
                }
                let loaded = try await RedisSnapshot(client: client).load(into: board)
                board.feedConnected()
                health.set(Self.part, .ok)
                logger.info("following live data", metadata: ["instruments": "\(loaded)"])
                return
            } catch let error as RedisError {
                interrupt("Redis cannot be used: \(error.message)")
                try await Task.sleep(for: Self.retryAfter)
            }
        }
    }

    private func interrupt(_ reason: String) {
        board.feedInterrupted()
        let state = PartState.failed(reason, blocksReadiness: false)
        if health.snapshot()[Self.part] != state {
            logger.warning("live data is cut off", metadata: ["reason": "\(reason)"])
        }
        health.set(Self.part, state)
    }

    private func read(_ payload: [UInt8]) -> LiveMessage? {
        liveMessages.increment()
        do {
            let update = try LiveUpdateRecord(decoding: payload)
            return LiveMessage(instrument: try Instrument(key: update.symbol), update: update)
        } catch {
            noteMalformed(Channel.live, error)
            return nil
        }
    }

    private func take(_ messages: inout [LiveMessage]) {
        guard !messages.isEmpty else { return }
        refused.increment(by: Int64(board.take(messages)))
        messages.removeAll()
    }

    private func takeClosed(_ payload: [UInt8]) {
        candleMessages.increment()
        do {
            let candle = try CandleRecord(decoding: payload)
            if !board.takeClosed(candle, of: try Instrument(key: candle.symbol)) { refused.increment() }
        } catch {
            noteMalformed(Channel.candles, error)
        }
    }

    private func noteMalformed(_ channel: String, _ error: any Error) {
        malformed.increment()
        logger.warning("a live message cannot be read", metadata: ["channel": "\(channel)", "error": "\(error)"])
    }
}
