import ServiceKit
import Testing

@testable import MarketProducer

/// What the producer refuses to start with.
@Suite struct ProducerSettingsTests {
    @Test(arguments: [
        ["SYMBOLS": "kraken:BTC/USD"], ["SYMBOLS": ""], ["SYMBOLS": "BTCUSDT,,€"], ["STALE_AFTER": "10ms"],
        ["STALE_AFTER": "soon"], ["BINANCE_STREAM": "kline"], ["MARKET_SOURCE": "two words"], ["METRICS_PORT": "-1"],
        ["KAFKA_TOPIC_PARTITIONS": "0"],
    ])
    func unusableValuesNameTheirKey(_ values: [String: String]) throws {
        let key = try #require(values.keys.first)
        guard values[key] != "" else {
            // Empty is as if it was not given.
            #expect(try ProducerSettings(Settings(values)).instruments.map(\.key) == ["BTCUSDT"])
            return
        }
        // As the program does: every value by itself, then what they say together.
        let error = #expect(throws: SettingsError.self) {
            try Settings(values).validate(ProducerSettings.all + SharedSettings.common)
            _ = try MarketProducerService(RunningProducer.context(values))
        }
        #expect(error?.description.hasPrefix("\(key): ") == true, "\(error?.description ?? "none")")
    }

    @Test func defaultsAreTheRealExchange() throws {
        let settings = try ProducerSettings(Settings([:]))
        #expect(
            settings.webSocketURL == "wss://stream.binance.com:9443" && settings.restURL == "https://api.binance.com")
        #expect(settings.source == "binance" && !settings.isAggregated && settings.staleAfter == .seconds(30))
    }
}
