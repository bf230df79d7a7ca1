import ArgumentParser
import MarketWire
import PostgresClient

/// Records that could not be used.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Looks at records that could not be used, and has them tried again.",
        discussion: """
            docs/OPERATIONS.md tells what each reason means and what to do.

            Examples:
              marketctl quarantine                        counts by reason, and the newest 20
              marketctl quarantine list id_restart --limit 100
              marketctl quarantine replay id_restart      appends them to the trades topic again
              marketctl quarantine replay --all
            """,
        subcommands: [List.self, Replay.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts by reason, and the newest records.")

        @Argument(help: "Only records of this reason.") var reason: String?
        @Option(help: "How many records are shown.") var limit = RowLimit(20)
        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            try await CommandSession.run(connections) { session in
                Terminal.say(try await QuarantineBook.counts(session).text)
                let newest = try await QuarantineBook.records(session, reason: reason, limit: limit.rows)
                if !newest.isEmpty { Terminal.say("\n" + newest.text) }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Appends quarantined records to the trades topic again, oldest first.",
            discussion: "Safe at any time: trades are known by their ids and count once.")

        @Argument(help: "Only records of this reason.") var reason: String?
        @Flag(help: "Records of every reason.") var all = false
        @Option(help: "How many records at most.") var limit = RowLimit(10_000)
        @OptionGroup var connections: ConnectionOptions

        func validate() throws {
            guard all == (reason == nil) else { throw ValidationError("a reason, or --all") }
        }

        func run() async throws {
            try await CommandSession.run(connections) { session in
                try await QuarantineBook.replay(session, reason: reason, limit: limit.rows)
            }
        }
    }
}
