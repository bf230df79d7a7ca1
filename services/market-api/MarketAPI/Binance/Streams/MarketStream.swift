import Exchanges
import MarketCore

/// One of Binance's market streams, by its name.
enum MarketStream: Hashable, Sendable {
    case trade(Instrument)
    case aggregateTrade(Instrument)
    case kline(Instrument, BinanceCalendar)
    case miniTicker(Instrument)
    case ticker(Instrument)
    case allMiniTickers

    /// Midnight in Beijing, the one other zone that Binance's streams have.
    private static let beijing = "@+08:00"

    /// Nil of a name that is none of these. Names are lower case; another venue's symbol is its key text,
    /// `kraken:btc/usd@trade`.
    init?(_ name: String) {
        if name == "!miniTicker@arr" {
            self = .allMiniTickers
            return
        }
        guard let at = name.firstIndex(of: "@") else { return nil }
        let key = name[..<at]
        guard !key.isEmpty, key.utf8.allSatisfy({ !(0x41...0x5A).contains($0) }),
            let instrument = try? Instrument(key: key.uppercased())
        else { return nil }
        switch name[name.index(after: at)...] {
        case "trade": self = .trade(instrument)
        case "aggTrade": self = .aggregateTrade(instrument)
        case "miniTicker": self = .miniTicker(instrument)
        case "ticker": self = .ticker(instrument)
        case let kind where kind.hasPrefix("kline_"):
            let isBeijing = kind.hasSuffix(Self.beijing)
            let text = isBeijing ? kind.dropLast(Self.beijing.count) : kind
            guard let interval = BinanceInterval(rawValue: String(text.dropFirst("kline_".count))) else { return nil }
            self = .kline(instrument, BinanceCalendar(interval, offsetSeconds: isBeijing ? 28_800 : 0))
        default: return nil
        }
    }

    /// The name as messages of combined streams give it.
    var name: String {
        switch self {
        case .trade(let instrument): "\(instrument.key.lowercased())@trade"
        case .aggregateTrade(let instrument): "\(instrument.key.lowercased())@aggTrade"
        case .kline(let instrument, let calendar):
            "\(instrument.key.lowercased())@kline_\(calendar.interval.rawValue)"
                + (calendar.offsetSeconds == 0 ? "" : Self.beijing)
        case .miniTicker(let instrument): "\(instrument.key.lowercased())@miniTicker"
        case .ticker(let instrument): "\(instrument.key.lowercased())@ticker"
        case .allMiniTickers: "!miniTicker@arr"
        }
    }

    /// The instrument whose trades it carries one by one.
    var tradesOf: Instrument? {
        switch self {
        case .trade(let instrument), .aggregateTrade(let instrument): instrument
        default: nil
        }
    }

    /// Whether it tells of the last 24 hours.
    var isTicker: Bool {
        switch self {
        case .miniTicker, .ticker, .allMiniTickers: true
        default: false
        }
    }
}

/// How a client wants its messages.
struct StreamFormat: Hashable, Sendable {
    /// Whether each is wrapped with the name of its stream.
    var isCombined: Bool
    var unit: BinanceTimeUnit
}
