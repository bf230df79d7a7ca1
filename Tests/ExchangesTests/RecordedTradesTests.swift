import Foundation
import MarketCore
import Testing

@testable import Exchanges

/// Binance's public files, read batch by batch.
@Suite struct RecordedTradesTests {
    private static let row = "28457,4.00000100,12.00000000,48.00001200,1499865549590,True,True"

    private func content() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: TestData.aggregates))) }

    /// Real aggregates against their own columns.
    private func expectAggregates(_ read: ReadRecording) throws {
        let lines = try RecordedMessageTests.lines()
        #expect(read.failure == nil && read.trades.count == 1_000 && read.notes == [])
        for (trade, cells) in zip(read.trades, lines) {
            #expect(trade.instrument.key == "BTCUSDT" && trade.tradeID == Int64(cells[4]))
            #expect(trade.firstTradeID == Int64(cells[3]) && trade.aggregateID == Int64(cells[0]))
            #expect(trade.price == Price(cells[1]) && trade.quantity == Quantity(cells[2]))
            #expect(trade.eventTimeMicros == Int64(cells[5]).map { $0 * 1_000 } && trade.receivedTimeMicros == 42)
            #expect(trade.takerSide == (cells[6] == "True" ? .sell : .buy))
        }
        #expect(read.sizeBytes > 0 && read.readBytes == read.sizeBytes)
    }

    @Test func realAggregatesPlainCompressedAndInMembers() async throws {
        try expectAggregates(try await ReadRecording([TestData.aggregates]))
        let bytes = try content()
        let name = "BTCUSDT-aggTrades-2020-01-02.csv.gz"
        for split in [0, 1, 30_000, bytes.count] {
            try await RecordedFolder.with { folder in
                let path = try folder.write(name, members: [Array(bytes[..<split]), Array(bytes[split...])])
                try expectAggregates(try await ReadRecording([path]))
            }
        }
    }

    @Test func filesAreReadInTheirOrder() async throws {
        try await RecordedFolder.with { folder in
            let second = try folder.write("BUSDT-trades-2.csv", Array("3,4,1,1,1499865549592,True\n".utf8))
            let first = try folder.write(
                "AUSDT-trades-1.csv", Array("id,price,qty\r\n1,4,1,1,1499865549590,True\r\n2,4,1,1,1,false".utf8))
            let read = try await ReadRecording([second, first])
            #expect(read.trades.map(\.tradeID) == [3, 1, 2])
            #expect(read.trades.map(\.instrument.key) == ["BUSDT", "AUSDT", "AUSDT"])
            #expect(read.trades.allSatisfy { $0.tradeCount == 1 && $0.aggregateID == nil })
        }
    }

    /// More than a batch, of which the line in the middle is none: what stands before it comes out first.
    @Test func aBadLineEndsTheReadingOrIsPassedOver() async throws {
        try await RecordedFolder.with { folder in
            let good = { (id: Int) in "\(id),4,1,1,1499865549590,True" }
            let lines = (1...5_000).map(good) + ["5001,4,one,1,1499865549590,True"] + (5_002...6_000).map(good)
            let path = try folder.write("AUSDT-trades.csv", lines.joined(separator: "\n").utf8)
            let strict = try await ReadRecording([path])
            #expect(strict.trades.map(\.tradeID) == Array(1...5_000))
            #expect(strict.failure?.description == "\(path), line 5001: the quantity is none")
            let lenient = try await ReadRecording([path], skipsBadLines: true)
            #expect(lenient.trades.map(\.tradeID) == Array(1...5_000) + Array(5_002...6_000))
            #expect(lenient.failure == nil && lenient.skippedCount == 1)
            #expect(lenient.notes == ["skipped: \(path), line 5001: the quantity is none"])
        }
    }

    @Test func aCompressedFileThatIsCutOffIsAnErrorBehindItsWholeLines() async throws {
        let bytes = try content()
        try await RecordedFolder.with { folder in
            let whole = [UInt8](
                try Data(contentsOf: URL(filePath: try folder.write("BTCUSDT-aggTrades.csv.gz", members: [bytes]))))
            for length in [11, whole.count / 2, whole.count - 9, whole.count - 1] {
                let path = try folder.write("BTCUSDT-aggTrades-cut.csv.gz", whole.prefix(length))
                let read = try await ReadRecording([path], skipsBadLines: true)
                #expect(read.failure?.description.contains("is cut off behind line \(read.trades.count)") == true)
                #expect(length < whole.count / 2 || read.trades.count > 300)
            }
        }
    }

    @Test(arguments: [
        ("-trades.csv", row, "symbol"), ("BTCUSDT-trades.csv", "1,2\n", "line 1: at least 6 columns"),
        ("BTCUSDT-trades.csv", "9223372036854775808,4,1,1,1499865549590,True\n", "no whole number"),
        ("BTCUSDT-trades.csv", ",4,1,1,1499865549590,True\n", "no whole number"),
        ("BTCUSDT-trades.csv", "1,4,1,1,-1,True\n", "no whole number"),
        ("BTCUSDT-trades.csv", "1,4,-1,1,1499865549590,True\n", "the quantity is none"),
        ("BTCUSDT-trades.csv", "1,0,1,1,1499865549590,True\n", "the price is none"),
        ("BTCUSDT-trades.csv", "id,price\n1,4,1,1,1499865549590,perhaps\n", "line 2: 'perhaps'"),
        ("BTCUSDT-trades.csv", "\u{1F}\u{8B}\n1,4,1,1,1499865549590,True\n", "line 1: at least 6 columns"),
        ("BTCUSDT-trades.csv", "{\"a\":1}\n", "line 1: it has no usable field 'venue'"),
        ("BTCUSDT-trades.csv", "{\n", "line 1"),
    ])
    func whatCannotBeReadIsSaid(_ name: String, _ text: String, _ words: String) async throws {
        try await RecordedFolder.with { folder in
            let path = try folder.write(name, text.utf8)
            var failure: RecordingError?
            do { failure = try await ReadRecording([path]).failure } catch let error as RecordingError {
                failure = error
            }
            #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "none")")
        }
    }

    @Test func whatIsNoFileIsSaidAtOnce() async throws {
        try await RecordedFolder.with { folder in
            for path in [folder.path("AUSDT-none.csv"), folder.folder.path] {
                let error = await #expect(throws: RecordingError.self) { try await ReadRecording([path]) }
                #expect(error?.description.hasPrefix("\(path) cannot be read") == true)
            }
        }
    }

    @Test func linesAreBoundedAndMayBeLong() async throws {
        try await RecordedFolder.with { folder in
            let long = String(repeating: "0", count: 100_000) + "7,4,1,1,1499865549590,True\n"
            let read = try await ReadRecording([try folder.write("AUSDT-trades.csv", (long + long).utf8)])
            #expect(read.trades.map(\.tradeID) == [7, 7])
            let endless = [UInt8](repeating: 0x30, count: RecordingLines.maxLineBytes + (1 << 20))
            let path = try folder.write("BUSDT-trades.csv.gz", members: [Array("\n".utf8) + endless])
            let words = try await ReadRecording([path]).failure?.description
            #expect(words == "\(path), line 2: longer than \(RecordingLines.maxLineBytes) bytes")
        }
    }
}
