import MarketCore
import PostgresClient

/// The candles in PostgreSQL and what they are of, as one snapshot.
struct StoredCandles: Sendable {
    /// Which records of the partition are in them: those before this offset.
    let nextOffset: Int64
    /// Windows that end at or before this are closed, unix microseconds.
    let watermarkMicros: Int64
    /// How many logs the partition was read from, this one included.
    let lineage: Int32
    /// Offsets of records that were refused and are in no candle.
    let quarantined: Set<Int64>
    /// Windows that begin before are gone on purpose, unix seconds.
    let horizons: [Interval: Int64]
    /// Oldest first.
    let candles: [Interval: [CandleFigures]]

    /// What is held of either at most.
    static let rowLimit = 1_000_000

    /// - Parameter range: unix seconds: windows that lie wholly in it.
    /// - Throws: ``CommandError``, `PostgresError`.
    static func read(
        _ pool: PostgresPool, _ place: LogPlace, _ instrument: Instrument, _ intervals: [Interval],
        _ range: Range<Int64>
    ) async throws -> StoredCandles {
        // What the connection's body throws is a database's error alone, so what else is wrong comes as a value.
        let result = try await pool.withConnection { connection throws(PostgresError) in
            try await connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let found = try await read(connection, place, instrument, intervals, range)
            try await connection.script("COMMIT")
            return found
        }
        return try result.get()
    }

    private static func read(
        _ connection: PostgresConnection, _ place: LogPlace, _ instrument: Instrument, _ intervals: [Interval],
        _ range: Range<Int64>
    ) async throws(PostgresError) -> Result<StoredCandles, CommandError> {
        let progress = try await connection.query(
            "SELECT next_offset, watermark, lineage FROM processor_progress WHERE topic = $1 AND partition = $2",
            [.text(place.topic), .integer(place.partition)])
        guard let row = progress.first else {
            return .failure(CommandError("no processor has worked on \(place.topic), partition \(place.partition) yet"))
        }
        let refused = try await connection.query(
            """
            SELECT "offset" FROM quarantine WHERE topic_uuid = $1 AND partition = $2 AND instrument = $3 LIMIT $4
            """,
            [.text(place.topicID), .integer(place.partition), .text(instrument.key), .integer(Int32(rowLimit))])
        guard refused.count < rowLimit else {
            return .failure(CommandError("more than \(rowLimit) records of \(instrument.key) are in the quarantine"))
        }
        var quarantined: Set<Int64> = []
        for row in refused { quarantined.insert(try row.value("offset")) }
        var horizons: [Interval: Int64] = [:]
        for row in try await connection.query("SELECT \"interval\", horizon FROM candle_horizons()") {
            if let interval = Interval(try row.value("interval", as: String.self)) {
                horizons[interval] = try row.value("horizon")
            }
        }
        var candles: [Interval: [CandleFigures]] = [:]
        var count = 0
        for interval in intervals {
            let windows = interval.windows(in: range)
            var pages = CandlePages(symbol: instrument.key, interval: interval, windows)
            var found: [CandleFigures] = []
            while let rows = try await pages.next(connection) {
                for row in rows { found.append(try CandleFigures(row)) }
                count += rows.count
                guard count <= rowLimit else {
                    return .failure(
                        CommandError(
                            "more than \(rowLimit) candles are stored in this range, too many to be held at once: "
                                + "verify a shorter one, or one --interval at a time"))
                }
                Terminal.progress("\(count) stored candles read")
            }
            candles[interval] = found
        }
        return .success(
            StoredCandles(
                nextOffset: try row.value("next_offset"), watermarkMicros: try row.value("watermark"),
                lineage: try row.value("lineage"), quarantined: quarantined, horizons: horizons, candles: candles))
    }
}

extension Interval {
    /// Where windows begin that lie wholly in a range, unix seconds.
    func windows(in range: Range<Int64>) -> Range<Int64> {
        let first = (range.lowerBound + seconds - 1) / seconds * seconds
        return first..<max(first, range.upperBound / seconds * seconds)
    }
}
