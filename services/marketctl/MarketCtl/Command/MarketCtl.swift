import ArgumentParser
import ServiceKit

/// The command line of `marketctl`: one command for the people who run market-stream.
public enum MarketCtl {
    /// Runs with the process's arguments and exits: 0 done, 1 found something wrong or failed, 64 a wrong command line,
    /// 78 unusable settings.
    public static func main() async -> Never {
        ServiceProgram.end(await run(Array(CommandLine.arguments.dropFirst())))
    }

    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let error as SettingsError {
            Terminal.complain("marketctl: \(error)")
            return 78
        } catch let error as CommandError {
            Terminal.complain("marketctl: \(error)")
            return 1
        } catch is CancellationError {
            return 1
        } catch {
            let code = RootCommand.exitCode(for: error)
            let isOfTheParser = code == .validationFailure || code.isSuccess || error is ExitCode
            let text = isOfTheParser ? RootCommand.fullMessage(for: error) : "marketctl: \(error)"
            if code.isSuccess { Terminal.say(text) } else if !text.isEmpty { Terminal.complain(text) }
            return code.rawValue
        }
    }
}

/// Why a command could not do what it was asked, in a sentence with what to do.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "marketctl",
        abstract: "Looks after market-stream: its parts, its data, and what only a person can decide.",
        discussion: """
            Settings are those of the services: environment, then .env, then defaults; options win over them.

            Examples:
              marketctl status         every part and partition
              marketctl check          tries each connection, before services run
              marketctl verify BTCUSDT 2026-11-25 2026-11-26
              marketctl --generate-completion-script zsh     (or bash, fish)

            Exit codes: 0 done, 1 something is wrong, 64 a wrong command line,
            78 unusable settings
            """,
        version: Version.text,
        subcommands: [
            StatusCommand.self, CheckCommand.self, MigrateCommand.self, SymbolsCommand.self, QuarantineCommand.self,
            LateCommand.self, RecoverCommand.self, ReplayCommand.self, VerifyCommand.self, ExportCommand.self,
            AnalyzeCommand.self,
        ])
}
