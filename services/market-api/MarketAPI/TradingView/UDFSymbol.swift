import MarketCore
import MarketWire

/// An instrument as TradingView wants it described.
struct UDFSymbol: Sendable {
    let info: InstrumentInfo
    let quote: Quote?

    /// What people read: the assets, where the venue has named them.
    var description: String {
        guard let base = info.base, let quote = info.quote else { return info.instrument.symbol }
        return "\(base) / \(quote)"
    }

    /// The venue in the form that TradingView uses.
    var exchange: String { info.instrument.venue.uppercased() }

    /// The tick as a fraction: `minmov / pricescale`.
    var tick: (minimumMove: Int64, priceScale: Int64) {
        let decimals = info.priceDecimals(seen: quote?.price)
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        guard let tick = info.tickSize, tick.raw > 0 else { return (1, scale) }
        var one: Int64 = 1
        for _ in 0..<Price.scale { one *= 10 }
        return (tick.raw / (one / scale), scale)
    }

    /// The answer of `/udf/symbols`.
    func writeInfo(resolutions: [String], intraday: [String], into json: inout JSONWriter) {
        json.beginObject()
        json.field("name", info.instrument.symbol)
        json.field("ticker", info.instrument.key)
        json.field("description", description)
        json.field("type", "crypto")
        json.field("session", "24x7")
        json.field("timezone", "Etc/UTC")
        json.field("exchange", exchange)
        json.field("listed_exchange", exchange)
        json.field("format", "price")
        json.field("minmov", tick.minimumMove)
        json.field("minmove2", 0)
        json.field("pricescale", tick.priceScale)
        json.field("has_intraday", true)
        json.field("has_seconds", true)
        json.field("has_daily", true)
        json.field("has_weekly_and_monthly", true)
        json.key("seconds_multipliers")
        json.strings(["10"])
        json.key("intraday_multipliers")
        json.strings(intraday)
        json.key("supported_resolutions")
        json.strings(resolutions)
        json.field("volume_precision", info.quantityDecimals)
        json.field("data_status", "streaming")
        json.endObject()
    }

    /// An element of `/udf/search`.
    func writeFound(into json: inout JSONWriter) {
        json.beginObject()
        json.field("symbol", info.instrument.symbol)
        json.field("full_name", "\(exchange):\(info.instrument.symbol)")
        json.field("ticker", info.instrument.key)
        json.field("description", description)
        json.field("exchange", exchange)
        json.field("type", "crypto")
        json.endObject()
    }

    /// How well a text that somebody typed fits: 0 best, nil not at all.
    func rank(_ text: String) -> Int? {
        let wanted = text.uppercased()
        let symbol = info.instrument.symbol
        if wanted.isEmpty || symbol == wanted || info.instrument.key.uppercased() == wanted { return 0 }
        if symbol.hasPrefix(wanted) { return 1 }
        if symbol.contains(wanted) || "\(exchange):\(symbol)".contains(wanted) { return 2 }
        return description.uppercased().contains(wanted) ? 3 : nil
    }
}

extension JSONWriter {
    mutating func strings(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}
