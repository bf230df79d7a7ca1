import Exchanges
import NIOCore
import ServiceKit
import WebSockets

/// One connection: its requests are granted, and as soon as it asked for any stream it gets the trades of all.
struct SourceSession: Sendable {
    /// What a client that asked is sent.
    enum Supply: Sendable {
        case paced(PacedTrades)
        /// So many trades as fast as the client reads, then silence.
        case counted(Int, symbols: [String])
    }

    let supply: Supply

    /// Trades that are sent together.
    private static let tradesPerSend = 512

    /// Runs until the client leaves.
    func run(_ session: WebSocketSession, _ address: BinanceStreamAddress) async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        if !address.streams.isEmpty { ask.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await message in session.messages {
                    let request = try BinanceRequest(parsing: message.payload.readableBytesSpan)
                    try await session.send(.text(BinanceReply.granted(request.id)))
                    if case .subscribe = request.method { ask.yield() }
                }
            }
            group.addTask {
                for await _ in asked {
                    try await send(session)
                    return
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func send(_ session: WebSocketSession) async throws {
        switch supply {
        case .paced(let trades):
            await trades.follow(session)
        case .counted(let count, let symbols):
            var maker = TradeMaker(symbols: symbols)
            var left = count
            while left > 0 {
                let part = min(left, Self.tradesPerSend)
                var frames = WebSocketFrameBytes()
                maker.append(part, timeMicros: TimeSource.system.wallMicros, to: &frames)
                try await session.send(frames)
                left -= part
            }
            await session.waitUntilClosed()
        }
    }
}
