import ServiceKit

/// What makes the producer write a recording, or publish one, instead of following the venues.
public struct RecordingSettings: Sendable {
    public static let replay = Setting<[String]>.list(
        "REPLAY",
        help: "publish these recorded files, comma-separated, and exit: Binance's trades or aggTrades CSV, or captures "
            + "of --record, plain or gzip; trades that are in the log already do no harm",
        default: nil)
    public static let replaySkipBad = Setting<Bool>.flag(
        "REPLAY_SKIP_BAD", help: "pass over lines of --replay's files that cannot be read, instead of stopping")
    public static let record = Setting<String>.text(
        "RECORD", help: "write what the venues of SYMBOLS send into this new file, gzip, without Kafka", default: nil)

    /// All of them, for `--help`.
    public static let all: [any AnySetting] = [replay, replaySkipBad, record]

    /// What is to be done.
    enum Task: Hashable, Sendable {
        case follow
        case replay([String], skipsBadLines: Bool)
        case record(String)
    }

    let task: Task

    /// - Throws: `SettingsError`, also where both are asked for.
    public init(_ settings: Settings) throws(SettingsError) {
        let files = try settings.optionalValue(Self.replay)
        let record = try settings.optionalValue(Self.record)
        let skips = try settings.value(Self.replaySkipBad)
        switch (files, record) {
        case (nil, nil): task = .follow
        case (let files?, nil): task = .replay(files, skipsBadLines: skips)
        case (nil, let record?): task = .record(record)
        case (_?, let record?):
            throw .unusable(
                Self.record, text: record, SettingProblem("either \(Self.record.key) or \(Self.replay.key), not both"))
        }
    }
}
