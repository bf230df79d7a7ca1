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
            "market-producer --replay BTCUSDT-trades-2024-01-01.csv,BTCUSDT-trades-2024-01-02.csv.gz",
            "market-producer --symbols BTCUSDT,coinbase:BTC-USD --record today.jsonl.gz",
        ],
        settings: ProducerSettings.all + RecordingSettings.all, metrics: ProducerMetrics.all,
        run: { context in try await run(context) })

    static func run(_ context: ServiceContext, time: TimeSource = .system) async throws {
        switch try RecordingSettings(context.settings).task {
        case .follow: try await MarketProducerService(context, time: time).run()
        case .replay(let paths, let skipsBadLines):
            try await ReplayService(context: context, paths: paths, skipsBadLines: skipsBadLines, time: time).run()
        case .record(let path): try await RecordService(context: context, path: path, time: time).run()
        }
    }
}
