import ArgumentParser
import MarketCore
import MarketWire

/// The ways out of what the processor will not decide by itself.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "The ways out of a halt, and other decisions that only a person can take.",
        discussion: """
            Decisions are records of the trades topic: they take effect in the order of the log, with the processor
            running or not. docs/OPERATIONS.md tells when to take which.

            Examples:
              marketctl recover                              which partitions halt, why, and the way out of each
              marketctl recover new-generation BTCUSDT       the venue numbers its trades anew (id_restart)
              marketctl recover reopen BTCUSDT 100-200       trades that were given up may be asked for again
            """,
        subcommands: [Halts.self, NewGeneration.self, Reopen.self], defaultSubcommand: Halts.self)

    struct Halts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which partitions halt, why, and the way out of each; exit code 1 if one does.")

        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            try await CommandSession.run(connections) { session in
                let report = try await session.withAdmin { try await PartitionReport.read(session, $0) }
                for reason in report.halts { Terminal.say(reason + "\n") }
                guard report.halts.isEmpty else {
                    throw CommandError("\(report.halts.count) partitions halt, see above")
                }
                Terminal.say("no partition halts")
            }
        }
    }

    struct NewGeneration: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The venue numbers this instrument's trades anew from here on (after id_restart).")

        @Argument(help: "Instrument key") var symbol: Instrument
        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            var value: [UInt8] = []
            TradeRecord.encodeNewGeneration(symbol, into: &value)
            try await RecoverCommand.append(
                symbol, value, connections,
                then: "trades quarantined as id_restart come in with: marketctl quarantine replay id_restart")
        }
    }

    struct Reopen: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "These trade ids may be asked for again, history and ids given up included.")

        @Argument(help: "Instrument key") var symbol: Instrument
        @Argument(help: ArgumentHelp("Trade ids: 100-200, or one", valueName: "ids")) var tradeIDs: TradeIDRange
        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            var value: [UInt8] = []
            TradeRecord.encodeReopen(symbol, tradeIDs.range, into: &value)
            try await RecoverCommand.append(
                symbol, value, connections,
                then: "those that are missing are on market.progress after the next commit")
        }
    }

    private static func append(
        _ instrument: Instrument, _ value: [UInt8], _ connections: ConnectionOptions, then: String
    ) async throws {
        try await CommandSession.run(connections) { session in
            for report in try await session.append([(instrument.key, value)]) {
                Terminal.say(
                    "\(session.topic), partition \(report.partition), offset \(report.offset): written; \(then)")
            }
        }
    }
}

/// `100-200` or `100`, on a command line.
struct TradeIDRange: ExpressibleByArgument, Hashable {
    let range: ClosedRange<Int64>

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2, first >= 0, first <= last
        else { return nil }
        range = first...last
    }
}
