import MarketCore
import MarketWire
import NIOCore
import WebSockets

/// One connection to Binance's streams, from its first byte to its last (5 requests a second in; the server pings, and
/// ends it after 24 hours).
struct BinanceConnection: Sendable {
    private let name: String
    private let instruments: [Instrument]
    private let configuration: BinanceFeed.Configuration
    private let decoder: BinanceDecoder
    private let wallMicros: @Sendable () -> Int64
    private let onSubscribed: @Sendable () -> Void
    private let onEndsSoon: @Sendable () -> Void

    /// Streams of one SUBSCRIBE, and the pause after it: four requests a second where five are allowed.
    private static let streamsPerRequest = 200
    private static let requestPause = Duration.milliseconds(250)

    /// - Parameters:
    ///   - name: as the receiver is told it.
    ///   - onSubscribed: called when the venue has agreed to send everything.
    ///   - onEndsSoon: called when it is known that the connection will end.
    init(
        name: String, instruments: [Instrument], configuration: BinanceFeed.Configuration,
        wallMicros: @escaping @Sendable () -> Int64, onSubscribed: @escaping @Sendable () -> Void,
        onEndsSoon: @escaping @Sendable () -> Void
    ) {
        self.name = name
        self.instruments = instruments
        self.configuration = configuration
        decoder = BinanceDecoder(instruments)
        self.wallMicros = wallMicros
        self.onSubscribed = onSubscribed
        self.onEndsSoon = onEndsSoon
    }

    /// Follows everything until the connection is over.
    ///
    /// - Returns: why it ended, and whether it brought any trade.
    /// - Throws: `ReceiverError` or `CancellationError`.
    func run(_ session: WebSocketSession, _ receiver: some TradeReceiver) async throws -> (String, Bool) {
        let progress = ConnectionProgress(requests: requests.count)
        return (try await follow(session, receiver, progress), await progress.hasTrades)
    }

    private func follow(
        _ session: WebSocketSession, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws -> String {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try await read(session, receiver, progress)
                return session.closure.map { "closed: \($0.code) \($0.reason)" } ?? "closed"
            }
            group.addTask {
                // Of a session that is over, the reader tells, once it has read what came before.
                do { try await subscribe(session) } catch is WebSocketError {}
                return nil
            }
            group.addTask {
                do {
                    return try await progress.waitUntilStale(configuration.staleAfter) {
                        // A quiet market is no stalled connection: that one does not answer either.
                        try await session.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":0}"#)
                    }
                } catch is WebSocketError {
                    return nil
                }
            }
            group.addTask {
                try await Task.sleep(for: configuration.longestLife)
                onEndsSoon()
                return nil
            }
            defer {
                group.cancelAll()
                session.abort()
            }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            return "closed"
        }
    }

    /// The names of the streams, as many together as one request takes.
    private var requests: [ArraySlice<String>] {
        let names = instruments.map { BinanceStream($0, configuration.kind).description }
        return stride(from: 0, to: names.count, by: Self.streamsPerRequest).map { start in
            names[start..<min(start + Self.streamsPerRequest, names.count)]
        }
    }

    private func subscribe(_ session: WebSocketSession) async throws {
        for (place, names) in requests.enumerated() {
            if place > 0 { try await Task.sleep(for: Self.requestPause) }
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("method", "SUBSCRIBE")
            writer.key("params")
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
            writer.field("id", Int64(place + 1))
            writer.endObject()
            try await session.send(text: ByteBuffer(bytes: writer.bytes))
        }
    }

    private func read(
        _ session: WebSocketSession, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws {
        var trades: [Trade] = []
        var granted = 0
        while let batch = await session.nextBatch() {
            let now = wallMicros()
            trades.removeAll(keepingCapacity: true)
            for message in batch {
                guard case .text(let bytes) = message else {
                    receiver.connection(name, .unusable(reason: "a message that is no text", excerpt: ""))
                    continue
                }
                if take(bytes, now, receiver, &trades) { granted += 1 }
            }
            if granted > 0, await progress.granted(granted) {
                receiver.connection(name, .connected)
                onSubscribed()
            }
            granted = 0
            await progress.messageCame(hasTrades: !trades.isEmpty)
            receiver.connection(name, .message)
            guard !trades.isEmpty else { continue }
            do {
                try await receiver.receive(trades)
                await progress.received()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw ReceiverError(cause: error)
            }
        }
    }

    /// - Returns: whether it is the venue's agreement to a request of ours.
    private func take(
        _ bytes: ByteBuffer, _ now: Int64, _ receiver: some TradeReceiver, _ trades: inout [Trade]
    ) -> Bool {
        do {
            switch try decoder.decode(bytes.readableBytesSpan, receivedTimeMicros: now) {
            case .trade(let trade): trades.append(trade)
            case .reply(_, let error?):
                receiver.connection(name, .unusable(reason: "a subscription was refused: \(error)", excerpt: ""))
            case .reply(let id, nil): return id != 0
            case .serverShutdown:
                receiver.connection(name, .unusable(reason: "the server says it goes away soon", excerpt: ""))
                onEndsSoon()
            case .other: break
            }
        } catch {
            receiver.connection(
                name, .unusable(reason: "\(error)", excerpt: String(String(buffer: bytes).prefix(200))))
        }
        return false
    }
}

/// An error of the receiver's, as opposed to one of the connection.
struct ReceiverError: Error {
    let cause: any Error
}

/// Whether anything still comes in.
private actor ConnectionProgress {
    private(set) var hasTrades = false
    private var openRequests: Int
    private var messageCount = 0
    /// While the receiver takes its time nothing is read: that is no silence of the venue's.
    private var isReceiving = false

    init(requests: Int) { openRequests = requests }

    /// - Returns: whether those were the last ones asked for.
    func granted(_ count: Int) -> Bool {
        guard openRequests > 0 else { return false }
        openRequests -= count
        return openRequests <= 0
    }

    func messageCame(hasTrades: Bool) {
        messageCount += 1
        isReceiving = hasTrades
        if hasTrades { self.hasTrades = true }
    }

    func received() {
        messageCount += 1
        isReceiving = false
    }

    /// Returns, with the reason, once nothing at all has come in for `patience`.
    ///
    /// - Parameter ask: sends something that the venue answers; called after half of it.
    func waitUntilStale(_ patience: Duration, ask: @Sendable () async throws -> Void) async throws -> String {
        var seen = -1
        var hasAsked = false
        while true {
            if seen != messageCount || isReceiving {
                hasAsked = false
            } else if hasAsked {
                return "nothing came in for \(patience)"
            } else {
                hasAsked = true
                try await ask()
            }
            seen = messageCount
            try await Task.sleep(for: patience / 2)
        }
    }
}
