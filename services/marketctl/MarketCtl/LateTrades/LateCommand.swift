import ArgumentParser
import MarketCore
import PostgresClient

/// Trades that came after retention had taken their 10 s candle away.
struct LateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "late", abstract: "Looks at trades that came after their candle was dropped, and merges them.",
        discussion: """
            They can be merged once the horizon in candle_retention is lowered again (docs/OPERATIONS.md,
            "Late trades and retention").

            Examples:
              marketctl late                        counts by instrument
              marketctl late list BTCUSDT --limit 100
              marketctl late apply BTCUSDT
            """,
        subcommands: [List.self, Apply.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts by instrument, and the newest of one instrument.")

        @Argument(help: "Instrument key") var symbol: Instrument?
        @Option(help: "How many trades are shown.") var limit = RowLimit(20)
        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            try await CommandSession.run(connections) { session in
                Terminal.say(try await LateTradeBook.counts(session).text)
                guard let symbol else { return }
                let newest = try await LateTradeBook.trades(session, instrument: symbol.key, limit: limit.rows)
                if !newest.isEmpty { Terminal.say("\n" + newest.text) }
            }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Merges late trades into 10 s candles that are kept again.")

        @Argument(help: "Only those of this instrument.") var symbol: Instrument?
        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            try await CommandSession.run(connections) { session in
                try await LateTradeBook.apply(session, instrument: symbol?.key)
            }
        }
    }
}
