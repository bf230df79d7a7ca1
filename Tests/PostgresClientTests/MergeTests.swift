import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct MergeTests {
    private static let start: Int64 = 1_699_920_000
    private static let lengths: [(String, Int64)] = [
        ("10s", 10), ("1m", 60), ("5m", 300), ("15m", 900), ("1h", 3_600), ("4h", 14_400), ("1d", 86_400),
    ]

    private func pool(_ change: (inout PostgresPoolOptions) -> Void = { _ in }) async throws -> PostgresPool {
        var options = PostgresPoolOptions()
        change(&options)
        let pool = PostgresPool(try await TestDatabase.migrated("merge").configuration(), options)
        for (interval, _) in Self.lengths {
            _ = try await pool.query(
                "SELECT ensure_candle_partitions($1, $2, $3)",
                [.text(interval), .bigint(Self.start), .bigint(Self.start + 86_400)])
        }
        return pool
    }

    private func rows(_ pool: PostgresPool) async throws -> [[String?]] {
        let rows = try await pool.query(
            "SELECT \(CandlePart.rowColumns) FROM candles ORDER BY symbol, \"interval\", window_start")
        return try rows.map { row in try (0..<17).map { try row.optional($0, as: String.self) } }
    }

    /// Seven hours of trades of three symbols, as parts of their candles of every interval, with holes here and there.
    private func randomParts(_ random: inout SeededRandom) -> [CandlePart] {
        var parts: [CandlePart] = []
        for symbol in ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"] {
            for id: Int64 in 1...60 {
                let seconds = Self.start + Int64.random(in: 0..<25_200, using: &random)
                // Prices with 8 decimals and quantities of up to 1e15 units: sums that no 64 bits hold.
                let trades = CandlePart.Trades(
                    place: .init(generation: Int32.random(in: 0...1, using: &random), id: id),
                    price: Int128(Int64.random(in: 1...9_000_000_000_000, using: &random)),
                    quantity: Int128(Int64.random(in: 0...9_000_000_000_000_000, using: &random)) * 10_000_000,
                    isTakerBuy: Bool.random(using: &random))
                for (interval, length) in Self.lengths {
                    let key = CandlePart.Key(
                        symbol: symbol, interval: interval, windowStart: seconds / length * length)
                    parts.append(
                        CandlePart(
                            key: key, trades: trades, holeDelta: Int64.random(in: -1...3, using: &random),
                            unknown: Int.random(in: 0..<20, using: &random) == 0 ? true : nil))
                }
            }
        }
        return parts
    }

    /// One part a key, as a commit must have them.
    private func coalesced(_ parts: ArraySlice<CandlePart>) -> [CandlePart] {
        Array(Dictionary(parts.map { ($0.key, $0) }, uniquingKeysWith: { $0.merged(with: $1) }).values)
    }

    @Test func anyOrderAndGroupingGivesTheSameRows() async throws {
        var random = SeededRandom.printed("anyOrderAndGroupingGivesTheSameRows")
        let parts = randomParts(&random)
        let expected = coalesced(parts[...]).sorted { $0.key < $1.key }.map(\.expectedRow)
        let pool = try await pool()
        for round in 0..<4 {
            var shuffled = parts.shuffled(using: &random)
            // Holes found later without any trade, which must find their row.
            let trailing = parts.shuffled(using: &random).prefix(40).map { CandlePart(key: $0.key, holeDelta: 5) }
            let undone = trailing.map { CandlePart(key: $0.key, holeDelta: -5) }
            shuffled += trailing + undone
            var position = 0
            while position < shuffled.count {
                let size = round == 0 ? shuffled.count : Int.random(in: 1...300, using: &random)
                let group = coalesced(shuffled[position..<min(position + size, shuffled.count)])
                let outcome = await pool.transaction([CandlePart.mergeStatement(group.shuffled(using: &random))])
                guard case .committed(let answers) = outcome else { throw TestProblem.outcome("\(outcome)") }
                #expect(answers.first?.count == group.count)
                position += size
            }
            let found = try await rows(pool)
            #expect(found == expected, "round \(round)")
            try await pool.withConnection { connection throws(PostgresError) in
                try await connection.script("TRUNCATE candles")
            }
        }
        await pool.close()
    }

    @Test func theAnswerIsTheFullRowAndEachChangeRaisesTheRevision() async throws {
        let pool = try await pool()
        let key = CandlePart.Key(symbol: "BTCUSDT", interval: "10s", windowStart: Self.start)
        func part(_ id: Int64, price: Int128, holes: Int64 = 0, unknown: Bool? = nil) -> CandlePart {
            CandlePart(
                key: key,
                trades: .init(
                    place: .init(generation: 0, id: id), price: price, quantity: 50_000_000, isTakerBuy: true),
                holeDelta: holes, unknown: unknown)
        }
        func merge(_ part: CandlePart) async throws -> PostgresRow {
            let outcome = await pool.transaction([CandlePart.mergeStatement([part], topicPartition: 9)])
            return try #require(try outcome.get().first?.first)
        }
        let first = try await merge(part(10, price: 200_000_000, holes: 2, unknown: true))
        #expect(try first.value("revision", as: Int64.self) == 1)
        #expect(try first.optional("missing_trades", as: Int64.self) == nil)
        #expect(try first.value("topic_partition", as: Int32.self) == 9)
        let second = try await merge(part(9, price: 300_000_000, unknown: false))
        #expect(try second.value("id", as: Int64.self) == first.value("id", as: Int64.self))
        #expect(try second.value("outbox_id", as: Int64.self) > first.value("outbox_id", as: Int64.self))
        #expect(try second.value("revision", as: Int64.self) == 2)
        #expect(try second.value("missing_trades", as: Int64.self) == 2)
        #expect(try second.value("open", as: String.self) == "3")
        #expect(try second.value("close", as: String.self) == "2")
        // 0.5 and 0.5 are 1, not 1.0.
        #expect(try second.value("volume", as: String.self) == "1")
        #expect(try second.value("quote_volume", as: String.self) == "2.5")
        let third = try await merge(CandlePart(key: key, holeDelta: -2))
        #expect(try third.value("missing_trades", as: Int64.self) == 0)
        #expect(try third.value("revision", as: Int64.self) == 3)
        #expect(try third.value("high", as: String.self) == "3")
        #expect(try third.value("low", as: String.self) == "2")
        #expect(try third.value("first_trade_id", as: Int64.self) == 9)
        #expect(try third.value("last_trade_id", as: Int64.self) == 10)
        await pool.close()
    }

    @Test func holesWithoutARowMakeNone() async throws {
        let pool = try await pool()
        let there = CandlePart.Key(symbol: "BTCUSDT", interval: "1m", windowStart: Self.start)
        let absent = CandlePart.Key(symbol: "BTCUSDT", interval: "1m", windowStart: Self.start + 60)
        let trades = CandlePart.Trades(
            place: .init(generation: 0, id: 1), price: 1, quantity: 1, isTakerBuy: true)
        let outcome = await pool.transaction([
            CandlePart.mergeStatement([
                CandlePart(key: absent, holeDelta: 4), CandlePart(key: there, trades: trades, holeDelta: 1),
            ])
        ])
        #expect(try outcome.get().first?.count == 1)
        #expect(try await rows(pool).map { $0[2] } == ["\(Self.start)"])
        #expect(try await pool.query("SELECT 1 FROM candle_outbox").count == 1)
        await pool.close()
    }

    @Test func twoProcessorsOnTheSameRowsNeverDeadlock() async throws {
        var random = SeededRandom.printed("twoProcessorsOnTheSameRowsNeverDeadlock")
        let pool = try await pool {
            $0.size = 4; $0.acquireTimeoutMillis = 60_000
        }
        let keys = (0..<60).map { index in
            let (interval, length) = Self.lengths[index % 7]
            return CandlePart.Key(
                symbol: "S\(index % 5)", interval: interval, windowStart: Self.start / length * length)
        }
        let unique = Array(Set(keys))
        var batches: [[PostgresStatement]] = []
        var total: Int64 = 0
        for batch in 0..<160 {
            var parts: [CandlePart] = []
            for key in unique.shuffled(using: &random).prefix(20) {
                let isHole = Int.random(in: 0..<5, using: &random) == 0
                let place = CandlePart.Place(generation: 0, id: Int64(batch) * 100 + Int64(parts.count))
                let trades = CandlePart.Trades(place: place, price: 5, quantity: 7, isTakerBuy: true)
                parts.append(CandlePart(key: key, trades: isHole ? nil : trades, holeDelta: isHole ? 1 : 0))
                if !isHole { total += 1 }
            }
            batches.append([CandlePart.mergeStatement(parts)])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for batch in batches {
                group.addTask {
                    if let error = await pool.transaction(batch).rolledBackError {
                        throw TestProblem.outcome("\(error)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let sum = try await pool.query("SELECT sum(trade_count)::bigint AS n FROM candles")
        #expect(try sum.first?.value("n", as: Int64.self) == total)
        await pool.close()
    }

    @Test func theOutboxHoldsWhatIsNotDeletedYet() async throws {
        let pool = try await pool()
        func part(_ symbol: String, _ interval: String, _ id: Int64) -> CandlePart {
            let length = Self.lengths.first { $0.0 == interval }?.1 ?? 1
            let key = CandlePart.Key(symbol: symbol, interval: interval, windowStart: Self.start / length * length)
            return CandlePart(
                key: key, trades: .init(place: .init(generation: 0, id: id), price: 3, quantity: 1, isTakerBuy: true))
        }
        let first = await pool.transaction([
            CandlePart.mergeStatement([part("A", "10s", 1), part("A", "1d", 1)], topicPartition: 2),
            CandlePart.mergeStatement([part("B", "10s", 1)], topicPartition: 5),
        ])
        #expect(first.isCommitted)
        #expect(
            await pool.transaction([CandlePart.mergeStatement([part("A", "10s", 2)], topicPartition: 2)]).isCommitted)
        let pendingSQL = "SELECT * FROM outbox_pending($1, $2)"
        let pending = try await pool.query(pendingSQL, [.integer(2), .integer(100)])
        #expect(try pending.map { try $0.value("interval", as: String.self) } == ["10s", "1d", "10s"])
        // A key that waits twice comes with its present row both times.
        #expect(try pending.map { try $0.value("revision", as: Int64.self) } == [2, 1, 2])
        let limited = try await pool.query(pendingSQL, [.integer(2), .integer(1)])
        #expect(limited.count == 1)
        let ids = try pending.map { try $0.value("outbox_id", as: Int64.self) }
        let deleted = try await pool.query(
            "SELECT outbox_delete($1, $2) AS n", [.integer(2), .bigints(ids.dropLast())])
        #expect(try deleted.first?.value("n", as: Int64.self) == 2)
        let rest = try await pool.query(pendingSQL, [.integer(2), .integer(100)])
        #expect(try rest.map { try $0.value("outbox_id", as: Int64.self) } == ids.suffix(1))
        let other = try await pool.query(pendingSQL, [.integer(5), .integer(100)])
        #expect(try other.first?.value("symbol", as: String.self) == "B")
        #expect(try await pool.query(pendingSQL, [.integer(11), .integer(100)]).isEmpty)
        let byKey = try await pool.query(
            "SELECT * FROM candles_by_key($1, $2, $3)",
            [.texts(["A", "A", "C"]), .texts(["10s", "1d", "10s"]), .bigints([Self.start, Self.start, Self.start])])
        #expect(byKey.count == 2)
        await pool.close()
    }
}
