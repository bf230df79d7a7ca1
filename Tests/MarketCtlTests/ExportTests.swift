import Foundation
import Gzip
import MarketWire
import PostgresClient
import TestServers
import Testing

@testable import MarketCtl

/// Files of candles against what PostgreSQL itself writes.
@Suite(
    .enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"),
    .enabled(if: KafkaBroker.availability.isAvailable, "\(KafkaBroker.availability)"))
struct ExportTests {
    private let start: Int64 = 1_600_000_200

    /// Candles of 40 days with holes between them, over three tables and several pages, numbers of every length.
    private func fill(_ market: Installation) async throws {
        let last = start + 40 * 86_400
        _ = try await market.pool.query(
            "SELECT ensure_candle_partitions('1m', \(start), \(last))", isPrepared: false)
        _ = try await market.pool.query(
            """
            INSERT INTO candles (symbol, interval, window_start, open, high, low, close, volume, quote_volume,
                trade_count, taker_buy_volume, taker_buy_quote_volume, first_trade_id, last_trade_id, unknown, holes)
            SELECT s.symbol, '1m', t, 7000.10 + n, 7000.5 + n, 0.00000001 * n, 7000 + n, n * 1000000000.12345678,
                n * 0.0000000000000001, n, 0, 1.50, n, n + 1, CASE WHEN n % 10 = 0 THEN true END, n % 3
            FROM (VALUES ('BTCUSDT'), ('ETHUSDT')) AS s (symbol),
                (SELECT t, row_number() OVER (ORDER BY t) AS n
                 FROM generate_series(\(start)::bigint, \(last), 300) AS t WHERE t / 300 % 4 > 0) AS series
            """, isPrepared: false)
    }

    /// What `COPY` writes, read through the server.
    private func copied(_ market: Installation, _ condition: String) async throws -> String {
        let name = "export-\(UInt32.random(in: 0 ... .max)).csv"
        let columns = CandlePages.columns.map { "\"\($0)\"" }.joined(separator: ", ")
        _ = try await market.pool.query(
            """
            DO $do$ BEGIN EXECUTE format(
                'COPY (SELECT \(columns) FROM candles WHERE \(condition) ORDER BY window_start) '
                || 'TO %L (FORMAT csv, HEADER)',
                current_setting('data_directory') || '/\(name)'); END $do$
            """, isPrepared: false)
        return try #require(
            try await market.pool.query("SELECT pg_read_file('\(name)') AS text", isPrepared: false).first
        ).value("text")
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func equalsWhatPostgreSQLCopies() async throws {
        try await Installation.with { market in
            try await fill(market)
            let folder = try TemporaryFolder("export")
            defer { folder.remove() }
            let path = folder.path + "/candles.csv"
            let whole = try await copied(market, "symbol = ''BTCUSDT'' AND interval = ''1m''")
            #expect(whole.split(separator: "\n").count == 8_642)
            #expect(await market.run("export", "BTCUSDT", "--output", path) == 0)
            #expect(try text(path) == whole)

            // Nothing is overwritten unless that is wanted, and nothing half done is left.
            let (from, to) = (start + 86_400, start + 35 * 86_400)
            let part = try await copied(
                market,
                "symbol = ''BTCUSDT'' AND interval = ''1m'' AND window_start >= \(from) AND window_start < \(to)")
            let range = ["export", "BTCUSDT", "--from", "\(from)", "--to", "\(to)", "--output", path]
            #expect(await market.run(words: range) == 1)
            #expect(try text(path) == whole)
            #expect(await market.run(words: range + ["--force"]) == 0)
            #expect(try text(path) == part)

            let packed = folder.path + "/candles.csv.gz"
            #expect(await market.run(words: range.dropLast() + [packed]) == 0)
            #expect(try unpacked(packed) == part)

            let lines = folder.path + "/candles.jsonl"
            #expect(await market.run(words: range.dropLast() + [lines, "--format", "jsonl"]) == 0)
            try compare(jsonl: try text(lines), csv: part)

            #expect(await market.run("export", "BTCUSDT", "--interval", "1h", "--output", folder.path + "/none") == 1)
            #expect(await market.run("export", "BTCUSDT", "--output", folder.path + "/no/such/folder") == 1)
            #expect(await market.run("export", "BTCUSDT", "--from", "2020-01-02", "--to", "2020-01-01") == 64)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
                    == ["candles.csv", "candles.csv.gz", "candles.jsonl"])
        }
    }

    private func unpacked(_ path: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec gzip -dc \"$0\"", path]
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func compare(jsonl: String, csv: String) throws {
        let rows = csv.split(separator: "\n").dropFirst()
        let objects = jsonl.split(separator: "\n")
        #expect(rows.count == objects.count)
        for (row, object) in zip(rows, objects) {
            let cells = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let value = try JSONValue(parsing: Array(object.utf8))
            let texts = CandlePages.columns.map { column -> String in
                switch value[column] {
                case .string(let text): text
                case .number(let text) where !column.contains("volume"): text
                case .null: ""
                default: "?"
                }
            }
            guard texts == cells else {
                Issue.record("\(object) is not \(row)")
                return
            }
        }
    }
}
