import ArgumentParser
import MarketCore
import PostgresClient

/// Candles for other programs.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes stored candles as CSV or JSON lines.",
        discussion: """
            Numbers are written digit for digit as PostgreSQL has them; an empty missing_trades (null in JSON) means
            that it is not known. A file has its name only once it is whole. Candles that are amended meanwhile come as
            they are when they are read.

            Examples:
              marketctl export BTCUSDT > candles.csv
              marketctl export BTCUSDT --interval 10s --from 2026-11-25 --to 2026-11-26 --output day.csv.gz
              marketctl export kraken:BTC/USD --format jsonl --interval 1h --output hours.jsonl --force
            """)

    @Argument(help: "Instrument key") var symbol: Instrument
    @Option(help: "Length of the candles.") var interval = Interval.oneMinute
    @Option(help: "First window's start: date, date and time, or unix seconds, UTC. (default: the oldest)")
    var from: TimeArgument?
    @Option(help: "Windows that start before this. (default: to the newest)") var to: TimeArgument?
    @Option(help: "File to write; - is standard output.") var output = OutputFile.standardOutputName
    @Option(help: "csv or jsonl.") var format = CandleFormat.csv
    @Flag(help: "Compresses; a name that ends in .gz says so too.") var gzip = false
    @Flag(help: "Replaces a file that is there.") var force = false
    @OptionGroup var connections: ConnectionOptions

    func validate() throws {
        if let from, let to, from.seconds >= to.seconds { throw ValidationError("--from is not before --to") }
    }

    func run() async throws {
        try await CommandSession.run(connections) { session in
            guard let stored = try await CandlePages.stored(symbol.key, interval, session.pool) else {
                throw CommandError("there are no \(interval) candles of \(symbol.key)")
            }
            let first = max(stored.lowerBound, from?.seconds ?? stored.lowerBound)
            let end = max(first, min(stored.upperBound, to?.seconds ?? stored.upperBound))
            let file = try await OutputFile.create(output, mayReplace: force)
            do {
                let rows = try await write(session, first..<end, to: file)
                try await file.finish()
                Terminal.endProgress()
                if output != OutputFile.standardOutputName { Terminal.say("\(output): \(rows) candles") }
            } catch {
                Terminal.endProgress()
                await file.discard()
                throw error
            }
        }
    }

    /// - Returns: how many candles.
    private func write(_ session: CommandSession, _ range: Range<Int64>, to file: OutputFile) async throws -> Int {
        var encoder = try CandleEncoder(format, isCompressed: gzip || output.hasSuffix(".gz"))
        try await file.write(try encoder.begin())
        var pages = CandlePages(symbol: symbol.key, interval: interval, range)
        var count = 0
        while let rows = try await pages.next(session.pool) {
            try await file.write(try encoder.encode(rows))
            count += rows.count
            let share = 100 * (pages.position - range.lowerBound) / max(1, range.upperBound - range.lowerBound)
            Terminal.progress("\(count) candles, \(share) %")
        }
        try await file.write(try encoder.end())
        return count
    }
}
