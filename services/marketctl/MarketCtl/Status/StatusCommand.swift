import ArgumentParser
import ServiceKit

/// Every part, asked or listened to directly: it works while market-api is down.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Every part and every partition; exit code 1 if one is not well.",
        discussion: """
            Parts are asked directly, so it works while any of them is down. Colours on a terminal; NO_COLOR=1 turns
            them off.

            Examples:
              marketctl status
              marketctl status --quiet || page-somebody
            """)

    @Flag(help: "Only what is not well.") var quiet = false
    @OptionGroup var connections: ConnectionOptions

    func run() async throws {
        let settings = try await connections.settings()
        let session = try CommandSession(settings)
        let report = await StatusReport.read(session, settings, time: .system)
        await session.pool.close()
        let text = report.text(isColored: Terminal.isColored, onlyTroubles: quiet)
        if !text.isEmpty { Terminal.say(text) }
        let bad = report.parts.count { $0.condition == .bad }
        if bad > 0 { throw CommandError(bad == 1 ? "one part is not well" : "\(bad) parts are not well") }
    }
}
