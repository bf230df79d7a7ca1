import Exchanges
import Metrics
import ServiceKit
import WebSockets

/// Sends one connection what its streams bring, in the order of time.
///
/// Each connection has a place of its own on the tape, so nothing is queued for a slow client: it is behind, and when
/// it
/// is behind by too much it is closed, as Binance does.
struct StreamSender: Sendable {
    let tape: any MarketTape
    let time: TimeSource
    let rules: StreamRules
    let subscriptions: Subscriptions
    let timeUnit: BinanceTimeUnit
    let faults: StreamFaults

    /// Trades that are made before any is sent.
    private static let maxTradesPerStep: Int64 = 4_096
    /// Frames are sent together up to this many bytes.
    private static let bytesPerSend = 32_768

    private static let sent = Counter(label: "simulator_trades_sent_total")
    private static let slowClients = Counter(label: "simulator_slow_clients_total")

    /// A trade on its way, and the stream that it belongs to.
    private typealias Item = SendingFaults.SentTrade

    func run(_ session: WebSocketSession) async throws {
        // Where each subscription is: the next id, by its number.
        var places: [Int: Int64] = [:]
        var reached: Int64?
        var stepMicros: Int64 = 1_000_000
        var sending = SendingFaults()
        while true {
            let snapshot = subscriptions.snapshot
            for fault in faults.board.take(faults.connection) {
                try await suffer(fault, &sending, snapshot.streams, snapshot.isCombined, session)
            }
            places = places.filter { number, _ in snapshot.streams.contains { $0.number == number } }
            for stream in snapshot.streams where places[stream.number] == nil {
                places[stream.number] = stream.firstID
            }
            guard let target = target(), !snapshot.streams.isEmpty, reached.map({ $0 < target }) ?? true else {
                try await Task.sleep(for: rules.tick)
                continue
            }
            let step = nextStep(snapshot.streams, places, reached: reached, target: target, &stepMicros)
            reached = step.time
            try await send(sending.filter(step.items), snapshot.streams, snapshot.isCombined, session)
            for (stream, last) in zip(snapshot.streams, step.lastIDs) {
                places[stream.number] = max(places[stream.number] ?? 0, last + 1)
            }
            if step.time == target { try await Task.sleep(for: rules.tick) }
        }
    }

    /// Up to which time trades are sent now; nil while the tape has not begun.
    private func target() -> Int64? {
        tape.position(atMicros: time.wallMicros).map { tape.isPaced ? $0 - rules.delay.micros : $0 }
    }

    private struct Step {
        let time: Int64
        let items: [Item]
        /// For each stream.
        let lastIDs: [Int64]
    }

    /// As much of what lies before `target` as may be made at once, all streams up to the same time.
    private func nextStep(
        _ streams: [Subscriptions.Stream], _ places: [Int: Int64], reached: Int64?, target: Int64,
        _ stepMicros: inout Int64
    ) -> Step {
        let from = reached ?? earliest(streams, places, target)
        while true {
            let time = min(from.addingReportingOverflow(stepMicros).partialValue, target)
            let lastIDs = streams.map { tape.lastID($0.kind, of: $0.symbol, through: time) }
            var count: Int64 = 0
            for (stream, last) in zip(streams, lastIDs) {
                count += max(last - (places[stream.number] ?? 0) + 1, 0)
            }
            // At one instant as many trades as there are must go together.
            if count > Self.maxTradesPerStep, time - from > 1 {
                stepMicros = max((time - from) / 2, 1)
                continue
            }
            if count < Self.maxTradesPerStep / 4 { stepMicros = min(stepMicros * 2, 86_400_000_000) }
            return Step(time: time, items: items(streams, places, lastIDs), lastIDs: lastIDs)
        }
    }

    /// Just before the first trade that waits.
    private func earliest(_ streams: [Subscriptions.Stream], _ places: [Int: Int64], _ target: Int64) -> Int64 {
        var earliest = target
        for stream in streams {
            let id = places[stream.number] ?? stream.firstID
            if let first = tape.trades(stream.kind, from: id, through: id, of: stream.symbol).first {
                earliest = min(earliest, first.timeMicros)
            }
        }
        return earliest - 1
    }

