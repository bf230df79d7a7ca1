import ArgumentParser

/// The load of scripts/bench: where trades come from, who follows them, and what the way between costs without us.
@main
struct LoadTools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-tools", abstract: "Load generators and floors of scripts/bench.",
        subcommands: [SourceCommand.self, ClientsCommand.self, RelayCommand.self, BroadcastCommand.self])
}
