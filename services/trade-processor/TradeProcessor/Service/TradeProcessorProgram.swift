import KafkaClient
import ServiceKit

/// The command line of `trade-processor`.
public enum TradeProcessorProgram {
    public static let program = ServiceProgram(
        name: "trade-processor",
        summary: "turns trades from Kafka into exact candles in PostgreSQL, Redis and Kafka",
        examples: [
            "trade-processor",
            "trade-processor --kafka-brokers 127.0.0.1:19092 --postgres-url postgresql://market@127.0.0.1:15432/market",
            "trade-processor --on-new-log continue            goes on after the topic was made anew or cut",
            "trade-processor --candle-retention 10s=90d       older 10 s candles are dropped, longer ones are kept",
            "marketctl status                                 which partitions halt, and why; marketctl --help",
        ],
        settings: ProcessorSettings.all, metrics: ProcessorMetrics.all,
        run: { context in try await TradeProcessorService(context).run() })

    /// The executable's whole content.
    public static func main() async -> Never {
        // Before there is another thread.
        FetchedMemory.limitPools()
        await program.main()
    }
}
