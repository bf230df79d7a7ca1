public import MarketCore
public import MarketWire

/// Binance's instruments, from `GET /api/v3/exchangeInfo`.
public struct BinanceCatalog: VenueCatalog {
    let rest: BinanceREST

    /// Instruments that fit one question: Binance takes the list in the URL.
    private static let symbolsPerRequest = 100
    private static let exchangeInfoWeight = 20

    public init(_ rest: BinanceREST) { self.rest = rest }

    public func metadata(of instruments: [Instrument]) async throws -> [InstrumentRecord] {
        var records: [InstrumentRecord] = []
        for start in stride(from: 0, to: instruments.count, by: Self.symbolsPerRequest) {
            records += try await ask(instruments[start..<min(start + Self.symbolsPerRequest, instruments.count)])
        }
        return records
    }

    public func close() async { await rest.close() }

    /// Binance refuses a list whole for one symbol that it does not know: the halves are asked for by themselves then.
    private func ask(_ part: ArraySlice<Instrument>) async throws -> [InstrumentRecord] {
        // ["A","B"] percent-encoded; symbols themselves need no encoding.
        let list = "%5B" + part.map { "%22\($0.symbol)%22" }.joined(separator: ",") + "%5D"
        do {
            let body = try await rest.get("exchangeInfo?symbols=\(list)", weight: Self.exchangeInfoWeight)
            return try BinanceExchangeInfo.instruments(body)
        } catch let refusal as BinanceErrorBody
            where refusal.code == BinanceErrorBody.invalidSymbol.code && part.count > 1
        {
            let middle = part.startIndex + part.count / 2
            var records: [InstrumentRecord] = []
            for half in [part[..<middle], part[middle...]] where !half.isEmpty {
                do {
                    records += try await ask(half)
                } catch let refusal as BinanceErrorBody
                    where refusal.code == BinanceErrorBody.invalidSymbol.code && half.count == 1
                {
                    // This is the one: it is left out.
                }
            }
            return records
        }
    }
}
