import ArgumentParser
import ServiceKit

/// Tries each connection as the services will use it, before they run.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tries each connection and says what is wrong with those that fail.",
        discussion: """
            Uses the settings of the services. InfluxDB is tried where INFLUXDB_HOST is set: a point of the measurement
            market_stream_check is written and read back, and the newest candle there is shown.

            Examples:
              marketctl check
              marketctl check kafka influxdb
              POSTGRES_URL=postgresql://... marketctl check postgres
            """)

    @Argument(help: "What to try; all of them without.") var targets: [CheckTarget] = []
    @OptionGroup var connections: ConnectionOptions

    func run() async throws {
        let settings = try await connections.settings()
        let session = try CommandSession(settings)
        var failures = 0
        for target in targets.isEmpty ? CheckTarget.allCases : targets {
            Terminal.progress("\(target.rawValue) ...")
            let outcome = await target.outcome(session, settings)
            Terminal.endProgress()
            if outcome.condition == .bad { failures += 1 }
            let word = outcome.condition.paint(outcome.word, isColored: Terminal.isColored)
            Terminal.say("\(target.rawValue): \(word)")
            for line in outcome.lines { Terminal.say("  " + line.printable) }
        }
        await session.pool.close()
        if failures > 0 { throw CommandError("\(failures) of the connections cannot be used") }
    }
}

/// What can be tried.
enum CheckTarget: String, CaseIterable, ExpressibleByArgument, Sendable {
    case kafka, postgres, redis, api, binance, influxdb

    func outcome(_ session: CommandSession, _ settings: Settings) async -> CheckOutcome {
        do {
            return switch self {
            case .kafka: try await ServerChecks.kafka(session, settings)
            case .postgres: try await ServerChecks.postgres(session, settings)
            case .redis: try await ServerChecks.redis(settings)
            case .api: try await ServerChecks.api(settings)
            case .binance: try await ServerChecks.binance(settings)
            case .influxdb: try await InfluxCheck.run(settings)
            }
        } catch {
            return CheckOutcome(.bad, "failed", ["\(error)"])
        }
    }
}

/// How a try went.
struct CheckOutcome: Sendable {
    let condition: Condition
    let word: String
    /// What was found, a line each.
    let lines: [String]

    init(_ condition: Condition, _ word: String, _ lines: [String]) {
        self.condition = condition
        self.word = word
        self.lines = lines
    }
}
