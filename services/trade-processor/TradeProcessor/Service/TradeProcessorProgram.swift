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
            "trade-processor --on-new-log continue     goes on after the topic was made anew",
            "trade-processor migrate",
        ],
        settings: ProcessorSettings.all,
        commands: [
            .init("migrate", help: "brings the database schema up to date and ends") { context in
                let url = try context.settings.value(SharedSettings.postgresURL)
                let applied = try await Migrator(Schemas.postgres).apply(using: PostgresConfiguration(url: url))
                context.logger.info("schema is current", metadata: ["applied": "\(applied)"])
            }
        ],
        run: { context in try await TradeProcessorService(context).run() })
}