    private func items(
        _ streams: [Subscriptions.Stream], _ places: [Int: Int64], _ lastIDs: [Int64]
    ) -> [Item] {
        var items: [Item] = []
        for (index, (stream, last)) in zip(streams, lastIDs).enumerated() {
            let first = places[stream.number] ?? stream.firstID
            guard first <= last else { continue }
            tape.forEach(stream.kind, first...last, of: stream.symbol) { items.append(Item(stream: index, trade: $0)) }
        }
        guard streams.count > 1 else { return items }
        return items.sorted { left, right in
            (left.trade.timeMicros, left.stream, left.trade.id) < (right.trade.timeMicros, right.stream, right.trade.id)
        }
    }

    // MARK: Faults

    private func suffer(
        _ fault: Fault, _ sending: inout SendingFaults, _ streams: [Subscriptions.Stream], _ isCombined: Bool,
        _ session: WebSocketSession
    ) async throws {
        switch fault {
        case .cut:
            await session.abort(insideOf: .text(#"{"stream":"btcusdt@trade","data":{"e":"trade","E":16"#))
        case .stall(let time):
            faults.stall.begin(time)
            try await faults.stall.wait()
        case .skip(let count): sending.skip(count)
        case .again(let count):
            let known = sending.last(count).filter { $0.stream < streams.count }
            try await send(known, streams, isCombined, session)
        case .reorder: sending.reorder()
        case .garbage:
            for text in ["garbage", "{", #"{"e":"trade"}"#, #"{"stream":7,"data":[]}"#, "[1,2]", "null"] {
                try await session.send(text: text)
            }
            try await session.send(.binary([0xFF, 0x00, 0xC3, 0x28]))
        case .oversized:
            try await session.send(.text([UInt8](repeating: UInt8(ascii: "x"), count: (1 << 20) + 1)))
        case .rotate: throw WebSocketCloseError(.goingAway, "24 hours are over")
        case .shutdown(let time):
            try await session.send(text: #"{"e":"serverShutdown","E":\#(self.time.wallMicros / 1_000)}"#)
            faults.end.begin(time)
        case .refuse, .slow: break
        }
    }

    // MARK: Sending

    private func send(
        _ items: [Item], _ streams: [Subscriptions.Stream], _ isCombined: Bool, _ session: WebSocketSession
    ) async throws {
        guard !items.isEmpty else { return }
        let eventTime = tape.isPaced ? tape.position(atMicros: time.wallMicros) : nil
        var frames = WebSocketFrameBytes()
        var bytes: [UInt8] = []
        for item in items {
            bytes.removeAll(keepingCapacity: true)
            let stream = streams[item.stream]
            if isCombined {
                BinanceStreamMessage.appendCombined(stream: stream.name, to: &bytes) {
                    append(item.trade, stream, eventTime, to: &$0)
                }
            } else {
                append(item.trade, stream, eventTime, to: &bytes)
            }
            frames.append(text: bytes.span.bytes)
            if frames.count >= Self.bytesPerSend {
                try await send(frames, items[0].trade, session)
                frames = WebSocketFrameBytes()
            }
        }
        if !frames.isEmpty { try await send(frames, items[0].trade, session) }
    }

    private func append(
        _ trade: BinanceTrade, _ stream: Subscriptions.Stream, _ eventTime: Int64?, to bytes: inout [UInt8]
    ) {
        let symbol = tape.symbols[stream.symbol].symbol
        let eventTime = eventTime ?? trade.timeMicros + rules.delay.micros
        switch stream.kind {
        case .trade:
            BinanceStreamMessage.append(
                trade: trade, symbol: symbol, eventTimeMicros: eventTime, unit: timeUnit, to: &bytes)
        case .aggTrade:
            BinanceStreamMessage.append(
                aggregate: trade, symbol: symbol, eventTimeMicros: eventTime, unit: timeUnit, to: &bytes)
        }
    }

    /// Waits for a slow client, but not for ever where the tape goes on meanwhile.
    private func send(_ frames: WebSocketFrameBytes, _ first: BinanceTrade, _ session: WebSocketSession) async throws {
        defer { Self.sent.increment(by: frames.messageCount) }
        guard tape.isPaced else {
            try await session.send(frames)
            return
        }
        while session.offer(frames) == .full {
            let lag = (tape.position(atMicros: time.wallMicros) ?? 0) - first.timeMicros
            guard lag <= rules.maxLag.micros else {
                Self.slowClients.increment()
                throw WebSocketCloseError(.policyViolation, "the client reads too slowly")
            }
            try await Task.sleep(for: rules.tick)
        }
        try Task.checkCancellation()
    }
}

extension Duration {
    /// Whole microseconds.
    var micros: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
