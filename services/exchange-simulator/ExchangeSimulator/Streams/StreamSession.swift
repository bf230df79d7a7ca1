import Exchanges
import MarketWire
import Metrics
import NIOCore
import ServiceKit
import Synchronization
import WebSockets

/// One client's connection to the streams: answers its requests, and lets a ``StreamSender`` send.
struct StreamSession: Sendable {
    let tape: any MarketTape
    let time: TimeSource
    let rules: StreamRules
    let faults: FaultBoard

    private static let connections = Gauge(label: "simulator_connections")
    private static let open = Mutex(0)

    /// Runs until the client leaves, breaks a rule, or is too slow.
    func run(_ session: WebSocketSession, _ address: BinanceStreamAddress) async throws {
        Self.count(+1)
        defer { Self.count(-1) }
        let subscriptions = Subscriptions(tape: tape, isCombined: address.isCombined)
        guard subscriptions.add(address.streams, now: time.wallMicros) else {
            throw WebSocketCloseError(.policyViolation, "at most \(Subscriptions.maxStreams) streams")
        }
        let faults = StreamFaults(faults)
        defer { faults.leave() }
        let sender = StreamSender(
            tape: tape, time: time, rules: rules, subscriptions: subscriptions, timeUnit: address.timeUnit,
            faults: faults)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await answer(session, subscriptions, faults.stall) }
            group.addTask { try await sender.run(session) }
            group.addTask {
                try await faults.end.wait(rules.connectionLife)
                throw WebSocketCloseError(.goingAway, "24 hours are over")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func answer(
        _ session: WebSocketSession, _ subscriptions: Subscriptions, _ stall: StreamFaults.Stall
    ) async throws {
        var second: Int64 = 0
        var requests = 0
        for await message in session.messages {
            let now = time.wallMicros
            if now / 1_000_000 != second {
                second = now / 1_000_000
                requests = 0
            }
            requests += 1
            guard requests <= rules.maxRequestsPerSecond else {
                throw WebSocketCloseError(.policyViolation, "Too many requests")
            }
            guard case .text(let bytes) = message else {
                throw WebSocketCloseError(.unacceptable, "requests are texts")
            }
            try await stall.wait()
            try await session.send(.text(reply(to: bytes, subscriptions, now)))
        }
    }

    private func reply(to bytes: ByteBuffer, _ subscriptions: Subscriptions, _ now: Int64) -> [UInt8] {
        do throws(BinanceRequestError) {
            let request = try BinanceRequest(parsing: bytes.readableBytesSpan)
            switch request.method {
            case .subscribe(let streams):
                guard subscriptions.add(streams, now: now) else {
                    throw BinanceRequestError(2, "Invalid request: too many parameters", request.id)
                }
                return BinanceReply.granted(request.id)
            case .unsubscribe(let streams):
                subscriptions.remove(streams)
                return BinanceReply.granted(request.id)
            case .listSubscriptions: return BinanceReply.subscriptions(subscriptions.names, request.id)
            case .setCombined(let isCombined):
                subscriptions.isCombined = isCombined
                return BinanceReply.granted(request.id)
            case .getCombined: return BinanceReply.property(subscriptions.isCombined, request.id)
            }
        } catch {
            return BinanceReply.refused(error)
        }
    }

    private static func count(_ change: Int) {
        open.withLock { open in
            open += change
            connections.record(open)
        }
    }
}

/// What a stream connection may do, and when it gets what.
struct StreamRules: Sendable {
    /// How much later than its own time a trade is sent.
    var delay: Duration = .milliseconds(20)
    /// How often the tape is looked at.
    var tick: Duration = .milliseconds(5)
    /// A client that is behind by more is closed.
    var maxLag: Duration = .seconds(10)
    /// Binance closes connections that ask more.
    var maxRequestsPerSecond = 5
    /// Binance closes every connection after this.
    var connectionLife: Duration = .seconds(86_400)
}
