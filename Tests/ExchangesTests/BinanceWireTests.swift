import MarketCore
import MarketWire
import Testing

@testable import Exchanges

/// Names, requests, answers, error bodies and metadata of Binance's interfaces.
@Suite struct BinanceWireTests {
    @Test func streamNames() throws {
        let stream = try #require(BinanceStream("btcusdt@aggTrade"))
        #expect(stream.symbol == "BTCUSDT" && stream.kind == .aggTrade && stream.description == "btcusdt@aggTrade")
        #expect(BinanceStream(try Instrument(key: "ETHBTC"), .trade).description == "ethbtc@trade")
        for text in ["", "btcusdt", "@trade", "btcusdt@", "BTCUSDT@trade", "btcusdt@trade@x", "btcusdt@kline_1m"] {
            #expect(BinanceStream(text) == nil, "\(text)")
        }
    }

    @Test func timesOfBothUnits() {
        #expect(BinanceTime.micros(1_577_977_823_305) == 1_577_977_823_305_000)
        #expect(BinanceTime.micros(1_577_977_823_305_001) == 1_577_977_823_305_001)
        #expect(BinanceTime.micros(-1) == nil && BinanceTime.micros(.min) == nil)
        #expect(BinanceTime.micros(.max) == .max)
        #expect(BinanceTimeUnit.millisecond.time(ofMicros: 1_999) == 1)
        #expect(BinanceTimeUnit.microsecond.time(ofMicros: 1_999) == 1_999)
    }

    @Test(arguments: [
        BinanceRequest(.subscribe(["a@trade", "b@aggTrade"]), id: .init(1)),
        BinanceRequest(.unsubscribe([]), id: .null),
        BinanceRequest(.listSubscriptions, id: .init(7)), BinanceRequest(.setCombined(true), id: .init(.max)),
        BinanceRequest(.getCombined, id: .init(0)),
    ])
    func requestsAreReadAsTheyAreWritten(_ request: BinanceRequest) throws {
        #expect(try BinanceRequest(parsing: request.encoded().span.bytes) == request)
    }

    @Test(arguments: [
        ("", 3), ("{", 3), ("[]", 2), ("{}", 2), (#"{"method":1,"id":1}"#, 2), (#"{"method":"LIST","id":1}"#, 2),
        (#"{"method":"SUBSCRIBE","id":1}"#, 2), (#"{"method":"SUBSCRIBE","params":[1],"id":1}"#, 2),
        (#"{"method":"SUBSCRIBE","params":["a"],"id":1.5}"#, 2),
        (#"{"method":"SUBSCRIBE","params":["a"],"id":"a\"b"}"#, 2),
        (#"{"method":"SET_PROPERTY","params":["x",true],"id":1}"#, 0),
        (#"{"method":"SET_PROPERTY","params":["combined",1],"id":1}"#, 1),
        (#"{"method":"GET_PROPERTY","params":[],"id":1}"#, 0),
    ])
    func badRequestsHaveBinancesCodes(_ text: String, _ code: Int) throws {
        let error = #expect(throws: BinanceRequestError.self) {
            try BinanceRequest(parsing: Array(text.utf8).span.bytes)
        }
        #expect(error?.code == code)
        let body = BinanceReply.refused(try #require(error))
        #expect(try JSONValue(parsing: body)["error"]?["code"]?.integer == Int64(code))
    }

    @Test func repliesCarryTheClientsOwnID() throws {
        let request = try BinanceRequest(
            parsing: Array(#"{"method":"LIST_SUBSCRIPTIONS","id":"my-1"}"#.utf8).span.bytes)
        #expect(String(decoding: BinanceReply.granted(request.id), as: UTF8.self) == #"{"result":null,"id":"my-1"}"#)
        let listed = String(decoding: BinanceReply.subscriptions(["a@trade"], .init(3)), as: UTF8.self)
        #expect(listed == #"{"result":["a@trade"],"id":3}"#)
        #expect(String(decoding: BinanceReply.property(true, .init(3)), as: UTF8.self) == #"{"result":true,"id":3}"#)
    }

    @Test func errorBodies() throws {
        let body = BinanceErrorBody.invalidSymbol.encoded()
        #expect(String(decoding: body, as: UTF8.self) == #"{"code":-1121,"msg":"Invalid symbol."}"#)
        #expect(BinanceErrorBody(status: 400, parsing: body) == .invalidSymbol)
        let limit = BinanceErrorBody.tooMuchWeight(limit: 6_000)
        #expect(limit.status == 429 && limit.code == -1_003 && limit.message.contains("6000"))
        #expect(BinanceErrorBody(status: 429, parsing: limit.encoded()) == limit)
        for text in ["", "<html>451</html>", "[]", "{}", #"{"code":"x","msg":"y"}"#, #"{"code":-1}"#, "\u{FF}"] {
            #expect(BinanceErrorBody(status: 503, parsing: Array(text.utf8)) == nil, "\(text)")
        }
        let huge = #"{"code":9223372036854775807,"msg":"x"}"#
        #expect(BinanceErrorBody(status: 400, parsing: Array(huge.utf8))?.code == Int.max)
        #expect(BinanceErrorBody(status: 400, parsing: Array(#"{"code":1e999,"msg":"x"}"#.utf8)) == nil)
    }

    private static let instrument =
        #"{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":["#
        + #"{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000.00","tickSize":"0.01000000"},"#
        + #"{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"}]}"#

    private func instruments(_ entries: String) throws -> [InstrumentRecord] {
        try BinanceExchangeInfo.instruments(Array(#"{"timezone":"UTC","symbols":[\#(entries)]}"#.utf8))
    }

    @Test func instrumentsOfExchangeInfo() throws {
        let record = try #require(try instruments(Self.instrument).first)
        #expect(record.symbol == "BTCUSDT" && record.base == "BTC" && record.quote == "USDT")
        #expect(record.tickSize == Price("0.01") && record.lotStep == Quantity("0.00001"))
        #expect(record.status == .trading)
        let halted = try instruments(Self.instrument.replacing("TRADING", with: "BREAK"))
        #expect(halted.first?.status == .halted)
        #expect(try instruments(Self.instrument.replacing("TRADING", with: "NEW_ONE")).first?.status == .unknown)
    }

    @Test func whatLacksAPartIsLeftOutAndTheRestStays() throws {
        for (from, to) in [
            ("BTCUSDT", "a b"), ("\"baseAsset\"", "\"x\""), ("PRICE_FILTER", "OTHER"), ("\"0.01000000\"}", "{}}"),
            ("\"stepSize\":\"0.00001000\"", "\"stepSize\":\"x\""),
        ] {
            let entries = Self.instrument.replacing(from, with: to) + "," + Self.instrument
            #expect(try instruments(entries).map(\.symbol) == ["BTCUSDT"], "\(from)")
        }
        #expect(try instruments("1,null,[]").isEmpty)
        #expect(try BinanceExchangeInfo.instruments(Array("{}".utf8)).isEmpty)
        #expect(throws: (any Error).self) { try BinanceExchangeInfo.instruments(Array("<html>".utf8)) }
    }
}
