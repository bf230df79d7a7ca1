import Foundation
import Gzip
import MarketCore
import TestServers

@testable import Exchanges

/// A folder of recorded files, for the time of a test.
struct RecordedFolder {
    let folder: TemporaryFolder

    static func with<Value>(_ body: (RecordedFolder) async throws -> Value) async throws -> Value {
        let folder = RecordedFolder(folder: try TemporaryFolder("recordings"))
        defer { folder.folder.remove() }
        return try await body(folder)
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(filePath: path(name)))
        return path(name)
    }

    /// A gzip member for each part.
    func write(_ name: String, members: [[UInt8]]) throws -> String {
        var bytes: [UInt8] = []
        for member in members {
            var deflater = try GzipDeflater()
            try deflater.deflate(member, .finish, into: &bytes)
        }
        return try write(name, bytes)
    }
}

/// All that files hold.
struct ReadRecording {
    var trades: [Trade] = []
    var skippedCount = 0
    var unusableCount = 0
    var notes: [String] = []
    var failure: RecordingError?
    var sizeBytes: Int64 = 0
    var readBytes: Int64 = 0

    init(_ paths: [String], source: String = "binance", skipsBadLines: Bool = false) async throws {
        let recorded = try await RecordedTrades(
            paths, source: source, skipsBadLines: skipsBadLines, wallMicros: { 42 })
        sizeBytes = recorded.sizeBytes
        do {
            while let batch = try await recorded.next() {
                trades += batch.trades
                skippedCount += batch.skippedCount
                unusableCount += batch.unusableCount
                notes += batch.notes
                readBytes = max(readBytes, batch.readBytes)
            }
        } catch let error as RecordingError {
            failure = error
        }
    }
}

/// What is recorded under Tests/Data.
enum TestData {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Data")

    static let aggregates = folder.appending(
        path: "binance-spot-BTCUSDT-2020-01-02/BTCUSDT-aggTrades-2020-01-02.part.csv"
    ).path

    /// The messages of a real connection to Coinbase.
    static func coinbaseMessages() throws -> [String] {
        let file = folder.appending(path: "coinbase-advanced-trade-2026-08-09/messages.jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
