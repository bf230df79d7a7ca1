import MarketCore
import MarketWire
import ServiceKit
import WebSockets

/// One client of `/ws/crypto/{symbol}/`: the price at once and whenever it changes, and saved prices on request.
struct CryptoSession: Sendable {
    /// The path's symbol, `/ws/crypto/BTCUSDT/`; nil for other paths.
    static func symbol(inPath path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.count == 3, parts[0] == "ws", parts[1] == "crypto" else { return nil }
        return String(parts[2])
    }

    static let historyLimit: Int64 = 50

    let instrument: Instrument
    let board: LiveBoard
    let trades: TradeTail
    let saved: SavedPrices
    let limits: FeedLimits
    let metrics: FeedMetrics
    let time: TimeSource

    /// Runs until the client leaves.
    func run(_ session: WebSocketSession) async throws {
        let mailbox = Mailbox(limits: limits.mailbox)
        defer {
            board.remove(mailbox)
            mailbox.finish()
        }
        // Its wake-ups are what is wanted of the mailbox: the values are this dialect's own.
        _ = board.subscribe(mailbox, to: [instrument], FeedSelection(), replies: [])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await read(session) }
            group.addTask { try await write(session, mailbox) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func write(_ session: WebSocketSession, _ mailbox: Mailbox) async throws {
        var last: Quote?
        for await _ in mailbox.wakeups {
            try await session.waitUntilDrained()
            _ = mailbox.take()
            guard let quote = board.quote(instrument), quote != last else { continue }
            last = quote
            try await session.send(frame(quote))
            metrics.countFrames(1)
            // Changes that come meanwhile are one change.
            try await Task.sleep(for: .milliseconds(limits.priceEveryMillis))
        }
    }

    private func frame(_ quote: Quote) -> WebSocketFrameBytes {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "price_update")
        writer.field("symbol", instrument.key)
        writer.field("price", quote.price)
        writer.field("timestamp", ISOTime.text(micros: quote.eventTimeMicros))
        writer.field("trade_id", quote.tradeID)
        writer.key("quantity")
        if let trade = PriceUpdate.trade(of: quote, instrument, in: trades) {
            writer.decimal(trade.quantity)
        } else {
            writer.null()
        }
        writer.endObject()
        return .text(writer.bytes)
    }

    // MARK: Requests

    private func read(_ session: WebSocketSession) async throws {
        // One at a time: who asks faster than the answers go out waits.
        for await message in session.messages {
            guard case .text(let text) = message else {
                throw WebSocketCloseError(.unacceptable, "send JSON as text")
            }
            try await session.waitUntilDrained()
            try await session.send(await answer(Array(buffer: text)))
            metrics.countFrames(1)
        }
    }

    private func answer(_ message: [UInt8]) async -> WebSocketFrameBytes {
        guard let value = try? JSONValue(parsing: message, maxDepth: 4), value.members != nil else {
            return Self.error("The message is not a JSON object.")
        }
        guard value["type"]?.text == "history" else {
            return Self.error("'type' must be history: {\"type\":\"history\",\"limit\":50}.")
        }
        let limit = value["limit"].map { $0.integer } ?? Self.historyLimit
        guard let limit, ForerunnerRoutes.limits.contains(limit) else {
            return Self.error("'limit' must be a whole number from 1 to \(ForerunnerRoutes.limits.upperBound).")
        }
        let now = board.marketTimeMicros(of: instrument.venue) ?? time.wallMicros
        do {
            let prices = try await saved.newest(
                instrument, times: 0...max(0, now), settledMicros: now - CandleRoutes.lateMicros, limit: Int(limit))
            return history(prices)
        } catch {
            return Self.error("History cannot be read now (\(error)). Try again in a moment.")
        }
    }

    private func history(_ prices: [SavedPrice]) -> WebSocketFrameBytes {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "history")
        writer.field("symbol", instrument.key)
        writer.key("data")
        writer.beginArray()
        for saved in prices {
            writer.beginObject()
            writer.field("price", saved.price)
            writer.field("timestamp", ISOTime.text(micros: saved.time * 1_000_000))
            writer.field("trade_id", saved.tradeID)
            writer.key("quantity")
            writer.null()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return .text(writer.bytes)
    }

    private static func error(_ detail: String) -> WebSocketFrameBytes {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("type", "error")
        writer.field("detail", detail)
        writer.endObject()
        return .text(writer.bytes)
    }
}
