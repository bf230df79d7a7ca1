/// A key of an earlier project of this kind that is taken for one of ours, so that its users' environment goes on.
public struct SettingAlias: Sendable {
    /// The environment's name that is taken.
    public let name: String
    /// The key that it stands for, unless that one is given.
    public let key: String
    /// Brings its text into our form.
    let convert: @Sendable (String) -> String

    /// All of them (docs/MIGRATING.md).
    public static let all = [
        SettingAlias(name: "CRYPTO_PAIRS", key: SharedSettings.symbols.key, convert: plainList),
        SettingAlias(name: "BINANCE_SYMBOL", key: SharedSettings.symbols.key, convert: plainList),
        SettingAlias(name: "BINANCE_INTERVAL", key: "DEFAULT_INTERVAL", convert: { $0 }),
        SettingAlias(name: "BINANCE_WEBSOCKET_URI", key: "BINANCE_WS_URL", convert: withoutPath),
    ]

    /// `['btcusdt', 'ethusdt']`, as Python writes a list, becomes `btcusdt,ethusdt`.
    private static func plainList(_ text: String) -> String { text.filter { !"[]()'\" ".contains($0) } }

    /// `wss://host:9443/ws` becomes `wss://host:9443`: paths are the venue's code's own business.
    private static func withoutPath(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let end = text[scheme.upperBound...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        return String(text[..<end])
    }
}

extension Settings {
    /// The aliases whose values are used, among those of the settings that a program knows.
    public func aliasesInUse(_ settings: [any AnySetting]) -> [SettingAlias] {
        settings.compactMap { alias(of: $0.key) }
    }

    /// What is set, or the default, for people to see: secrets are left out, and so are the passwords of URLs.
    public func shownValues(_ settings: [any AnySetting]) -> [(key: String, value: String?)] {
        settings.map { setting in
            let text = text(forKey: setting.key) ?? setting.defaultText
            return (setting.key, setting.isSecret ? text.map { _ in "***" } : text.map(Masking.masked))
        }
    }
}
