import PostgresClient
import Schemas
import ServiceKit

/// The command line of `trade-processor`.
public enum TradeProcessorProgram {
    public static let program = ServiceProgram(
        name: "trade-processor",
        summary: "turns trades from Kafka into exact candles in PostgreSQL, Redis and Kafka",
        examples: [
            "trade-processor",
            "trade-processor --kafka-brokers 127.0.0.1:19092 --postgres-url postgresql://market@127.0.0.1:15432/market",
            "trade-processor migrate",
            "trade-processor status                           which partitions halt, and why",
            "trade-processor --on-new-log continue            goes on after the topic was made anew or cut",
            "trade-processor quarantine id_restart            what could not be used for that reason",
            "trade-processor new-generation BTCUSDT           the venue numbers its trades anew",
            "trade-processor replay-quarantine id_restart     and what waited for that is tried again",
            "trade-processor reopen BTCUSDT 100-200           ask for trades again that were given up",
            "trade-processor late-trades BTCUSDT              trades older than what is kept",
        ],
        settings: ProcessorSettings.all,
        commands: [
            .init("migrate", help: "brings the database schema up to date and ends") { context, _ in
                let url = try context.settings.value(SharedSettings.postgresURL)
                let applied = try await Migrator(Schemas.postgres).apply(using: PostgresConfiguration(url: url))
                context.logger.info("schema is current", metadata: ["applied": "\(applied)"])
            }
        ] + RecoveryCommands.all, metrics: ProcessorMetrics.all,
        run: { context in try await TradeProcessorService(context).run() })
}
