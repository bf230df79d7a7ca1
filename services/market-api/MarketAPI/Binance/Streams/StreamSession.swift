import Exchanges
import NIOCore
import ServiceKit
import WebSockets

/// What a client of the streams may do.
struct StreamLimits: Sendable {
    /// Binance's bound.
    var streamsPerClient = 1_024
    /// Binance allows 5.
    var requestsPerSecond = 10
    var mailbox = StreamMailbox.Limits()
}

/// One client of the streams: answers its requests and sends what its streams bring.
struct StreamSession: Sendable {
    let hub: StreamHub
    let board: LiveBoard
    let limits: StreamLimits
    let metrics: FeedMetrics
    let time: TimeSource

    /// Other sessions' paths, which come first.
    private static let others = ["/ws/price", "/ws/crypto"]

    /// What an address asks for: `/ws`, `/ws/<any name>`, `/stream`. Nil of a path that is none of these.
    static func address(_ request: WebSocketUpgradeRequest) -> BinanceStreamAddress? {
        let path = request.path
        guard !others.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) else { return nil }
        return BinanceStreamAddress(path: path, query: request.query)
    }

    /// Runs until the client leaves, breaks a rule, or is sent away.
    func run(_ session: WebSocketSession, _ address: BinanceStreamAddress) async throws {
        let mailbox = StreamMailbox(
            format: StreamFormat(isCombined: address.isCombined, unit: address.timeUnit), limits: limits.mailbox)
        defer {
            hub.remove(mailbox)
            mailbox.finish()
        }
        guard address.streams.count <= limits.streamsPerClient else {
            throw WebSocketCloseError(.policyViolation, "at most \(limits.streamsPerClient) streams")
        }
        hub.add(mailbox, to: streams(address.streams))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await read(session, mailbox, address.streams) }
            group.addTask { try await write(session, mailbox) }
            group.addTask { for await reason in mailbox.endings { throw reason } }
            // Whichever ends first ends the others: the client has left, or broke a rule, or is sent away.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func write(_ session: WebSocketSession, _ mailbox: StreamMailbox) async throws {
        for await _ in mailbox.wakeups {
            // The latest message is taken only when the socket has room for it.
            try await session.waitUntilDrained()
            let frames = hub.take(mailbox)
            for frame in frames { try await session.send(frame) }
            metrics.countFrames(frames.count)
        }
    }

    private func read(_ session: WebSocketSession, _ mailbox: StreamMailbox, _ first: [String]) async throws {
        var names = StreamNames(first, limit: limits.streamsPerClient)
        var second: Int64 = 0
        var requests = 0
        for await message in session.messages {
            let now = time.monotonicMicros / 1_000_000
            requests = now == second ? requests + 1 : 1
            second = now
            guard requests <= limits.requestsPerSecond else {
                throw WebSocketCloseError(.policyViolation, "Too many requests")
            }
            guard case .text(let text) = message else {
                throw WebSocketCloseError(.unacceptable, "requests are texts")
            }
            guard mailbox.reply(.text(answer(text, &names, mailbox))) else {
                throw WebSocketCloseError(.policyViolation, "read the replies before asking for more")
            }
        }
    }

    /// The streams that there are of some names. Klines of what nobody follows are none: each costs a look into
    /// history.
    private func streams(_ names: [String]) -> [MarketStream] {
        names.compactMap { name in
            let stream = MarketStream(name)
            if case .kline(let instrument, _) = stream, !board.isFollowed(instrument) { return nil }
            return stream
        }
    }

    private func answer(_ message: ByteBuffer, _ names: inout StreamNames, _ mailbox: StreamMailbox) -> [UInt8] {
        do throws(BinanceRequestError) {
            let request = try BinanceRequest(parsing: message.readableBytesSpan)
            switch request.method {
            case .subscribe(let wanted):
                guard let new = names.add(wanted) else {
                    throw BinanceRequestError(2, "Invalid request: too many parameters", request.id)
                }
                hub.add(mailbox, to: streams(new))
            case .unsubscribe(let unwanted):
                names.remove(unwanted)
                hub.remove(mailbox, from: unwanted.compactMap { MarketStream($0) })
            case .listSubscriptions: return BinanceReply.subscriptions(names.all, request.id)
            case .setCombined(let isCombined): mailbox.format.isCombined = isCombined
            case .getCombined: return BinanceReply.property(mailbox.format.isCombined, request.id)
            }
            return BinanceReply.granted(request.id)
        } catch {
            return BinanceReply.refused(error)
        }
    }
}
