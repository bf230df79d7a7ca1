import ServiceKit

/// The command line of `exchange-simulator`.
public enum ExchangeSimulatorProgram {
    public static let program = ServiceProgram(
        name: "exchange-simulator",
        summary: "speaks Binance spot's market data, from a seeded synthetic market or recorded files",
        examples: [
            "exchange-simulator --symbols BTCUSDT,ETHUSDT --simulator-rate 200 --simulator-seed 7",
            "exchange-simulator --simulator-files BTCUSDT-trades-2024-01-01.csv --simulator-loop",
            "exchange-simulator --simulator-files BTCUSDT-aggTrades-2020-01-02.csv --simulator-speed 0",
            "exchange-simulator --simulator-faults 'cut,stall 40s,skip 20' --simulator-fault-every 10s",
            "curl -X POST --data 'stall 40s' http://127.0.0.1:9443/faults   lets a fault strike at once",
            "exchange-simulator source --simulator-rate 200   prints the name of the market, for MARKET_SOURCE",
        ],
        settings: SimulatorSettings.all,
        commands: [
            .init("source", help: "prints the name of the market that these options make, for MARKET_SOURCE") {
                context, _ in
                ServiceProgram.say(try await ExchangeSimulatorService(context).source())
            }
        ],
        metrics: SimulatorMetrics.all,
        run: { context in try await ExchangeSimulatorService(context).run() })
}
