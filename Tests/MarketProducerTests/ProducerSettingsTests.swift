import ServiceKit
import Testing

@testable import MarketProducer

/// What the producer refuses to start with.
@Suite struct ProducerSettingsTests {
    @Test(arguments: [
        ["SYMBOLS": "bitstamp:BTC/USD"], ["SYMBOLS": ""], ["SYMBOLS": "BTCUSDT,,€"], ["STALE_AFTER": "10ms"],
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

@Suite struct ProducerShardTests {
    @Test func sharesAreWholeAndDoNotOverlap() throws {
        let keys = (0..<1_000).map { "SYM\($0)USDT" }
        let shards = try (0..<3).map { try #require(ProducerShard("\($0)/3")) }
        for key in keys { #expect(shards.filter { $0.contains(key) }.count == 1) }
        for shard in shards { #expect(keys.filter { shard.contains($0) }.count > 250, "\(shard)") }
        let all = try #require(ProducerShard("0/1"))
        #expect(keys.allSatisfy(all.contains))
    }

    @Test(arguments: ["", "1", "3/3", "-1/3", "0/0", "0/1001", "a/b", "0/3/1", "0 /3"])
    func anythingElseIsRefused(_ text: String) { #expect(ProducerShard(text) == nil) }
}
