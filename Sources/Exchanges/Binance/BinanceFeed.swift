import MarketCore
import MarketWire
import NIOCore
import WebSockets

/// Binance spot, one connection for all instruments (Binance, "WebSocket Streams for Binance": at most 1024 streams a
/// connection, 5 requests a second in, a connection lives 24 hours).
public struct BinanceFeed: VenueFeed {
    public struct Configuration: Sendable {
        /// Scheme, host and port: `wss://stream.binance.com:9443`.
        public var webSocketURL: String
        /// `https://api.binance.com`
        public var restURL: String
        public var kind: BinanceStreamKind
        /// Certificates to trust instead of the system's (PEM file).
        public var authoritiesPath: String?
        /// A connection on which nothing at all comes in for this long is made anew.
        public var staleAfter: Duration = .seconds(30)
        /// A connection is made anew before Binance ends it after 24 h.
        public var longestLife: Duration = .seconds(24 * 3_600 - 300)
        public var backoffFirst: Duration = .milliseconds(500)
        public var backoffLongest: Duration = .seconds(30)

        public init(webSocketURL: String, restURL: String, kind: BinanceStreamKind, authoritiesPath: String? = nil) {
            self.webSocketURL = webSocketURL
            self.restURL = restURL
            self.kind = kind
            self.authoritiesPath = authoritiesPath
        }
    }

    public let venue = Instrument.defaultVenue
    public let instruments: [Instrument]
    let configuration: Configuration
    private let decoder: BinanceDecoder
    private let wallMicros: @Sendable () -> Int64
    private let random: @Sendable () -> Double

    /// Streams that one connection may have.
    public static let streamLimit = 1_024
    /// Streams of one SUBSCRIBE, and the pause after it: four requests a second where five are allowed.
    private static let streamsPerRequest = 200
    private static let requestPause = Duration.milliseconds(250)

    /// - Parameters:
    ///   - instruments: of Binance; at most ``streamLimit``.
    ///   - wallMicros: unix microseconds, for the time of receipt.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    /// - Throws: ``VenueError`` for more instruments than one connection takes.
    public init(
        instruments: [Instrument], configuration: Configuration, wallMicros: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double
    ) throws(VenueError) {
        guard instruments.count <= Self.streamLimit else {
            throw VenueError(
                .tooMuch, "\(instruments.count) instruments, and one connection takes \(Self.streamLimit) streams")
        }
        self.instruments = instruments
        decoder = BinanceDecoder(instruments)
        self.configuration = configuration
        self.wallMicros = wallMicros
        self.random = random
    }

    public func run(_ receiver: some TradeReceiver) async throws {
        let client = try await client()
        var backoff = Backoff(
            first: configuration.backoffFirst, longest: configuration.backoffLongest, random: random)
        while true {
            try Task.checkCancellation()
            let progress = ConnectionProgress()
            var reason: String
            do {
                receiver.connection(venue, .connecting)
                reason = try await follow(client, receiver, progress)
            } catch let error as ReceiverError {
                throw error.cause
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                reason = "\(error)"
            }
            try Task.checkCancellation()
            if await progress.hasTrades { backoff.reset() }
            let pause = backoff.next()
            receiver.connection(venue, .disconnected(reason: reason, retryAfter: pause))
            try await Task.sleep(for: pause)
        }
    }

    private func client() async throws -> WebSocketClient {
        var settings = WebSocketClientConfiguration()
        settings.authoritiesPath = configuration.authoritiesPath
        return try await WebSocketClient(settings)
    }

    /// One connection, from its first byte to its last.
    ///
    /// - Returns: why it ended.
    private func follow(
        _ client: WebSocketClient, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws -> String {
        let session = try await client.connect(to: configuration.webSocketURL + "/stream")
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try await read(session, receiver, progress)
                return session.closure.map { "closed: \($0.code) \($0.reason)" } ?? "closed"
            }
            group.addTask {
                try await subscribe(session)
                return nil
            }
            group.addTask { try await progress.waitUntilStale(configuration.staleAfter) }
            group.addTask {
                try await Task.sleep(for: configuration.longestLife)
                return "made anew before its 24 hours end"
            }
            defer {
                group.cancelAll()
                session.abort()
            }
            while let ended = try await group.next() {
                if let reason = ended { return reason }
            }
            return "closed"
        }
    }

    private func subscribe(_ session: WebSocketSession) async throws {
        let names = instruments.map { BinanceStream($0, configuration.kind).description }
        var id: Int64 = 1
        for start in stride(from: 0, to: names.count, by: Self.streamsPerRequest) {
            if start > 0 { try await Task.sleep(for: Self.requestPause) }
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("method", "SUBSCRIBE")
            writer.key("params")
            writer.beginArray()
            for name in names[start..<min(start + Self.streamsPerRequest, names.count)] { writer.string(name) }
            writer.endArray()
            writer.field("id", id)
            writer.endObject()
            try await session.send(text: ByteBuffer(bytes: writer.bytes))
            id += 1
        }
    }

    private func read(
        _ session: WebSocketSession, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws {
        var trades: [Trade] = []
        while let batch = await session.nextBatch() {
            let now = wallMicros()
            trades.removeAll(keepingCapacity: true)
            for case .text(let bytes) in batch {
                take(bytes, now, receiver, &trades)
            }
            await progress.messageCame(hasTrades: !trades.isEmpty)
            receiver.connection(venue, .message)
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

    private func take(_ bytes: ByteBuffer, _ now: Int64, _ receiver: some TradeReceiver, _ trades: inout [Trade]) {
        do {
            switch try decoder.decode(bytes.readableBytesSpan, receivedTimeMicros: now) {
            case .trade(let trade): trades.append(trade)
            case .reply(_, let error?):
                receiver.connection(venue, .unusable(reason: "a subscription was refused: \(error)", excerpt: ""))
            case .reply: receiver.connection(venue, .connected)
            case .serverShutdown:
                receiver.connection(venue, .unusable(reason: "the server says it goes away soon", excerpt: ""))
            case .other: break
            }
        } catch {
            receiver.connection(
                venue, .unusable(reason: "\(error)", excerpt: String(String(buffer: bytes).prefix(200))))
        }
    }
}

/// An error of the receiver's, as opposed to one of the connection.
private struct ReceiverError: Error {
    let cause: any Error
}

/// Whether anything still comes in.
private actor ConnectionProgress {
    private(set) var hasTrades = false
    private var messageCount = 0
    /// While the receiver takes its time nothing is read: that is no silence of the venue's.
    private var isReceiving = false

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
    func waitUntilStale(_ patience: Duration) async throws -> String {
        var seen = -1
        while seen != messageCount || isReceiving {
            seen = messageCount
            try await Task.sleep(for: patience)
        }
        return "nothing came in for \(patience)"
    }
}
