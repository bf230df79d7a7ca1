import MarketCore
import SimulatedMarket
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Real trades in, the exchange's own candles out.
struct GoldenTests {
    /// Lines of a file of the recorded data, split at the commas.
    private func lines(_ name: String) throws -> [[String]] {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/Data/binance-spot-BTCUSDT-2020-01-02/\(name)"
        let file = try #require(fopen(path, "r"), "\(path) cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer.prefix(count) }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func trades() throws -> [LogRecord] {
        try lines("BTCUSDT-aggTrades-2020-01-02.part.csv").map { line in
            let first = try #require(Int64(line[3]))
            let last = try #require(Int64(line[4]))
            let time = try #require(Int64(line[5])) * 1_000
            return .trade(
                id: last, count: last - first + 1, price: line[1], quantity: line[2],
                side: line[6] == "True" ? .sell : .buy, at: time - testEpochMicros,
                recordAt: time - testEpochMicros)
        }
    }

    /// Against the seven whole minutes, and against the 10 s candles rolled up.
    private func compare(_ partition: TestPartition) throws {
        let klines = try lines("BTCUSDT-1m-2020-01-02-1511-1517.csv")
        #expect(klines.count == 7)
        for kline in klines {
            let start = try #require(Int64(kline[0])) / 1_000 - testEpochSeconds
            let row = try #require(partition.row("BTCUSDT", .oneMinute, start))
            var rolled: Candle?
            for part in stride(from: start, to: start + 60, by: 10) {
                guard let candle = partition.row(part)?.candle else { continue }
                if rolled == nil { rolled = candle } else { #expect(rolled?.merge(candle) == true) }
            }
            #expect(rolled == row.candle)
            #expect(row.missingTrades == 0)
            #expect(row.candle.open == Price(kline[1]))
            #expect(row.candle.high == Price(kline[2]))
            #expect(row.candle.low == Price(kline[3]))
            #expect(row.candle.close == Price(kline[4]))
            #expect(row.candle.volume == Quantity(kline[5]))
            #expect(row.candle.quoteVolume == QuoteAmount(kline[7]))
            #expect(row.candle.tradeCount == Int64(kline[8]))
            #expect(row.candle.takerBuyVolume == Quantity(kline[9]))
            #expect(row.candle.takerBuyQuoteVolume == QuoteAmount(kline[10]))
        }
    }

    @Test func theExchangesCandlesComeOut() throws {
        let partition = TestPartition()
        partition.feed(try trades())
        partition.finish()
        #expect(partition.database.quarantined.isEmpty)
        try compare(partition)
    }

    @Test func shuffledDoubledAndInterruptedTheyComeOutToo() throws {
        let trades = try trades()
        for seed in 1...5 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var log = trades
            for start in stride(from: 0, to: log.count, by: 8) {
                log[start..<min(start + 8, log.count)].shuffle(using: &random)
            }
            for _ in 0..<300 {
                let position = Int(random.int(0...Int64(log.count - 1)))
                log.insert(log[position], at: Int(random.int(Int64(position)...Int64(min(position + 60, log.count)))))
            }
            let partition = TestPartition()
            partition.append(log)
            while partition.nextOffset < log.count {
                partition.step(limit: Int(random.int(1...100)))
                if random.once(in: 2) { partition.commit() }
                if random.once(in: 4) { try partition.restart(losingCommit: true) }
            }
            partition.finish()
            try compare(partition)
        }
    }
}
