/// Ready-made settings for the usual kinds of value.
extension Setting where Value == String {
    /// Any text that is not empty.
    public static func text(_ key: String, help: String, default text: String?, isSecret: Bool = false) -> Setting {
        Setting(key, help: help, default: text, isSecret: isSecret) { text throws(SettingProblem) in
            guard !text.isEmpty else { throw SettingProblem("a text") }
            return text
        }
    }

    /// One of a few words.
    public static func choice(_ key: String, of words: [String], help: String, default text: String) -> Setting {
        Setting(key, help: help, default: text) { text throws(SettingProblem) in
            guard words.contains(text) else { throw SettingProblem("one of " + words.joined(separator: ", ")) }
            return text
        }
    }
}

extension Setting where Value == Int {
    /// A TCP port; 0 picks a free one.
    public static func port(_ key: String, help: String, default text: String) -> Setting {
        integer(key, in: 0...65_535, help: help, default: text)
    }

    /// An integer within bounds.
    public static func integer(
        _ key: String, in range: ClosedRange<Int>, help: String, default text: String?
    ) -> Setting {
        Setting(key, help: help, default: text) { text throws(SettingProblem) in
            guard let value = Int(text), range.contains(value) else {
                throw SettingProblem("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }
}

extension Setting where Value == Bool {
    /// `true` or `false`; alone on the command line it means true.
    public static func flag(_ key: String, help: String, default text: String = "false") -> Setting {
        Setting(key, help: help, default: text, isFlag: true) { text throws(SettingProblem) in
            switch text.lowercased() {
            case "true", "yes", "1", "on": true
            case "false", "no", "0", "off": false
            default: throw SettingProblem("true or false")
            }
        }
    }
}

extension Setting where Value == [String] {
    /// Comma-separated texts; spaces around them do not count.
    public static func list(_ key: String, help: String, default text: String?) -> Setting {
        Setting(key, help: help, default: text) { text throws(SettingProblem) in
            let parts = SettingText.parts(of: text)
            guard !parts.isEmpty else { throw SettingProblem("a comma-separated list") }
            return parts
        }
    }
}

extension Setting where Value == Duration {
    /// A number with its unit: `50ms`, `2s`, `5m`, `7d`.
    public static func duration(
        _ key: String, in range: ClosedRange<Duration> = .zero ... .seconds(366 * 86_400), help: String,
        default text: String
    ) -> Setting {
        Setting(key, help: help, default: text) { text throws(SettingProblem) in
            guard let value = SettingText.duration(text), range.contains(value) else {
                throw SettingProblem("a number with its unit (us, ms, s, m, h, d), for example 500ms or 2s")
            }
            return value
        }
    }
}

extension Duration {
    /// A number with its unit, as settings have it: `50ms`, `2s`, `5m`, `7d`; nil for anything else.
    public init?(settingText text: String) {
        guard let value = SettingText.duration(text) else { return nil }
        self = value
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var wholeMicros: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

enum SettingText {
    static func parts(of text: String) -> [String] {
        text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
    }

    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 1_000_000_000_000 else { return nil }
        switch text.dropFirst(digits.count) {
        case "us": return .microseconds(number)
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3_600)
        case "d": return .seconds(number * 86_400)
        default: return nil
        }
    }
}
