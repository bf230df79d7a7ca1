import Exchanges
import FoundationEssentials
import Logging

/// How far a replay is.
struct ReplayTally: Sendable {
    /// Of all files, as they lie on the disk.
    let sizeBytes: Int64
    /// Microseconds of the monotonic clock.
    let startedMicros: Int64
    private(set) var readBytes: Int64 = 0
    private(set) var tradeCount = 0
    private(set) var skippedCount = 0
    private(set) var unusableCount = 0
    /// Of the earliest trade and of the latest, unix microseconds.
    private(set) var firstTimeMicros: Int64?
    private(set) var lastTimeMicros: Int64?
    /// `FILE, line 12`.
    private(set) var place = "the first file's beginning"

    init(sizeBytes: Int64, startedMicros: Int64) {
        self.sizeBytes = sizeBytes
        self.startedMicros = startedMicros
    }

    /// Counts what was handed over.
    mutating func take(_ batch: RecordedTrades.Batch) {
        readBytes = max(readBytes, batch.readBytes)
        tradeCount += batch.trades.count
        skippedCount += batch.skippedCount
        unusableCount += batch.unusableCount
        if !batch.place.isEmpty { place = batch.place }
        for trade in batch.trades {
            firstTimeMicros = min(firstTimeMicros ?? .max, trade.eventTimeMicros)
            lastTimeMicros = max(lastTimeMicros ?? .min, trade.eventTimeMicros)
        }
    }

    /// Of the files' bytes, 0...100.
    var percent: Int { sizeBytes > 0 ? min(100, Int(Double(readBytes) / Double(sizeBytes) * 100)) : 100 }

    func tradesPerSecond(atMicros now: Int64) -> Int {
        Int(Double(tradeCount) / (Double(max(now - startedMicros, 1_000)) / 1e6))
    }

    /// By the speed so far; nil before there is one.
    func secondsLeft(atMicros now: Int64) -> Int? {
        guard readBytes > 0, now > startedMicros else { return nil }
        let left = Double(max(sizeBytes - readBytes, 0)) / Double(readBytes) * Double(now - startedMicros) / 1e6
        return Int(min(left.rounded(.up), 1e9))
    }

    /// One line for people.
    func line(atMicros now: Int64) -> String {
        var text = "replaying: \(tradeCount) trades, \(percent)%, \(tradesPerSecond(atMicros: now)) trades/s"
        if let left = secondsLeft(atMicros: now) { text += ", \(left) s left" }
        return text
    }

    func progress(atMicros now: Int64) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "trades": "\(tradeCount)", "percent": "\(percent)",
            "trades_per_second": "\(tradesPerSecond(atMicros: now))",
        ]
        if let left = secondsLeft(atMicros: now) { metadata["seconds_left"] = "\(left)" }
        return metadata
    }

    /// What is said at the end.
    func summary(atMicros now: Int64) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "trades": "\(tradeCount)", "seconds": "\(Double((now - startedMicros) / 1_000) / 1_000)",
            "trades_per_second": "\(tradesPerSecond(atMicros: now))",
        ]
        if let firstTimeMicros, let lastTimeMicros {
            metadata["first"] = "\(Self.text(firstTimeMicros))"
            metadata["last"] = "\(Self.text(lastTimeMicros))"
        }
        if skippedCount > 0 { metadata["skipped_lines"] = "\(skippedCount)" }
        if unusableCount > 0 { metadata["unusable_messages"] = "\(unusableCount)" }
        return metadata
    }

    /// RFC 3339, UTC.
    private static func text(_ micros: Int64) -> String {
        Date(timeIntervalSince1970: Double(micros) / 1e6)
            .formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
    }
}
