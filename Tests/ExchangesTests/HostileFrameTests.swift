import Foundation
import MarketCore
import NIOCore
import Testing

@testable import Exchanges

/// Frames that no venue sends: whatever comes, a reader gives trades, a signal or an error, and never crashes.
///
/// MARKET_STREAM_FUZZ_INPUTS asks for more than the usual number; the seed is printed.
@Suite struct HostileFrameTests {
    private static let samples: [String] = [
        #"{"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":12345,"p":"0.001","#
            + #""q":"100","T":1672515782136,"m":true,"M":true}}"#,
        #"{"e":"aggTrade","E":1672515782136,"s":"BTCUSDT","a":12345,"p":"0.001","q":"100","f":100,"l":105,"#
            + #""T":1672515782136,"m":true,"M":true}"#,
        #"{"result":null,"id":1}"#, #"{"e":"serverShutdown","E":1}"#,
        #"{"error":{"code":2,"msg":"Invalid request"},"id":1}"#,
        #"{"channel":"market_trades","timestamp":"2026-08-09T21:05:48.228568804Z","sequence_num":0,"events":[{"type":"#
            + #""update","trades":[{"product_id":"BTC-USD","trade_id":"1068572090","price":"65083.67","#
            + #""size":"0.002186","time":"2026-08-09T21:05:42.514318Z","side":"SELL"}]}]}"#,
        #"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":105944.20,"#
            + #""qty":0.00027625,"ord_type":"limit","trade_id":10218208,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#,
    ]
    /// What JSON readers stumble over.
    private static let pieces = [
        "1e999", "-0", "99999999999999999999", "\"\\u0000\"", "\"\\ud800\"", "null", "[[[[", "}", "\u{FEFF}", "0.1e-9",
        "\"9223372036854775807\"", "-9223372036854775808", "true", "{\"e\":\"trade\"", ",,", "\u{1F4B8}", "NaN",
    ]

    private func readers() throws -> [any StreamReader] {
        [
            BinanceDialect(address: "", kind: .trade).makeReader([try Instrument(key: "BTCUSDT")]),
            CoinbaseDialect(address: "").makeReader([try Instrument(key: "coinbase:BTC-USD")]),
            KrakenDialect(address: "").makeReader([try Instrument(key: "kraken:BTC/USD")]),
        ]
    }

    private func mutate(_ sample: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
            case 3: bytes.removeSubrange(place...)
            case 4:
                let end = min(bytes.count, place + Int.random(in: 1...20, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            default:
                let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
                let end = min(bytes.count, place + Int.random(in: 0...8, using: &random))
                bytes.replaceSubrange(place..<end, with: piece.utf8)
            }
        }
        return bytes
    }

    @Test func nothingCrashesAReader() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["MARKET_STREAM_FUZZ_INPUTS"].flatMap { Int($0) } ?? 10_000
        let seed = environment["MARKET_STREAM_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...1 << 32)
        print("hostile frames: seed \(seed), \(count) inputs")
        var random = SeededRandom(seed: seed)
        var readers = try readers()
        var trades: [Trade] = []
        var taken = 0
        for number in 0..<count {
            let sample = Array(Self.samples[number % Self.samples.count].utf8)
            let bytes = ByteBuffer(bytes: mutate(sample, &random))
            for place in readers.indices {
                trades.removeAll(keepingCapacity: true)
                _ = try? readers[place].read(bytes, receivedTimeMicros: 1, into: &trades)
                for trade in trades {
                    taken += 1
                    guard trade.price.raw > 0, trade.quantity >= .zero, trade.tradeID >= 0, trade.tradeCount > 0 else {
                        Issue.record("seed \(seed): \(String(buffer: bytes)) gave \(trade)")
                        return
                    }
                }
            }
        }
        #expect(taken > count / 100, "hardly anything was read")
    }
}
