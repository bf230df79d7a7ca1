extension ServiceProgram {
    /// What `--help` prints: every key with its default.
    var helpText: String {
        var lines = [
            "\(name) \(Version.text): \(summary)", "", "Usage: \(name) [command] [--option value ...]", "", "Commands:",
            "  run            the service itself (default)",
            "  healthcheck    asks the running service, exit code 0 if it answers",
        ]
        for command in commands {
            let synopsis = command.usage.isEmpty ? command.name : "\(command.name) \(command.usage)"
            if synopsis.count <= 14 {
                lines.append("  \(synopsis.padded(to: 14)) \(command.help)")
            } else {
                lines += ["  \(synopsis)", "                 \(command.help)"]
            }
        }
        lines += [
            "", "Options, each also as an environment variable or in .env under the name in brackets",
            "(the command line wins, then the environment, then .env):", "",
        ]
        for setting in settings.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(setting.optionName)  [\(setting.key)]")
            let text = setting.defaultText.map { "default: \(Masking.masked($0))" } ?? "no default"
            lines.append("      \(setting.help) (\(text))")
        }
        lines += ["", "  --help, --version"]
        if !examples.isEmpty { lines += ["", "Examples:"] + examples.map { "  " + $0 } }
        lines += ["", "Exit codes: 0 stopped as asked, 1 failure, 64 wrong command, 78 unusable configuration"]
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
