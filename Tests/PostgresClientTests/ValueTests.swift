import PostgresClient
import TestServers
import Testing

@Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
struct ValueTests {
    @Test func scalarsComeBackAsTheyWent() async throws {
        let connection = try await TestDatabase.empty("values").connect()
        let text = "günstig \"quoted\" {brace} \\ 漢\n"
        let row = try await connection.query(
            """
            SELECT $1 AS t, $2 AS i, $3 AS b, $4 AS f, $5 AS n, $6 AS y, $7 AS u, $8::text AS z, $9 AS negative
            """,
            [
                .text(text), .integer(.min), .bigint(.max), .boolean(false),
                .numeric("170141183460469231731687303715884105727.0123456789012345"), .bytes([0, 255, 10, 92]),
                .uuid(Owner.first), .null, .bigint(.min),
            ]
        ).first
        let found = try #require(row)
        #expect(try found.value("t", as: String.self) == text)
        #expect(try found.value("i", as: Int32.self) == .min)
        #expect(try found.value("b", as: Int64.self) == .max)
        #expect(try found.value("negative", as: Int64.self) == .min)
        #expect(try found.value("f", as: Bool.self) == false)
        #expect(
            try found.value("n", as: String.self) == "170141183460469231731687303715884105727.0123456789012345")
        #expect(try found.value("y", as: [UInt8].self) == [0, 255, 10, 92])
        #expect(try found.value("u", as: String.self) == Owner.first)
        #expect(try found.optional("z", as: String.self) == nil)
        await connection.close()
    }

    @Test func emptyValuesAreNotNull() async throws {
        let connection = try await TestDatabase.empty("values").connect()
        let rows = try await connection.query(
            "SELECT $1 AS t, $2 AS y, $3 AS a, $4 AS n", [.text(""), .bytes([]), .texts([]), .numerics([])])
        let row = try #require(rows.first)
        #expect(try row.value("t", as: String.self) == "")
        #expect(try row.value("y", as: [UInt8].self) == [])
        #expect(try row.value("a", as: [String].self) == [])
        #expect(try row.value("n", as: [String].self) == [])
        await connection.close()
    }

    @Test func arraysComeBackAsTheyWent() async throws {
        let connection = try await TestDatabase.empty("values").connect()
        let texts: [String?] = ["a", nil, "", "NULL", "{\"x\\y\",}", "ü 漢"]
        let rows = try await connection.query(
            """
            SELECT $1 AS t, $2 AS i, $3 AS b, $4 AS n, $5 AS u, $6 AS f,
                encode(($7)[1], 'hex') AS y1, ($7)[2] IS NULL AS y2, encode(($7)[3], 'hex') AS y3
            """,
            [
                .texts(texts), .integers([1, nil, .min]), .bigints([.max, nil, .min]),
                .numerics(["0.1000", nil, "-12345678901234567890.5"]), .uuids([Owner.first, nil]),
                .booleans([true, nil, false]), .bytesArray([[0, 1], nil, []]),
            ])
        let row = try #require(rows.first)
        #expect(try row.value("t", as: [String?].self) == texts)
        #expect(try row.value("i", as: [Int32?].self) == [1, nil, .min])
        #expect(try row.value("b", as: [Int64?].self) == [.max, nil, .min])
        #expect(try row.value("n", as: [String?].self) == ["0.1000", nil, "-12345678901234567890.5"])
        #expect(try row.value("u", as: [String?].self) == [Owner.first, nil])
        #expect(try row.value("f", as: String.self) == "{t,NULL,f}")
        #expect(try row.value("y1", as: String.self) == "0001")
        #expect(try row.value("y2", as: Bool.self))
        #expect(try row.value("y3", as: String.self) == "")
        await connection.close()
    }

    @Test func wrongReadingIsATypedError() async throws {
        let connection = try await TestDatabase.empty("values").connect()
        let rows = try await connection.query("SELECT 'secret-value'::text AS t, NULL::bigint AS n, 99999999999 AS big")
        let row = try #require(rows.first)
        let calls: [() throws(PostgresError) -> Void] = [
            { () throws(PostgresError) in _ = try row.value("t", as: Int64.self) },
            { () throws(PostgresError) in _ = try row.value("n", as: Int64.self) },
            { () throws(PostgresError) in _ = try row.value("big", as: Int32.self) },
            { () throws(PostgresError) in _ = try row.value("missing", as: String.self) },
            { () throws(PostgresError) in _ = try row.value(7, as: String.self) },
            { () throws(PostgresError) in _ = try row.value("t", as: [UInt8].self) },
            { () throws(PostgresError) in _ = try row.value("t", as: Bool.self) },
        ]
        for call in calls {
            let error = try await postgresError { () throws(PostgresError) in try call() }
            #expect(error.kind == .decoding)
            #expect(!error.description.contains("secret-value"))
        }
        await connection.close()
    }

    @Test func whatTheWireCannotCarryIsRefusedAndTheConnectionGoesOn() async throws {
        let connection = try await TestDatabase.empty("values").connect()
        let numeric = try await postgresError { () throws(PostgresError) in
            try await connection.query("SELECT $1", [.numeric("1\u{0}2")])
        }
        #expect(numeric.kind == .usage)
        let text = try await postgresError { () throws(PostgresError) in
            try await connection.query("SELECT $1", [.text("a\u{0}b")])
        }
        // The server refuses this one itself.
        #expect(text.sqlState == "22021")
        let array = try await postgresError { () throws(PostgresError) in
            try await connection.query("SELECT $1", [.numerics(["1,2"])])
        }
        #expect(array.sqlState == "22P02")
        let tooMany = try await postgresError { () throws(PostgresError) in
            try await connection.query("SELECT 1", Array(repeating: .null, count: 65_536))
        }
        #expect(tooMany.kind == .usage)
        let rows = try await connection.query("SELECT 1 AS one")
        #expect(try rows.first?.value("one", as: Int.self) == 1)
        await connection.close()
    }
}
