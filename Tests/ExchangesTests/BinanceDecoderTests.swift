import Foundation
import MarketCore
import MarketWire
import Testing

@testable import Exchanges

/// Messages of Binance's streams, from real ones to hostile ones.
@Suite struct BinanceDecoderTests {
    static let symbols = ["BTCUSDT", "ETHUSDT"]

    private func decoder() throws -> BinanceDecoder {
        BinanceDecoder(try Self.symbols.map { try Instrument(key: $0) })
    }

    private func decode(_ text: String) throws -> BinanceEvent {
        try decoder().decode(Array(text.utf8).span.bytes, receivedTimeMicros: 7)
    }

    private func trade(_ text: String) throws -> Trade {
        guard case .trade(let trade) = try decode(text) else {
            throw BinanceMessageError(.malformed, "no trade: \(text)")
        }
        return trade
    }

    /// The examples of Binance's own documentation, at a price that the symbols had.
    static let single =
        #"{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":12345,"p":"16850.00100000","q":"0.01500000","#
        + #""T":1672515782135,"m":true,"M":true}"#
    static let aggregate =
        #"{"e":"aggTrade","E":1672515782136,"s":"ETHUSDT","a":5933014,"p":"0.00100000","q":"100.00000000","f":100,"#
        + #""l":105,"T":1672515782135,"m":false,"M":true}"#

    @Test func aSingleTrade() throws {
        let trade = try trade(Self.single)
        #expect(trade.instrument.key == "BTCUSDT" && trade.tradeID == 12_345)
        #expect(trade.price == Price("16850.001") && trade.quantity == Quantity("0.015"))
        #expect(trade.takerSide == .sell && trade.tradeCount == 1 && trade.aggregateID == nil)
        // The trade's own time, not the message's.
        #expect(trade.eventTimeMicros == 1_672_515_782_135_000 && trade.receivedTimeMicros == 7)
    }

    @Test func anAggregate() throws {
        let trade = try trade(Self.aggregate)
        #expect(trade.instrument.key == "ETHUSDT" && trade.tradeID == 105 && trade.firstTradeID == 100)
        #expect(trade.tradeCount == 6 && trade.aggregateID == 5_933_014 && trade.takerSide == .buy)
    }

    @Test(arguments: [single, aggregate])
    func aCombinedStreamSaysTheSame(_ text: String) throws {
        let wrapped = #"{"stream":"x@y","data":\#(text)}"#
        #expect(try decode(wrapped) == decode(text))
        #expect(try decode(#"{"data":\#(text),"stream":"x@y"}"#) == decode(text))
        // Unusual spacing and order of fields.
        let spaced = text.replacing(",", with: " ,\n ").replacing(":", with: " : ")
        #expect(try decode(spaced) == decode(text))
    }

    @Test func microsecondsAreTold() throws {
        let text = Self.single.replacing("1672515782135,", with: "1672515782135246,")
        #expect(try trade(text).eventTimeMicros == 1_672_515_782_135_246)
    }

    @Test func whatIsNotForUs() throws {
        for text in [
            Self.single.replacing("BTCUSDT", with: "DOGEUSDT"), #"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1}}"#,
            // Of other events the same letters mean other things.
            #"{"e":"24hrTicker","s":"BTCUSDT","p":"-1.5","t":"x","q":[1],"T":{}}"#, "{}",
            #"{"stream":"btcusdt@depth","data":[1,2]}"#,
        ] {
            #expect(try decode(text) == .other, "\(text)")
        }
        #expect(try decode(#"{"e":"serverShutdown","E":1770123456789}"#) == .serverShutdown)
    }

    @Test func repliesToSubscriptions() throws {
        #expect(try decode(#"{"result":null,"id":12}"#) == .reply(id: 12, error: nil))
        #expect(try decode(#"{"result":["btcusdt@trade"],"id":3}"#) == .reply(id: 3, error: nil))
        #expect(try decode(#"{"result":null,"id":"a"}"#) == .reply(id: nil, error: nil))
        #expect(
            try decode(#"{"error":{"code":2,"msg":"Invalid request: unknown variant"},"id":4}"#)
                == .reply(id: 4, error: "Invalid request: unknown variant"))
        #expect(try decode(#"{"code":3,"msg":"Invalid JSON"}"#) == .reply(id: nil, error: "Invalid JSON"))
    }

    @Test(arguments: ["s", "t", "p", "q", "T", "m"])
    func aMissingFieldIsNamed(_ field: String) throws {
        let text = Self.single.replacing("\"\(field)\":", with: "\"x\(field)\":")
        let error = #expect(throws: BinanceMessageError.self) { try decode(text) }
        #expect(error?.reason == .missingField && error?.detail.contains("'\(field)'") == true)
    }

    @Test(arguments: ["s", "a", "f", "l", "p", "q", "T", "m"])
    func aMissingFieldOfAnAggregateIsNamed(_ field: String) throws {
        let text = Self.aggregate.replacing("\"\(field)\":", with: "\"x\(field)\":")
        let error = #expect(throws: BinanceMessageError.self) { try decode(text) }
        #expect(error?.reason == .missingField && error?.detail.contains("'\(field)'") == true)
    }

