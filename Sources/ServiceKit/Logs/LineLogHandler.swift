import FoundationEssentials
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// One line an event on standard error: text for people, JSON for machines.
struct LineLogHandler: LogHandler {
    enum Format: String, Sendable {
        case text
        case json
    }

    let label: String
    let format: Format
    private var configuredLevel: Logger.Level
    var logLevel: Logger.Level {
        get { LogVerbosity.shared.level(configuredLevel) }
        set { configuredLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, format: Format, level: Logger.Level) {
        self.label = label
        self.format = format
        configuredLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Of warnings and errors of one kind so many are written within half a minute. Other levels lack nothing.
    private static let repeats = Mutex(RepeatFilter(burst: 20, maxKinds: 256))

    func log(event: LogEvent) {
        var all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .merging(metadataProvider?.get() ?? [:]) { own, _ in own }
        if event.level == .warning || event.level == .error {
            let kind = "\(event.level) \(label) \(all["part"]?.description ?? "") \(event.message)"
            let now = TimeSource.system.monotonicMicros
            guard let leftOut = Self.repeats.withLock({ $0.admit(kind, nowMicros: now) }) else { return }
            if leftOut > 0 { all["left_out"] = "\(leftOut)" }
        }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        let pairs = all.sorted { $0.key < $1.key }
        var line: String
        switch format {
        case .text:
            line = "\(time)Z \(event.level.rawValue) \(label): \(event.message)"
            for (key, value) in pairs { line += " \(key)=\(value)" }
            line = line.replacing("\n", with: "\\n")
        case .json:
            line =
                "{\"time\":\"\(time)Z\",\"level\":\"\(event.level.rawValue)\",\"service\":\(LogText.json(label)),"
                + "\"message\":\(LogText.json(event.message.description))"
            for (key, value) in pairs { line += ",\(LogText.json(key)):\(LogText.json(value.description))" }
            line += "}"
        }
        Self.write(line + "\n")
    }

    /// One call per line, so that lines of several threads never mix.
    private static func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            _ = Glibc.write(2, bytes.baseAddress, bytes.count)
        }
    }
}
