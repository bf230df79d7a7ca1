import ServiceKit

/// The command line of `market-producer`.
public enum MarketProducerProgram {
    public static let program = ServiceProgram(
        name: "market-producer",
        summary: "publishes an exchange's trades to Kafka",
        examples: [
            "market-producer --symbols BTCUSDT,ETHUSDT",
            "BINANCE_REST_URL=https://data-api.binance.vision "
                + "market-producer --binance-ws-url wss://data-stream.binance.vision",
            "market-producer --binance-ws-url ws://127.0.0.1:9443 --market-source simulator:seed=1,rate=50",
        ],
        settings: ProducerSettings.all,
        run: { context in try await MarketProducerService(context).run() })
}
