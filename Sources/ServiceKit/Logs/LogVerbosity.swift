import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// How much more is logged than `LOG_LEVEL` says, changed while the process runs: SIGUSR1 lowers every logger's level
/// by one step (info to debug, debug to trace), SIGUSR2 goes back to what was configured.
final class LogVerbosity: Sendable {
    /// The process's own.
    static let shared = LogVerbosity()

    private static let levels = Logger.Level.allCases
    private let steps = Atomic<Int>(0)

    /// The level that counts in the place of a configured one.
    func level(_ configured: Logger.Level) -> Logger.Level {
        let steps = steps.load(ordering: .relaxed)
        guard steps > 0, let place = Self.levels.firstIndex(of: configured) else { return configured }
        return Self.levels[max(0, place - steps)]
    }

    /// One step more, as far as there are levels.
    func raise() {
        if steps.load(ordering: .relaxed) < Self.levels.count { steps.add(1, ordering: .relaxed) }
    }

    /// What was configured.
    func reset() { steps.store(0, ordering: .relaxed) }
}

/// Follows the two signals until the service stops.
struct LogVerbositySignals: Service, CustomStringConvertible {
    let logger: Logger
    let verbosity = LogVerbosity.shared

    var description: String { "log level signals" }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigusr1, .sigusr2)
        for await signal in signals.cancelOnGracefulShutdown() {
            if signal == .sigusr1 { verbosity.raise() } else { verbosity.reset() }
            // Said at a level that is always logged: whoever sent the signal looks for it.
            logger.warning("the log level has changed", metadata: ["level": "\(logger.logLevel)"])
        }
    }
}