    @Test(arguments: [
        ("\"p\":\"16850.00100000\"", "\"p\":\"0\""), ("\"p\":\"16850.00100000\"", "\"p\":\"-1\""),
        ("\"q\":\"0.01500000\"", "\"q\":\"-0.1\""), ("\"t\":12345", "\"t\":-1"),
        ("\"T\":1672515782135", "\"T\":-1672515782135"),
    ])
    func valuesThatCannotBeAreRefused(_ change: (String, String)) throws {
        let error = #expect(throws: BinanceMessageError.self) {
            try decode(Self.single.replacing(change.0, with: change.1))
        }
        #expect(error?.reason == .badValue)
    }

    @Test(arguments: [
        ("\"p\":\"16850.00100000\"", "\"p\":true"), ("\"p\":\"16850.00100000\"", "\"p\":\"1e999\""),
        ("\"p\":\"16850.00100000\"", "\"p\":\"NaN\""), ("\"p\":\"16850.00100000\"", "\"p\":\"92233720368547758.08\""),
        ("\"p\":\"16850.00100000\"", "\"p\":\"0.000000001\""), ("\"q\":\"0.01500000\"", "\"q\":{}"),
        ("\"q\":\"0.01500000\"", "\"q\":\"1" + String(repeating: "0", count: 400) + "\""),
        ("\"t\":12345", "\"t\":\"12345\""), ("\"t\":12345", "\"t\":9223372036854775808"), ("\"t\":12345", "\"t\":1.5"),
        ("\"t\":12345", "\"t\":null"), ("\"T\":1672515782135", "\"T\":1e12"), ("\"m\":true", "\"m\":\"true\""),
        ("\"m\":true", "\"m\":1"), ("\"s\":\"BTCUSDT\"", "\"s\":[]"),
    ])
    func wrongTypesAndHugeNumbersAreMalformed(_ change: (String, String)) throws {
        let error = #expect(throws: BinanceMessageError.self) {
            try decode(Self.single.replacing(change.0, with: change.1))
        }
        #expect(error?.reason == .malformed && error?.detail.isEmpty == false)
    }

    @Test func anAggregateRunsForwards() throws {
        for (from, to) in [("\"f\":100", "\"f\":106"), ("\"f\":100", "\"f\":-1")] {
            let error = #expect(throws: BinanceMessageError.self) {
                try decode(Self.aggregate.replacing(from, with: to))
            }
            #expect(error?.reason == .badValue)
        }
        // As wide as 64 bits are: no overflow.
        let widest = Self.aggregate.replacing("\"f\":100,\"l\":105", with: "\"f\":0,\"l\":9223372036854775807")
        #expect(throws: BinanceMessageError.self) { try decode(widest) }
    }

    @Test func theLargestTimeDoesNotOverflow() throws {
        for time in ["9223372036854775807", "99999999999999", "100000000000000", "0"] {
            _ = try decode(Self.single.replacing("1672515782135,", with: "\(time),"))
        }
    }

    @Test(arguments: [single, aggregate, #"{"stream":"a","data":\#(single)}"#])
    func everyTruncationIsAnError(_ text: String) throws {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: BinanceMessageError.self) {
                try decoder().decode(Array(bytes[..<count]).span.bytes, receivedTimeMicros: 0)
            }
        }
    }

    /// Any bytes give an event or an error, never a crash.
    @Test func damagedMessages() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let decoder = try decoder()
        let whole = [Self.single, Self.aggregate, #"{"stream":"a","data":\#(Self.single)}"#].map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = whole[Int.random(in: 0..<whole.count, using: &random)]
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                }
            }
            do throws(BinanceMessageError) {
                _ = try decoder.decode(bytes.span.bytes, receivedTimeMicros: 0)
            } catch {
                refused += 1
                #expect(!error.detail.isEmpty)
            }
        }
        #expect(refused > 10_000, "most damage is noticed; seed \(seed)")
    }

    /// What the fast reader takes the general one takes as the same trade, and as the exchange writes it, it is taken.
    @Test func theFastReaderAgreesWithTheGeneralOne() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let decoder = try decoder()
        let whole = [
            Self.single, Self.aggregate, #"{"stream":"a","data":\#(Self.single)}"#,
            #"{"stream":"b","data":\#(Self.aggregate)}"#,
        ].map { Array($0.utf8) }
        for bytes in whole { #expect(decoder.decodeUsual(bytes.span.bytes, receivedTimeMicros: 0) != nil) }
        let pieces = "0123456789.-e+\"\\{}[], :tfMmTabs\u{7f}é".utf8.map { $0 }
        var taken = 0
        for _ in 0..<50_000 {
            var bytes = whole[Int.random(in: 0..<whole.count, using: &random)]
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &random)]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = piece
                case 1: bytes.insert(piece, at: place)
                case 2: bytes.remove(at: place)
                // Digits for digits: these stay a trade.
                default:
                    if (0x30...0x39).contains(bytes[place]) {
                        bytes[place] = UInt8.random(in: 0x30...0x39, using: &random)
                    }
                }
            }
            guard let trade = decoder.decodeUsual(bytes.span.bytes, receivedTimeMicros: 3) else { continue }
            taken += 1
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(
                try decoder.decodeGeneral(bytes.span.bytes, receivedTimeMicros: 3) == .trade(trade),
                "seed \(seed): \(text)")
        }
        #expect(taken > 5_000 && taken < 45_000, "seed \(seed)")
    }

    @Test func deepNestingIsRefused() throws {
        let deep = "{\"x\":" + String(repeating: "[", count: 100_000)
        #expect(throws: BinanceMessageError.self) { try decode(deep) }
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
