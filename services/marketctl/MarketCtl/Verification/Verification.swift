import KafkaClient
import MarketCore
import ServiceKit

/// One run of `marketctl verify`.
struct Verification {
    let session: CommandSession
    let instrument: Instrument
    /// Unix seconds.
    let range: Range<Int64>
    let intervals: [Interval]
    /// Nil: the trades are read from the log.
    let files: [String]?
    let areComplete: Bool
    /// Nil: where it can be asked.
    let asksVenue: Bool?
    let differenceLimit: Int
    let tradeLimit: Int

    /// So much of what files hold around the range tells whether they have the first and the last window whole.
    private static let surroundingsSeconds: Int64 = 3_600

    /// Trades with the candles that they should have become.
    private struct Evidence {
        let trades: [VerifiedTrade]
        let coverage: SourceCoverage
        let stored: StoredCandles
    }

    /// - Throws: ``CommandError``, errors of the servers.
    func run() async throws -> VerificationReport {
        let evidence: Evidence
        if let files {
            evidence = try await self.evidence(ofFiles: files)
        } else {
            evidence = try await evidenceOfLog()
        }
        var report = VerificationReport(
            instrument: instrument, range: range, isOfLog: files == nil, tradeCount: evidence.trades.count,
            missingIDs: TradeCollection.missingIDs(evidence.trades), quarantined: evidence.stored.quarantined.count,
            isVenueWanted: asksVenue)
        var venue: VenueCandles?
        if asksVenue == false {
            report.venueProblem = "--no-venue"
        } else {
            do { venue = try VenueCandles(instrument, session.settings, source: try await source()) } catch let problem
                as CommandError
            {
                report.venueProblem = problem.description
            }
        }
        for interval in intervals {
            let windows = interval.windows(in: range)
            let reason = { (start: Int64) in Self.reason(interval, start, evidence) }
            let recomputed = try RecomputedCandle.fold(evidence.trades, interval)
            let rows = evidence.stored.candles[interval] ?? []
            var venueCandles: [Int64: CandleFigures]?
            if let asked = venue, let known = Self.comparable(interval, windows, recomputed, rows, reason) {
                do {
                    venueCandles = try await asked.candles(interval, known)
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    report.venueProblem = "\(error)"
                    await asked.close()
                    venue = nil
                }
            }
            report.verdicts.append(
                CandleComparison(
                    interval: interval, windows: windows, recomputed: recomputed, stored: rows, venue: venueCandles,
                    limit: max(0, differenceLimit - report.differences.count)
                ).verdict(reason))
        }
        await venue?.close()
        return report
    }

    /// The windows, from the first to the last one of which something can be said.
    private static func comparable(
        _ interval: Interval, _ windows: Range<Int64>, _ recomputed: [Int64: RecomputedCandle],
        _ stored: [CandleFigures], _ reason: @escaping (Int64) -> NotComparable?
    ) -> Range<Int64>? {
        let starts = (Array(recomputed.keys) + stored.map(\.windowStart)).filter {
            windows.contains($0) && reason($0) == nil
        }
        guard let first = starts.min(), let last = starts.max() else { return nil }
        return first..<last + interval.seconds
    }

    private static func reason(_ interval: Interval, _ start: Int64, _ evidence: Evidence) -> NotComparable? {
        let end = start + interval.seconds
        if end * 1_000_000 > evidence.stored.watermarkMicros { return .open }
        if start < evidence.stored.horizons[interval] ?? 0 { return .dropped }
        return evidence.coverage.covers(start, end) ? nil : .notCovered
    }

    // MARK: The log

    private func evidenceOfLog() async throws -> Evidence {
        let (place, log) = try await session.withAdmin { try await LogPlace.find(instrument, session, $0) }
        let refused = try await read(place, []).quarantined
        var trades = try LogTrades(
            instrument, place, from: log.low, session.kafka,
            into: TradeCollection(rangeMicros: micros(around: 0), limit: tradeLimit), refused: refused)
        do {
            try await trades.read(to: log.high)
            let stored = try await read(place, intervals)
            // The processor went on meanwhile: what it has committed since belongs to its candles.
            try await trades.read(to: stored.nextOffset)
            await trades.close()
            let isWhole = log.low == 0 && stored.lineage == 1
            return Evidence(
                trades: trades.collection.distinct(before: stored.nextOffset, excluding: stored.quarantined),
                coverage: isWhole ? .whole : .log(firstTradeMicros: trades.firstTradeMicros), stored: stored)
        } catch {
            await trades.close()
            throw error
        }
    }

    // MARK: Files

    private func evidence(ofFiles paths: [String]) async throws -> Evidence {
        let (_, place) = try await LogPlace.stored(instrument, session)
        let trades = try await FileTrades.read(
            paths, of: instrument, source: try session.settings.value(SharedSettings.marketSource),
            into: TradeCollection(rangeMicros: micros(around: Self.surroundingsSeconds), limit: tradeLimit))
        return Evidence(
            trades: trades, coverage: areComplete ? .whole : .runs(of: trades),
            stored: try await read(place, intervals))
    }

    // MARK: PostgreSQL

    private func read(_ place: LogPlace, _ intervals: [Interval]) async throws -> StoredCandles {
        try await StoredCandles.read(session.pool, place, instrument, intervals, range)
    }

    /// What market the database is of; nil where no service has said so yet.
    private func source() async throws -> String? {
        try await session.pool.query("SELECT source FROM market_source").first?.value("source")
    }

    private func micros(around seconds: Int64) -> Range<Int64> {
        max(0, range.lowerBound - seconds) * 1_000_000..<(range.upperBound + seconds) * 1_000_000
    }
}
