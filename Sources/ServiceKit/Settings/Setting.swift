/// What a value should have looked like, in words that follow "expected ".
public struct SettingProblem: Error, Sendable {
    public let whatWouldBeValid: String

    public init(_ whatWouldBeValid: String) { self.whatWouldBeValid = whatWouldBeValid }
}

/// What `--help` and the checks at start need to know of any setting.
public protocol AnySetting: Sendable {
    /// The environment's name of it, `KAFKA_BROKERS`; `--kafka-brokers` on the command line.
    var key: String { get }
    /// One line for people.
    var help: String { get }
    /// What is used when nothing is given; nil where the setting may be absent.
    var defaultText: String? { get }
    /// Secrets appear in no log, error or page.
    var isSecret: Bool { get }
    /// Whether the option may stand on the command line without a value.
    var isFlag: Bool { get }

    /// Reads the value and forgets it.
    func check(_ text: String) throws(SettingProblem)
}

/// One configuration key: its name, its meaning, its default and how its text is read.
public struct Setting<Value: Sendable>: AnySetting {
    public let key: String
    public let help: String
    public let defaultText: String?
    public let isSecret: Bool
    public let isFlag: Bool
    let parse: @Sendable (String) throws(SettingProblem) -> Value

    public init(
        _ key: String, help: String, default defaultText: String?, isSecret: Bool = false, isFlag: Bool = false,
        parse: @escaping @Sendable (String) throws(SettingProblem) -> Value
    ) {
        self.key = key
        self.help = help
        self.defaultText = defaultText
        self.isSecret = isSecret
        self.isFlag = isFlag
        self.parse = parse
    }

    public func check(_ text: String) throws(SettingProblem) { _ = try parse(text) }

    /// The same setting with another default, for a service that needs one.
    public func withDefault(_ text: String?) -> Setting {
        Setting(key, help: help, default: text, isSecret: isSecret, isFlag: isFlag, parse: parse)
    }
}

extension AnySetting {
    /// The option's name on the command line: `--kafka-brokers`.
    public var optionName: String { "--" + key.lowercased().replacing("_", with: "-") }
}
