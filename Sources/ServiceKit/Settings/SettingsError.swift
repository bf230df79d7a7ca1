/// Why the configuration cannot be used. The program says it in one sentence and exits with 78 (`EX_CONFIG`).
public struct SettingsError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    static func malformed(
        _ setting: any AnySetting, text: String, problem: SettingProblem, alias: SettingAlias? = nil
    ) -> SettingsError {
        let shown = setting.isSecret ? "(secret)" : "'\(Masking.masked(text).prefix(200))'"
        let name = alias.map { "\(setting.key) (given as \($0.name))" } ?? setting.key
        return SettingsError(
            "\(name): \(shown) cannot be used, expected \(problem.whatWouldBeValid). "
                + "Set it by \(setting.optionName), the environment or .env.")
    }

    /// A value that is well formed and that this service cannot use.
    public static func unusable(_ setting: any AnySetting, text: String, _ problem: SettingProblem) -> SettingsError {
        malformed(setting, text: text, problem: problem)
    }

    /// A setting without which another makes no sense, or nothing does.
    public static func missing(_ setting: any AnySetting) -> SettingsError {
        SettingsError(
            "\(setting.key) is not set: \(setting.help). Give it by \(setting.optionName), the environment or .env.")
    }

    static func unknownOption(_ option: String) -> SettingsError {
        SettingsError("there is no option '\(option.prefix(80))'. --help lists all of them.")
    }

    static func missingValue(_ option: String) -> SettingsError {
        SettingsError("\(option) needs a value. --help shows what is valid.")
    }

    static func unreadable(_ path: String, _ error: any Error) -> SettingsError {
        SettingsError("\(path) cannot be read: \(error)")
    }
}

/// Keeps secrets out of what people see.
public enum Masking {
    /// The text with the password of a URL (`scheme://user:password@host`) replaced by `***`.
    public static func masked(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let at = rest[..<authorityEnd].lastIndex(of: "@") else { return text }
        guard let colon = rest[..<at].firstIndex(of: ":") else { return text }
        return text[...colon] + "***" + text[at...]
    }
}
