import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

@Suite struct FigureTests {
    @Test(arguments: [
        ("100", "101", "1.00"), ("100", "99", "-1.00"), ("100", "100", "0.00"), ("3", "4", "33.33"),
        ("3", "5", "66.67"),
        ("800", "801", "0.13"), ("800", "799", "-0.13"), ("67000.01", "67000.01", "0.00"),
        ("0.00000001", "92233720368", "922337203679999999900.00"),
    ])
    func percentagesRoundHalfAwayFromZero(_ open: String, _ price: String, _ percent: String) throws {
        #expect(Percent.change(from: try Sample.price(open), to: try Sample.price(price)) == percent)
    }

    @Test func nothingIsNoBaseOfAPercentage() throws {
        #expect(Percent.change(from: try Sample.price("0"), to: try Sample.price("1")) == nil)
    }

    @Test func aDayWithoutCandleHasNoFigures() throws {
        let quote = Quote(price: try Sample.price("10.5"), tradeID: 3, eventTimeMicros: 1_700_000_000_900_000)
        let frame = FeedFrame.day(symbol: "BTCUSDT", quote, day: nil).frame
        #expect(frame.sent.contains(#""price":"10.5","open":null"#))
        #expect(frame.sent.contains(#""change":null,"change_percent":null,"window_start":null,"timestamp":1700000000"#))
    }

    @Test func aDayHasItsChange() throws {
        let day = try Sample.candle("BTCUSDT", .oneDay, 1_699_920_000, isClosed: false)
        let price = Price(raw: day.open.raw - 670_000_000_000)
        let quote = Quote(price: price, tradeID: 3, eventTimeMicros: 1_700_000_000_900_000)
        let frame = FeedFrame.day(symbol: "BTCUSDT", quote, day: day).frame
        #expect(frame.sent.contains(#""change":"-6700""#))
        #expect(frame.sent.contains(#""change_percent":"-"#))
        #expect(frame.sent.contains(#""window_start":1699920000"#))
    }
}

@Suite struct FeedCommandTests {
    private func command(_ text: String) throws(FeedCommandError) -> FeedCommand {
        try FeedCommand(decoding: Array(text.utf8), intervals: [.tenSeconds, .oneMinute])
    }

    @Test func aSubscriptionIsRead() throws {
        let read = try command(
            #"{"op":"subscribe","id":9,"symbols":["btcusdt","BTCUSDT","kraken:BTC/USD"],"intervals":["1m","1m"]}"#)
        #expect(read.operation == .subscribe && read.id == 9)
        #expect(read.instruments.map(\.key) == ["BTCUSDT", "kraken:BTC/USD"])
        #expect(read.selection == FeedSelection(intervals: [.oneMinute]))
    }

    @Test(arguments: [
        ("", "not JSON"), ("[]", "not a JSON object"), ("{}", "'op'"), (#"{"op":"buy"}"#, "'op'"),
        (#"{"op":"subscribe"}"#, "'symbols'"), (#"{"op":"subscribe","symbols":"BTCUSDT"}"#, "array"),
        (#"{"op":"subscribe","symbols":[1]}"#, "array"), (#"{"op":"subscribe","symbols":["B T"]}"#, "symbol"),
        (#"{"op":"subscribe","symbols":["BTCUSDT"],"intervals":["1d"]}"#, "10s, 1m"),
        (#"{"op":"subscribe","symbols":["BTCUSDT"],"channels":["candles"]}"#, "'intervals'"),
        (#"{"op":"subscribe","symbols":["BTCUSDT"],"channels":["trades"],"intervals":["1m"]}"#, "candles"),
        (#"{"op":"subscribe","symbols":["BTCUSDT"],"channels":["book"]}"#, "channel"),
        (#"{"op":"ping","id":"x"}"#, "'id'"), (#"{"op":"ping","depth":1}"#, "depth"),
        (#"{"op":"ping","symbols":[[[[[[]]]]]]}"#, "not JSON"),
    ])
    func whatCannotBeFollowedIsToldWhy(_ text: String, _ word: String) {
        let error = #expect(throws: FeedCommandError.self) { try command(text) }
        #expect(error?.code == "invalid_message" && error?.detail.contains(word) == true, "\(error?.detail ?? "-")")
    }
}
