import MarketCore
import MarketWire
import Testing

@Suite struct TradeRecordTests {
    private func reason(_ text: String) -> WireError.Reason? { reason(Array(text.utf8)) }

    private func reason(_ bytes: [UInt8]) -> WireError.Reason? {
        do throws(WireError) {
            _ = try TradeRecord.decode(bytes)
            return nil
        } catch { return error.reason }
    }

    private func replacing(_ old: String, _ new: String) -> String {
        TradeSamples.contract.replacing(old, with: new)
    }

    @Test func writesTheContractByteForByte() throws {
        let trade = Trade(
            instrument: try Instrument(key: "BTCUSDT"), tradeID: 123_456, price: try #require(Price("67000.01")),
            quantity: try #require(Quantity("0.001")), takerSide: .buy, eventTimeMicros: 1_700_000_000_123_000,
            receivedTimeMicros: 1_700_000_000_130_000)
        #expect(String(decoding: TradeSamples.encoded(trade), as: UTF8.self) == TradeSamples.contract)
        #expect(try TradeRecord.decode(Array(TradeSamples.contract.utf8)) == .trade(trade))
        var aggregate = trade
        aggregate.tradeCount = 3
        aggregate.aggregateID = 77
        #expect(
            String(decoding: TradeSamples.encoded(aggregate), as: UTF8.self)
                == replacing("130000}", "130000,\"trade_count\":3,\"aggregate_id\":77}"))
    }

    @Test func writesAndReadsWhatIsNoTrade() throws {
        let instrument = try Instrument(key: "kraken:BTC/USD")
        var bytes: [UInt8] = []
        let gap = UnavailableTrades(instrument: instrument, tradeIDs: 5...9, reason: "HTTP 451: \"not here\"\n")
        TradeRecord.encode(gap, into: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"venue":"kraken","symbol":"BTC/USD","unavailable":[5,9],"reason":"HTTP 451: \"not here\"\n"}"#)
        #expect(try TradeRecord.decode(bytes) == .unavailable(gap))
        bytes = []
        TradeRecord.encodeReopen(instrument, 7...7, into: &bytes)
        #expect(try TradeRecord.decode(bytes) == .reopen(instrument, 7...7))
        bytes = []
        TradeRecord.encodeNewGeneration(instrument, into: &bytes)
        #expect(try TradeRecord.decode(bytes) == .newGeneration(instrument))
    }

    @Test func encodingAndDecodingAgree() throws {
        var random = SeededRandom.announced("trade records")
        for _ in 0..<Iterations.count(5_000) {
            let trade = TradeSamples.trade(using: &random)
            #expect(try TradeRecord.decode(TradeSamples.encoded(trade)) == .trade(trade))
            let unusual = TradeSamples.unusual(trade, using: &random)
            #expect(try TradeRecord.decode(unusual) == .trade(trade), "\(String(decoding: unusual, as: UTF8.self))")
        }
    }

    @Test func moneyIsExactWhateverItsForm() throws {
        func price(_ literal: String) throws -> Price? {
            guard case .trade(let trade) = try TradeRecord.decode(Array(replacing("\"67000.01000000\"", literal).utf8))
            else {
                return nil
            }
            return trade.price
        }
        // 0.1 + 0.2 and 16-digit values are where a Double would show.
        #expect(try price("0.30000000") == Price(raw: 30_000_000))
        #expect(try price("12345678901.12345678") == Price(raw: 1_234_567_890_112_345_678))
        #expect(try price("\"92233720368.54775807\"") == Price(raw: .max))
        #expect(try price("6.700001e4") == Price(raw: 6_700_001_000_000))
    }

    @Test(arguments: [
        ("\"trade_id\":123456,", "", WireError.Reason.missingField), ("\"venue\":\"binance\",", "", .missingField),
        (",\"received_time_us\":1700000000130000", "", .missingField),
        ("\"price\":\"67000.01000000\",", "", .missingField),
        ("{\"venue\"", "{\"price\":\"1\",\"venue\"", .duplicateField),
        ("\"67000.01000000\"", "\"-1\"", .implausible), ("\"67000.01000000\"", "0", .implausible),
        ("\"0.00100000\"", "-0.1", .implausible), ("\"67000.01000000\"", "1e999", .badNumber),
        ("\"67000.01000000\"", "\"1.000000001\"", .badNumber), ("\"67000.01000000\"", "\"NaN\"", .badNumber),
        ("\"67000.01000000\"", "NaN", .notJSON), ("\"67000.01000000\"", "null", .badType),
        ("\"67000.01000000\"", "[1]", .badType), ("123456", "-1", .implausible), ("123456", "1.0", .badNumber),
        ("123456", "9223372036854775808", .badNumber), ("123456", "\"123456\"", .badType),
        ("123456", "0123456", .notJSON),
        ("\"buy\"", "\"BUY\"", .badValue), ("\"buy\"", "true", .badType), ("BTCUSDT", "btcusdt", .badValue),
        ("BTCUSDT", "BTC USDT", .badValue), ("BTCUSDT", "", .badValue), ("binance", "Binance", .badValue),
        ("BTCUSDT", "BTCUSDTBTCUSDTBTCUSDTBTCUSDTBTCUSD", .badValue), ("1700000000123000", "-1", .implausible),
        ("1700000000123000", "7258118400000000", .implausible), ("130000}", "130000,\"trade_count\":0}", .implausible),
        ("130000}", "130000,\"trade_count\":1000001}", .implausible),
        ("130000}", "130000,\"trade_count\":123458}", .implausible),
        ("130000}", "130000,\"aggregate_id\":-1}", .implausible), ("130000}", "130000", .notJSON),
        ("130000}", "130000}}", .notJSON), ("130000}", "130000,\"unavailable\":[1,2],\"reason\":\"\"}", .badValue),
        ("130000}", "130000,\"x\":\(String(repeating: "[", count: 50))}", .notJSON),
        ("{\"venue\"", "[\"venue\"", .notObject),
    ])
    func refusalsHaveTheirReason(_ old: String, _ new: String, _ expected: WireError.Reason) {
        let text = replacing(old, new)
        #expect(text != TradeSamples.contract)
        #expect(reason(text) == expected, "\(text)")
    }

    @Test(arguments: [
        ("[1]", WireError.Reason.badValue), ("[2,1]", .badValue), ("[1,2,3]", .badValue), ("[]", .badValue),
        ("[-1,2]", .implausible),
        ("[1.5,2]", .badNumber), ("\"1-2\"", .badType), ("null", .badType),
    ])
    func unavailableIDsAreARange(_ ids: String, _ expected: WireError.Reason) {
        #expect(reason("{\"venue\":\"binance\",\"symbol\":\"A\",\"unavailable\":\(ids),\"reason\":\"\"}") == expected)
    }

    @Test func bytesThatAreNoTextHaveTheirOwnReason() {
        let sample = Array(TradeSamples.contract.utf8)
        for position in sample.indices {
            var bytes = sample
            bytes[position] = 0xff
            #expect(reason(bytes) == .notUTF8)
        }
        #expect(reason([]) == .notJSON)
        #expect(reason("null") == .notObject)
        #expect(reason([UInt8](repeating: 0x20, count: TradeRecord.maxBytes + 1)) == .tooLarge)
    }

    @Test func aTradeOfNothingForNothingIsOne() throws {
        let text = replacing("67000.01000000", "0").replacing("0.00100000", with: "0")
        guard case .trade(let trade) = try TradeRecord.decode(Array(text.utf8)) else {
            Issue.record("not a trade")
            return
        }
        #expect(trade.price.raw == 0 && trade.quantity == .zero)
    }
}
