import AsyncHTTPClient
import MarketWire
import NIOCore
import NIOHTTP1
import NIOSSL

extension BinanceFeed {
    /// Instruments that fit one question: Binance takes the list in the URL.
    private static let symbolsPerRequest = 100
    /// `exchangeInfo` of 100 symbols is about 300 KB.
    private static let maxBodyBytes = 4 << 20

    public func metadata() async throws -> [InstrumentRecord] {
        var settings = HTTPClient.Configuration()
        if let path = configuration.authoritiesPath {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(path)
            settings.tlsConfiguration = tls
        }
        settings.timeout.connect = .seconds(5)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            var records: [InstrumentRecord] = []
            for start in stride(from: 0, to: instruments.count, by: Self.symbolsPerRequest) {
                let part = instruments[start..<min(start + Self.symbolsPerRequest, instruments.count)]
                records += try await ask(client, part.map(\.symbol))
            }
            try await client.shutdown()
            return records
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func ask(_ client: HTTPClient, _ symbols: [String]) async throws -> [InstrumentRecord] {
        // ["A","B"] percent-encoded; symbols themselves need no encoding.
        let list = "%5B" + symbols.map { "%22\($0)%22" }.joined(separator: ",") + "%5D"
        let request = HTTPClientRequest(url: "\(configuration.restURL)/api/v3/exchangeInfo?symbols=\(list)")
        let response = try await client.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: Self.maxBodyBytes)
        guard response.status == .ok else {
            throw VenueError(
                .refused, "exchangeInfo answered \(response.status.code): \(String(buffer: body).prefix(200))")
        }
        return try BinanceExchangeInfo.instruments(Array(buffer: body))
    }
}
