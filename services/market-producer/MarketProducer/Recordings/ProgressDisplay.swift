import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Shows how far something is: on a terminal by one line that is written again and again, else by a line of the log
/// every few seconds.
final class ProgressDisplay: Sendable {
    private let logger: Logger
    private let isTerminal: Bool
    /// When it was shown last, microseconds of the monotonic clock.
    private let shown: Mutex<Int64>

    private static let terminalPauseMicros: Int64 = 200_000
    private static let logPauseMicros: Int64 = 5_000_000

    /// - Parameters:
    ///   - now: microseconds of the monotonic clock.
    ///   - isForPeople: whether the log is one for people; a terminal's line would spoil one for machines.
    init(logger: Logger, now: Int64, isForPeople: Bool) {
        self.logger = logger
        isTerminal = isForPeople && isatty(2) == 1
        shown = Mutex(now)
    }

    /// Shows it, unless that was done just now.
    func show(atMicros now: Int64, _ message: String, _ line: String, _ metadata: Logger.Metadata) {
        let pause = isTerminal ? Self.terminalPauseMicros : Self.logPauseMicros
        let isDue = shown.withLock { shown in
            guard now - shown >= pause else { return false }
            shown = now
            return true
        }
        guard isDue else { return }
        if isTerminal { Self.write("\r\u{1B}[2K" + line) } else { logger.info("\(message)", metadata: metadata) }
    }

    /// The line is over: what is logged next stands in its place.
    func end() { if isTerminal { Self.write("\r\u{1B}[2K") } }

    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = Glibc.write(2, bytes.baseAddress, bytes.count) }
    }
}
