import MarketCore
import ServiceKit

/// How long candles are kept, by interval; one that is not named is kept for ever.
enum RetentionSettings {
    static let candles = Setting<[Interval: Int64]>(
        "CANDLE_RETENTION",
        help: "how many days of candles are kept, for example 10s=90d,1m=730d; without it everything is", default: nil
    ) { text throws(SettingProblem) in
        let problem = SettingProblem("comma-separated interval=days, for example 10s=90d,1m=730d")
        var ages: [Interval: Int64] = [:]
        for part in text.split(separator: ",") {
            let words = part.filter { $0 != " " }.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2, let interval = Interval(String(words[0])), words[1].last == "d",
                let days = Int64(words[1].dropLast()), (1...100_000).contains(days),
                ages.updateValue(days * 86_400, forKey: interval) == nil
            else { throw problem }
        }
        guard !ages.isEmpty else { throw problem }
        return ages
    }
}
