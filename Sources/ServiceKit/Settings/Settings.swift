import Configuration
import SystemPackage

/// The configuration as one place to ask: command line, then environment, then `.env`, then defaults.
public struct Settings: Sendable {
    private let reader: ConfigReader

    /// Reads all sources. Values are checked by ``validate(_:)`` or when asked for.
    ///
    /// - Parameters:
    ///   - arguments: the command line without the program's name.
    ///   - environment: the process's environment.
    ///   - dotEnvPath: a `.env` file; one that is not there is no error.
    ///   - known: the settings that the command line may name.
    public static func load(
        arguments: [String], environment: [String: String], dotEnvPath: String?, known: [any AnySetting]
    ) async throws(SettingsError) -> Settings {
        var providers: [any ConfigProvider] = [
            try commandLineProvider(arguments, known: known),
            EnvironmentVariablesProvider(environmentVariables: environment),
        ]
        if let dotEnvPath {
            do {
                providers.append(
                    try await EnvironmentVariablesProvider(
                        environmentFilePath: FilePath(dotEnvPath), allowMissing: true))
            } catch {
                throw .unreadable(dotEnvPath, error)
            }
        }
        return Settings(reader: ConfigReader(providers: providers))
    }

    /// Configuration from memory, for tests: the names are those of the environment.
    public init(_ values: [String: String]) {
        reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values))
    }

    private init(reader: ConfigReader) { self.reader = reader }

    /// The value of a setting that has a default or was given.
    ///
    /// - Throws: where it is neither, or malformed.
    public func value<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value {
        guard let value = try optionalValue(setting) else { throw .missing(setting) }
        return value
    }

    /// The value of a setting that may be absent.
    public func optionalValue<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value? {
        guard let text = text(forKey: setting.key) ?? setting.defaultText else { return nil }
        do {
            return try setting.parse(text)
        } catch {
            throw .malformed(setting, text: text, problem: error, alias: alias(of: setting.key))
        }
    }

    /// The text given for a key, however it was given: `KAFKA_CLIENT_*` are looked up so, by librdkafka's names.
    public func text(forKey key: String) -> String? {
        given(key) ?? alias(of: key).flatMap { alias in given(alias.name).map(alias.convert) }
    }

    /// The alias that a key's value comes from; nil where the key is given itself, or not at all.
    func alias(of key: String) -> SettingAlias? {
        guard given(key) == nil else { return nil }
        return SettingAlias.all.first { $0.key == key && given($0.name) != nil }
    }

    private func given(_ key: String) -> String? {
        reader.string(forKey: Self.configKey(key), isSecret: true).flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    }

    /// Checks the given values of all settings, so that a service stops at start and not at first use.
    public func validate(_ settings: [any AnySetting]) throws(SettingsError) {
        for setting in settings {
            guard let text = text(forKey: setting.key) ?? setting.defaultText else { continue }
            do {
                try setting.check(text)
            } catch {
                throw .malformed(setting, text: text, problem: error, alias: alias(of: setting.key))
            }
        }
    }

    private static func configKey(_ key: String) -> ConfigKey {
        ConfigKey(key.lowercased().split(separator: "_").map(String.init))
    }

    /// swift-configuration's own command line provider passes over options that nobody knows; a typing error must stop
    /// the service, so the arguments are read here and handed over as values.
    private static func commandLineProvider(
        _ arguments: [String], known: [any AnySetting]
    ) throws(SettingsError) -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let setting = known.first(where: { $0.optionName == name }) else { throw .unknownOption(argument) }
            var text: String
            if parts.count == 2 {
                text = String(parts[1])
            } else if setting.isFlag, rest.first.map({ $0.hasPrefix("--") }) ?? true {
                text = "true"
            } else {
                guard let next = rest.popFirst() else { throw .missingValue(name) }
                text = next
            }
            values[AbsoluteConfigKey(configKey(setting.key))] = ConfigValue(.string(text), isSecret: setting.isSecret)
        }
        return InMemoryProvider(name: "command line", values: values)
    }
}
