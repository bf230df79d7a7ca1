import MarketCore
import MarketWire

/// What the simulated venue says about its symbols, and where their prices begin.
struct SymbolCatalog {
    struct Entry: Sendable {
        let record: InstrumentRecord
        /// The price that a synthetic market moves around.
        let basePrice: Price
    }

    /// Symbol, base asset, quote asset, price, tick, lot: those of Binance, prices of about 2024.
    private static let known: [(String, String, String, String, String, String)] = [
        ("BTCUSDT", "BTC", "USDT", "67000", "0.01", "0.00001"), ("ETHUSDT", "ETH", "USDT", "3500", "0.01", "0.0001"),
        ("BNBUSDT", "BNB", "USDT", "600", "0.01", "0.001"), ("SOLUSDT", "SOL", "USDT", "150", "0.01", "0.001"),
        ("XRPUSDT", "XRP", "USDT", "0.6", "0.0001", "0.1"), ("ADAUSDT", "ADA", "USDT", "0.45", "0.0001", "0.1"),
        ("DOGEUSDT", "DOGE", "USDT", "0.12", "0.00001", "1"), ("LTCUSDT", "LTC", "USDT", "80", "0.01", "0.001"),
        ("LINKUSDT", "LINK", "USDT", "15", "0.01", "0.01"), ("AVAXUSDT", "AVAX", "USDT", "30", "0.01", "0.01"),
        ("DOTUSDT", "DOT", "USDT", "6", "0.001", "0.01"), ("TRXUSDT", "TRX", "USDT", "0.12", "0.00001", "0.1"),
        ("ETHBTC", "ETH", "BTC", "0.052", "0.00001", "0.0001"), ("BNBBTC", "BNB", "BTC", "0.009", "0.000001", "0.001"),
        ("BTCEUR", "BTC", "EUR", "61000", "0.01", "0.00001"), ("ETHEUR", "ETH", "EUR", "3200", "0.01", "0.0001"),
    ]

    private static let quotes = ["FDUSD", "USDT", "USDC", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY"]

    /// Any symbol has an entry; of those not listed the numbers are a function of the name.
    static func entry(_ symbol: String) -> Entry {
        if let (_, base, quote, price, tick, lot) = known.first(where: { $0.0 == symbol }),
            let price = Price(price), let tick = Price(tick), let lot = Quantity(lot)
        {
            return Entry(record: record(symbol, base, quote, tick, lot), basePrice: price)
        }
        let quote = quotes.first { symbol.hasSuffix($0) && symbol.count > $0.count } ?? String(symbol.suffix(3))
        let base = String(symbol.dropLast(quote.count))
        let hash = Mixing.hash(of: symbol)
        // 1.00 to 999.9, four digits, of which the last is the tick.
        let digits = Int64(1_000 + hash % 9_000)
        let power: Int64 = [100_000, 1_000_000, 10_000_000][Int(hash >> 32 % 3)]
        return Entry(
            record: record(symbol, base.isEmpty ? symbol : base, quote, Price(raw: power), Quantity(raw: 100_000)),
            basePrice: Price(raw: digits * power))
    }

    static func record(
        _ symbol: String, _ base: String, _ quote: String, _ tick: Price, _ lot: Quantity
    ) -> InstrumentRecord {
        InstrumentRecord(symbol: symbol, base: base, quote: quote, tickSize: tick, lotStep: lot, status: .trading)
    }
}
