import MarketCore
import Testing

struct InstrumentTests {
    @Test(arguments: [
        ("BTCUSDT", "binance", "BTCUSDT", "BTCUSDT"), ("btcusdt", "binance", "BTCUSDT", "BTCUSDT"),
        ("kraken:BTC/USD", "kraken", "BTC/USD", "kraken:BTC/USD"),
        ("Coinbase:btc-usd", "coinbase", "BTC-USD", "coinbase:BTC-USD"),
        ("binance:ETHUSDT", "binance", "ETHUSDT", "ETHUSDT"), ("A.B_C/D-1", "binance", "A.B_C/D-1", "A.B_C/D-1"),
    ])
    func keysAreReadAndWritten(_ text: String, venue: String, symbol: String, key: String) throws {
        let instrument = try Instrument(key: text)
        #expect(instrument.venue == venue)
        #expect(instrument.symbol == symbol)
        #expect(instrument.key == key)
        #expect(try Instrument(key: instrument.key) == instrument)
    }

    @Test(arguments: [
        "", ":", "kraken:", ":BTCUSD", "BTC USDT", "BTC:USD:T", "BTC%2FUSD", "ÄPFEL", "BTC\0", "kra ken:X",
        String(repeating: "A", count: 33), String(repeating: "a", count: 17) + ":X",
        // Letters that fold to ASCII: the long s, and the Kelvin sign.
        "u\u{17F}dt", "\u{212A}raken:X",
    ])
    func malformedKeysAreRefused(_ text: String) {
        #expect(throws: InstrumentError.self) { try Instrument(key: text) }
    }

    @Test func theErrorSaysWhatWouldBeValid() {
        let error = #expect(throws: InstrumentError.self) { try Instrument(key: "BTC USDT") }
        #expect(error?.description.contains("BTC USDT") == true)
        #expect(error?.description.contains("A-Z") == true)
    }
}
