import ArgumentParser
import MarketCore
import ServiceKit

/// Candles against the trades they were made of, and against the exchange's own.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Recomputes candles from their trades and compares every column.",
        discussion: """
            Reads the trades of FROM to TO again, out of the log or out of files, folds them by a second and simpler
            way than the processor's, and compares the windows that lie wholly in that time with PostgreSQL and, for
            Binance, with the exchange's own candles. Windows of which the log or the files do not have every trade,
            windows that are still open and those that retention has dropped are counted as not comparable.

            Exit code 0 only if candles were compared and all of them are equal. Where the venue cannot be asked that
            is said; with --venue it is a failure.

            Examples:
              marketctl verify BTCUSDT 2026-11-25 2026-11-26
              marketctl verify BTCUSDT 2026-11-25T10:00 2026-11-25T12:00 --interval 1m --interval 1h --no-venue
              marketctl verify BTCUSDT 2024-01-01 2024-01-02 --file BTCUSDT-trades-2024-01-01.csv.gz --complete
            """)

    @Argument(help: "Instrument key") var symbol: Instrument
    @Argument(help: "Begin: date, date and time, or unix seconds, UTC.") var from: TimeArgument
    @Argument(help: "End, excluded.") var to: TimeArgument
    @Option(help: "Length of the candles; may be given again. (default: CANDLE_INTERVALS)") var interval: [Interval] =
        []
    @Option(
        help: ArgumentHelp(
            "Recorded trades instead of the log: Binance's public CSV or captures, plain or gzip.",
            valueName: "file,..."))
    var file: String?
    @Flag(help: "The files hold every trade of this time, its first and last windows too.") var complete = false
    @Flag(
        inversion: .prefixedNo,
        help: "Whether the exchange's own candles are compared; without either, where they can be had.")
    var venue: Bool?
    @Option(help: "How many differences are shown.") var limit = RowLimit(50)
    @Option(help: "How many trades are held in memory, 100 bytes each.") var maxTrades = 10_000_000
    @OptionGroup var connections: ConnectionOptions

    func validate() throws {
        guard from.seconds < to.seconds else { throw ValidationError("FROM is not before TO") }
        guard !complete || file != nil else { throw ValidationError("--complete goes with --file") }
        guard maxTrades >= 1_000 else { throw ValidationError("--max-trades is at least 1000") }
    }

    func run() async throws {
        try await CommandSession.run(connections) { session in
            let report: VerificationReport
            do {
                report = try await verification(session).run()
            } catch {
                Terminal.endProgress()
                throw error
            }
            Terminal.endProgress()
            Terminal.say(report.text)
            if let failure = report.failure { throw failure }
        }
    }

    private func verification(_ session: CommandSession) throws -> Verification {
        let known = try session.settings.value(SharedSettings.candleIntervals)
        return Verification(
            session: session, instrument: symbol, range: from.seconds..<to.seconds,
            intervals: interval.isEmpty ? known : Set(interval).sorted(),
            files: file.map { $0.split(separator: ",").map(String.init) }, areComplete: complete, asksVenue: venue,
            differenceLimit: Int(limit.rows), tradeLimit: maxTrades)
    }
}
