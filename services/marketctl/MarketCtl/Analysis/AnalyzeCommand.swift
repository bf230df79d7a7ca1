import ArgumentParser
import MarketCore

/// What the stored candles of a time say.
struct AnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Returns, volatility, drawdown, volume profile and gaps of stored candles.",
        discussion: """
            Prices, volumes and VWAP are exact decimals (VWAP rounded to 8 places); returns, volatility and shares are
            statistics in floating point. --html writes one page with plots that needs nothing else.

            Examples:
              marketctl analyze BTCUSDT
              marketctl analyze BTCUSDT --interval 1m --from 2026-11-25 --to 2026-11-26 --top 20
              marketctl analyze kraken:BTC/USD --interval 1d --from 2026-01-01 --html year.html --force
            """)

    @Argument(help: "Instrument key") var symbol: Instrument
    @Option(help: "Length of the candles.") var interval = Interval.oneHour
    @Option(help: "First window's start: date, date and time, or unix seconds, UTC. (default: 30 days before the end)")
    var from: TimeArgument?
    @Option(help: "Windows that start before this. (default: to the newest)") var to: TimeArgument?
    @Option(help: "How many of the biggest moves and the longest gaps are shown.") var top = RowLimit(10)
    @Option(help: "Steps of the volume profile, 2 to 200.") var bins = 24
    @Option(help: ArgumentHelp("Writes the report as a page.", valueName: "file")) var html: String?
    @Flag(help: "Replaces a file that is there.") var force = false
    @OptionGroup var connections: ConnectionOptions

    /// What is held in memory at most.
    private static let candleLimit = 1_000_000
    private static let defaultSeconds: Int64 = 30 * 86_400

    func validate() throws {
        if let from, let to, from.seconds >= to.seconds { throw ValidationError("--from is not before --to") }
        guard (2...200).contains(bins) else { throw ValidationError("--bins is 2 to 200") }
    }

    func run() async throws {
        try await CommandSession.run(connections) { session in
            let candles = try await read(session)
            Terminal.endProgress()
            guard let analysis = CandleAnalysis(candles, interval, top: Int(top.rows), bins: bins) else {
                throw CommandError("there are no \(interval) candles of \(symbol.key) in this range")
            }
            let report = AnalysisReport(symbol.key, analysis)
            if let html {
                let file = try await OutputFile.create(html, mayReplace: force)
                do {
                    try await file.write(Array(HTMLReport(report).text.utf8))
                    try await file.finish()
                } catch {
                    await file.discard()
                    throw error
                }
            }
            Terminal.say(report.text)
            if let html { Terminal.say("\n\(html): written") }
        }
    }

    private func read(_ session: CommandSession) async throws -> [AnalyzedCandle] {
        guard let stored = try await CandlePages.stored(symbol.key, interval, session.pool) else { return [] }
        let end = min(stored.upperBound, to?.seconds ?? stored.upperBound)
        let first = max(stored.lowerBound, from?.seconds ?? end - Self.defaultSeconds)
        guard first < end else { return [] }
        var pages = CandlePages(symbol: symbol.key, interval: interval, first..<end)
        var candles: [AnalyzedCandle] = []
        while let rows = try await pages.next(session.pool) {
            for row in rows { candles.append(try AnalyzedCandle(row)) }
            guard candles.count <= Self.candleLimit else {
                throw CommandError(
                    "more than \(Self.candleLimit) candles: give a shorter time, or a longer --interval")
            }
            Terminal.progress("\(candles.count) candles")
        }
        return candles
    }
}
