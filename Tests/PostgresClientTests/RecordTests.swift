import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct RecordTests {
    @Test func quarantinedRecordsAreKeptOnceAndPublishedOnce() async throws {
        let connection = try await TestDatabase.migrated("records").connect()
        let statement = PostgresStatement(
            "SELECT quarantine_records($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .text("log-1"), .text("trades"), .integers([1, 1, 2]), .bigints([11, 10, 10]),
                .texts(["not_json", "tombstone", "id_jump"]), .texts(["d1", "d2", "d3"]),
                .texts([nil, "BTCUSDT", nil]), .bytesArray([nil, [66], []]), .bytesArray([[255, 0], nil, [1]]),
            ])
        for _ in 0..<2 { #expect(await connection.transaction([statement]).isCommitted) }
        let sql = "SELECT * FROM quarantine_pending('trades', 1, 10)"
        let pending = try await connection.query(sql)
        #expect(try pending.map { try $0.value("offset", as: Int64.self) } == [10, 11])
        #expect(try pending.first?.optional("value", as: [UInt8].self) == nil)
        #expect(try pending.last?.optional("value", as: [UInt8].self) == [255, 0])
        let published = try await connection.query("SELECT quarantine_published('log-1', 1, '{10}') AS n")
        #expect(try published.first?.value("n", as: Int64.self) == 1)
        #expect(try await connection.query(sql).map { try $0.value("offset", as: Int64.self) } == [11])
        #expect(try await connection.query("SELECT 1 FROM quarantine").count == 3)
        await connection.close()
    }

    @Test func lateTradesCountOnce() async throws {
        let connection = try await TestDatabase.migrated("records").connect()
        let statement = PostgresStatement(
            "SELECT record_late_trades($1, $2, $3, $4, $5, $6, $7, $8) AS n",
            [
                .texts(["A", "A"]), .integers([0, 1]), .bigints([5, 5]), .bigints([1, 3]), .numerics(["1.5", "2"]),
                .numerics(["0.00000001", "1"]), .booleans([true, false]), .bigints([1, 2]),
            ])
        let first = try await connection.transaction([statement]).get()
        #expect(try first.first?.first?.value("n", as: Int64.self) == 2)
        let second = try await connection.transaction([statement]).get()
        #expect(try second.first?.first?.value("n", as: Int64.self) == 0)
        await connection.close()
    }

    @Test func holesAreFoundWithTheirNeighbours() async throws {
        var random = SeededRandom.printed("holesAreFoundWithTheirNeighbours")
        let connection = try await TestDatabase.migrated("records").connect()
        var holes: [ClosedRange<Int64>] = []
        var next: Int64 = 1
        for _ in 0..<300 {
            let first = next + Int64.random(in: 1...20, using: &random)
            let last = first + Int64.random(in: 0...15, using: &random)
            holes.append(first...last)
            next = last + 1
        }
        let saved = await connection.transaction([
            PostgresStatement(
                "SELECT save_id_holes($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .texts(holes.map { _ in "A" }), .integers(holes.map { _ in 1 }), .bigints(holes.map(\.lowerBound)),
                    .bigints(holes.map(\.upperBound)), .bigints(holes.map { _ in 7 }), .bigints(holes.map { _ in nil }),
                    .texts(holes.map { "{[\($0.lowerBound),\($0.upperBound)]}" }), .booleans(holes.map { _ in true }),
                ])
        ])
        #expect(saved.isCommitted)
        for _ in 0..<60 {
            let low = Int64.random(in: 0...next + 10, using: &random)
            let asked = low...low + Int64.random(in: 0...100, using: &random)
            let rows = try await connection.query(
                "SELECT first_id FROM find_id_holes('A', 1, $1, $2) ORDER BY first_id",
                [.bigint(asked.lowerBound), .bigint(asked.upperBound)])
            let below = holes.last { $0.upperBound < asked.lowerBound }
            let above = holes.first { $0.lowerBound > asked.upperBound }
            let expected = [below].compactMap(\.self) + holes.filter(asked.overlaps) + [above].compactMap(\.self)
            #expect(try rows.map { try $0.value("first_id", as: Int64.self) } == expected.map(\.lowerBound))
        }
        #expect(try await connection.query("SELECT 1 FROM find_id_holes('A', 0, 0, 99999)").isEmpty)
        #expect(try await connection.query("SELECT 1 FROM find_id_holes('B', 1, 0, 99999)").isEmpty)
        _ = try await connection.query(
            "SELECT delete_id_holes('{A}', '{1}', $1)", [.bigints([holes[0].lowerBound])])
        #expect(try await connection.query("SELECT 1 FROM id_holes").count == 299)
        await connection.close()
    }

    @Test func instrumentsAreUpdatedAndTheSourceIsKept() async throws {
        let connection = try await TestDatabase.migrated("records").connect()
        for status in ["TRADING", "BREAK"] {
            _ = try await connection.query(
                "SELECT save_instruments($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .texts(["BTCUSDT"]), .texts(["binance"]), .texts(["BTCUSDT"]), .texts(["BTC"]), .texts([nil]),
                    .numerics(["0.01"]), .numerics([nil]), .texts([status]),
                ])
        }
        let row = try #require(try await connection.query("SELECT * FROM instruments").first)
        #expect(try row.value("status", as: String.self) == "BREAK")
        #expect(try row.value("tick_size", as: String.self) == "0.01")
        #expect(try row.optional("quote", as: String.self) == nil)
        for source in ["binance", "simulator:7"] {
            let found = try await connection.query("SELECT claim_market_source($1) AS source", [.text(source)])
            #expect(try found.first?.value("source", as: String.self) == "binance")
        }
        await connection.close()
    }
}
