import Exchanges
import MarketCore
import PostgresClient

/// What is compared of a candle.
enum CandleColumn: String, CaseIterable, Sendable {
    case open, high, low, close, volume
    case quoteVolume = "quote_volume"
    case tradeCount = "trade_count"
    case takerBuyVolume = "taker_buy_volume"
    case takerBuyQuoteVolume = "taker_buy_quote_volume"
    case firstTradeID = "first_trade_id"
    case lastTradeID = "last_trade_id"
}

/// A candle of any origin as texts that are equal where the numbers are: no needless zeros.
struct CandleFigures: Hashable, Sendable {
    /// Unix seconds.
    let windowStart: Int64
    /// In the order of ``CandleColumn``; nil where the origin does not say.
    let texts: [String?]

    subscript(_ column: CandleColumn) -> String? {
        CandleColumn.allCases.firstIndex(of: column).flatMap { texts[$0] }
    }

    /// - Throws: `PostgresError`.
    init(_ row: PostgresRow) throws(PostgresError) {
        windowStart = try row.value("window_start")
        var texts: [String?] = []
        for column in CandleColumn.allCases { texts.append(Self.plain(try row.value(column.rawValue))) }
        self.texts = texts
    }

    init(_ kline: BinanceKline) {
        windowStart = kline.startMicros / 1_000_000
        texts = [
            kline.open.description, kline.high.description, kline.low.description, kline.close.description,
            kline.volume.description, kline.quoteVolume.description, "\(kline.tradeCount)",
            kline.takerBuyVolume.description, kline.takerBuyQuoteVolume.description, nil, nil,
        ]
    }

    init(windowStart: Int64, texts: [String?]) {
        self.windowStart = windowStart
        self.texts = texts
    }

    /// A number's text without zeros at the end of its decimal places.
    static func plain(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ".")) else { return text }
        var digits = Substring(text)
        while digits.hasSuffix("0") { digits.removeLast() }
        if digits.hasSuffix(".") { digits.removeLast() }
        return String(digits)
    }
}
