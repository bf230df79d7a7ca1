import Logging
import MarketCore
import MarketWire
import PostgresClient
import Schemas
import ServiceKit
import TestServers
import Testing

@testable import MarketAPI

/// A client that reads too slowly and is cut off now and then ends with PostgreSQL's candles all the same, by nothing
/// but what the server tells it.
@Suite struct SlowClientTests {
    fileprivate static let rounds: Int64 = 1_200

    /// What a client makes of the messages.
    private struct Client {
        let mailbox: Mailbox
        var reader: FeedReader
        var candles: [Int64: CandleRecord] = [:]
        /// From where history has to be read.
        var missingFrom: Int64?

        mutating func put(_ candle: CandleRecord) {
            if let known = candles[candle.windowStart], known.revision >= candle.revision { return }
            candles[candle.windowStart] = candle
        }

        mutating func take(_ messages: [FeedMessage], isFirst: Bool = false) throws {
            for message in messages {
                let before = reader.last
                try reader.take([message])
                switch message.kind {
                case .candle where message.isNumbered:
                    let text = message.text
                    guard let member = text.firstRange(of: "\"candle\":") else { break }
                    put(try CandleRecord(decoding: Array(text[member.upperBound...].dropLast().utf8)))
                case .gap:
                    let value = try JSONValue(parsing: Array(message.text.utf8))
                    missingFrom = min(missingFrom ?? .max, value["window_start"]?.integer ?? 0)
                case .snapshot where isFirst && reader.last != before: missingFrom = 0
                default: break
                }
            }
        }

        /// Reads from history what it was told it lacks.
        ///
        /// - Returns: whether there was anything.
        mutating func catchUp(_ history: PostgresHistory) async throws -> Bool {
            guard let start = missingFrom else { return false }
            missingFrom = nil
            let rows = try await history.candles(
                CandleSelection(
                    symbol: "BTCUSDT", interval: .tenSeconds, range: start..<QueryReader.lastUnixSecond + 1,
                    edge: .oldest, limit: Int(SlowClientTests.rounds)))
            for row in rows { put(row) }
            return true
        }
    }

    @Test(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
    func endsWithTheCandlesOfPostgres() async throws {
        let postgres = try await PostgresServer.shared.get()
        let configuration = try PostgresConfiguration(
            url: postgres.url(database: try await postgres.createDatabase("slow_client")))
        _ = try await Migrator(Schemas.postgres).apply(using: configuration)
        let pool = PostgresPool(configuration)
        try await pool.waitUntilConnected(timeoutMillis: 10_000)
        let history = PostgresHistory(pool: pool, time: .system, logger: Logger(label: "test"))
        let seed = SeededRandom.seed(for: "SlowClientTests")
        var random = SeededRandom(seed: seed)
        // Every seventh is amended later, so that its first revision is told and never found in history.
        func candle(_ number: Int64, revision: Int64) throws -> CandleRecord {
            let trades = revision == 1 ? 3 : 4
            return try Sample.candle(1_700_000_000 + number * 10, revision: revision, tradeCount: Int64(trades))
        }
        let final = try (0..<Self.rounds).map { try candle($0, revision: $0.isMultiple(of: 7) ? 2 : 1) }
        try await StoredCandles.store(final, in: pool)
        let instrument = try Sample.instrument("BTCUSDT")
        let board = LiveBoard(instruments: [instrument], venueSilentAfterMillis: 5_000, time: .system)
        board.feedConnected()
        func connect(_ known: FeedReader) -> Client {
            let client = Client(mailbox: Mailbox(limits: .init(messages: 20)), reader: known)
            let selection = FeedSelection(hasPrice: false, intervals: [.tenSeconds])
            _ = board.subscribe(client.mailbox, to: [instrument], selection, replies: [])
            return client
        }
        var client = connect(FeedReader())
        try client.take(board.take(client.mailbox))
        var (reads, cuts) = (0, 0)
        for number in 0..<Self.rounds {
            board.takeClosed(try candle(number, revision: 1), of: instrument)
            let earlier = number - Int64.random(in: 0...40, using: &random)
            if earlier >= 0, earlier.isMultiple(of: 7) {
                board.takeClosed(try candle(earlier, revision: 2), of: instrument)
            }
            switch Int.random(in: 0..<200, using: &random) {
            case 0:
                cuts += 1
                board.remove(client.mailbox)
                var next = connect(client.reader)
                next.candles = client.candles
                next.missingFrom = client.missingFrom
                client = next
                try client.take(board.take(client.mailbox), isFirst: true)
            case 1:
                board.feedInterrupted()
                board.feedConnected()
            case 2...20: try client.take(board.take(client.mailbox))
            default: continue
            }
            if try await client.catchUp(history) { reads += 1 }
        }
        // Amendments that the chance above has left out.
        for number in 0..<Self.rounds where number.isMultiple(of: 7) {
            board.takeClosed(try candle(number, revision: 2), of: instrument)
            try client.take(board.take(client.mailbox))
        }
        _ = try await client.catchUp(history)
        #expect(client.reader.gaps.contains { $0.hasPrefix("slow_client candles 10s") } && cuts > 0 && reads > 0)
        #expect(client.candles.values.sorted { $0.windowStart < $1.windowStart } == final)
        await pool.close()
    }
}
