/// The interval that the one who asks for an instrument names. It is kept and shown, and changes nothing: candles of
/// every interval are made anyway.
enum IntervalLabel {
    /// Ours, and Binance's for klines.
    static let known = [
        "1s", "10s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
    ]

    /// - Throws: ``Problem`` for another.
    static func read(_ query: QueryReader) throws(Problem) -> String? {
        guard let text = query.text("interval") else { return nil }
        guard known.contains(text) else {
            throw Problem(
                .invalidParameter,
                "'\(text.prefix(64))' is not an interval: use one of \(known.joined(separator: ", ")).",
                parameter: "interval")
        }
        return text
    }
}
