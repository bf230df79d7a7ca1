import ServiceKit
import Testing

@testable import ExchangeSimulator

/// What the simulator refuses to start with.
@Suite struct SimulatorSettingsTests {
    @Test(arguments: [
        ["SIMULATOR_RATE": "0"], ["SIMULATOR_RATE": "1.0001"], ["SIMULATOR_SEED": "-1"],
        ["SIMULATOR_SPEED": "-1"], ["SIMULATOR_SPEED": "1001"], ["SIMULATOR_START": "now"],
        ["SIMULATOR_DELAY": "61s"], ["SIMULATOR_MAX_LAG": "1ms"], ["SIMULATOR_PORT": "65536"],
        ["SIMULATOR_LOOP": "maybe"], ["SYMBOLS": "kraken:BTC/USD"], ["SYMBOLS": "BTC USDT"],
        ["SIMULATOR_LOOP": "true", "SIMULATOR_SPEED": "0"], ["SIMULATOR_LOOP": "true", "SIMULATOR_SPEED": "2"],
    ])
    func unusableValuesNameTheirKey(_ values: [String: String]) throws {
        let error = #expect(throws: SettingsError.self) { try SimulatorSettings(Settings(values)) }
        let words = try #require(error).description
        #expect(values.keys.contains { words.hasPrefix($0) }, "\(words)")
    }

    @Test func theNameOfAMarketTellsItApart() throws {
        func name(_ seed: UInt64, _ rateMilli: Int64, _ symbols: [String]) -> String {
            SyntheticTape(symbols: symbols, seed: seed, rateMilli: rateMilli).source
        }
        #expect(name(1, 50_000, ["BTCUSDT"]) == "simulator:seed=1,rate=50")
        // The rate of each symbol: trades of a symbol are a function of it.
        #expect(name(1, 50_000, ["BTCUSDT", "ETHUSDT"]) == "simulator:seed=1,rate=25")
        #expect(name(2, 12_500, ["BTCUSDT"]) == "simulator:seed=2,rate=12.5")
    }
}
