import MarketWire

extension BinanceFeed {
    /// Instruments that fit one question: Binance takes the list in the URL.
    private static let symbolsPerRequest = 100
    private static let exchangeInfoWeight = 20

    public func metadata() async throws -> [InstrumentRecord] {
        var records: [InstrumentRecord] = []
        for start in stride(from: 0, to: instruments.count, by: Self.symbolsPerRequest) {
            let part = instruments[start..<min(start + Self.symbolsPerRequest, instruments.count)]
            // ["A","B"] percent-encoded; symbols themselves need no encoding.
            let list = "%5B" + part.map { "%22\($0.symbol)%22" }.joined(separator: ",") + "%5D"
            let body = try await rest.get("exchangeInfo?symbols=\(list)", weight: Self.exchangeInfoWeight)
            records += try BinanceExchangeInfo.instruments(body)
        }
        return records
    }
}
