import MarketCore
import Testing

@testable import ServiceKit

@Suite struct SettingAliasTests {
    @Test(arguments: [
        ("CRYPTO_PAIRS", "['btcusdt', 'ethusdt']"), ("CRYPTO_PAIRS", "btcusdt, ethusdt"),
        ("CRYPTO_PAIRS", "[\"BTCUSDT\",\"ETHUSDT\"]"),
    ])
    func pairsAreSymbols(_ name: String, _ text: String) throws {
        let settings = Settings([name: text])
        #expect(try settings.value(SharedSettings.symbols).map(\.key) == ["BTCUSDT", "ETHUSDT"])
        #expect(settings.aliasesInUse([SharedSettings.symbols]).map(\.name) == [name])
    }

    @Test func aKeysOwnNameWins() throws {
        let settings = Settings(["BINANCE_SYMBOL": "ethusdt", "SYMBOLS": "BTCUSDT"])
        #expect(try settings.value(SharedSettings.symbols).map(\.key) == ["BTCUSDT"])
        #expect(settings.aliasesInUse([SharedSettings.symbols]).isEmpty)
    }

    @Test(arguments: [
        "wss://stream.binance.com:9443/ws", "wss://stream.binance.com:9443/stream?streams=",
        "wss://stream.binance.com:9443",
    ])
    func anAddressLosesItsPath(_ text: String) throws {
        let url = Setting.text("BINANCE_WS_URL", help: "x", default: nil)
        #expect(try Settings(["BINANCE_WEBSOCKET_URI": text]).value(url) == "wss://stream.binance.com:9443")
    }

    @Test func aMalformedOneIsNamed() throws {
        let settings = Settings(["CRYPTO_PAIRS": "btc usdt!"])
        let error = #expect(throws: SettingsError.self) { try settings.validate([SharedSettings.symbols]) }
        #expect(error?.description.contains("CRYPTO_PAIRS") == true)
        #expect(error?.description.contains("SYMBOLS") == true)
    }

    @Test func secretsAreNotShown() {
        let settings = Settings(["POSTGRES_URL": "postgresql://a:hidden@b/c", "KAFKA_BROKERS": "x://u:hidden@h"])
        let shown = settings.shownValues([SharedSettings.postgresURL, SharedSettings.kafkaBrokers])
        #expect(shown.map(\.value) == ["***", "x://u:***@h"])
    }
}
