import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Binance's REST interface, within its limits: everything that a process asks goes through one of these.
public final class BinanceREST: Sendable {
    private let url: String
    private let authoritiesPath: String?
    private let budget: RequestBudget
    /// Made with the first question.
    private let client = Mutex<HTTPClient?>(nil)

    /// `exchangeInfo` of 100 symbols is about 300 KB, 1000 trades are about 200 KB.
    private static let maxBodyBytes = 4 << 20

    /// - Parameters:
    ///   - url: `https://api.binance.com`
    ///   - authoritiesPath: certificates to trust instead of the system's (PEM file).
    ///   - weightLimit: request weight a minute that is used at most.
    ///   - wallMicros: unix microseconds.
    ///   - monotonicMicros: microseconds that never fall.
    public init(
        url: String, authoritiesPath: String?, weightLimit: Int, wallMicros: @escaping @Sendable () -> Int64,
        monotonicMicros: @escaping @Sendable () -> Int64
    ) {
        self.url = url
        self.authoritiesPath = authoritiesPath
        budget = RequestBudget(limit: weightLimit, wallMicros: wallMicros, monotonicMicros: monotonicMicros)
    }

    deinit {
        guard let client = client.withLock({ $0 }) else { return }
        // The library wants it shut down before it goes.
        Task { try? await client.shutdown() }
    }

    /// Ends the connections. A later question makes new ones.
    public func close() async {
        let old = client.withLock { client in
            defer { client = nil }
            return client
        }
        try? await old?.shutdown()
    }

    /// Asks for something of `/api/v3/`.
    ///
    /// - Parameter weight: what Binance counts for it.
    /// - Returns: the body of a good answer.
    /// - Throws: ``BinanceErrorBody`` for a refusal in Binance's form, ``VenueError`` for any other and where there is
    ///   no answer.
    func get(_ request: String, weight: Int) async throws -> [UInt8] {
        try await budget.take(weight)
        let response: HTTPClientResponse
        let body: [UInt8]
        do {
            response = try await connected().execute(
                HTTPClientRequest(url: "\(url)/api/v3/\(request)"), timeout: .seconds(10))
            body = Array(buffer: try await response.body.collect(upTo: Self.maxBodyBytes))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw VenueError(.unreachable, "\(url) does not answer: \(error)")
        }
        let used = response.headers.first(name: "X-MBX-USED-WEIGHT-1M").flatMap { Int($0) }
        if let used { await budget.answered(usedWeight: used) }
        guard response.status != .ok else { return body }
        throw await refusal(response, body, request)
    }

    private func refusal(_ response: HTTPClientResponse, _ body: [UInt8], _ request: String) async -> any Error {
        let status = Int(response.status.code)
        let words = BinanceErrorBody(status: status, parsing: body)
        switch status {
        case 429, 418:
            let asked = response.headers.first(name: "Retry-After").flatMap { Int($0) }
            let seconds = await budget.refused(retryAfterSeconds: asked)
            return VenueError(
                .tooManyRequests,
                "Binance answered \(status), \(words?.message ?? "too many requests"); asked again in \(seconds) s")
        case 451:
            return VenueError(
                .notOffered,
                "\(url) may not be used from here (HTTP 451); BINANCE_REST_URL=https://data-api.binance.vision gives "
                    + "the same data")
        default:
            let name = request.prefix { $0 != "?" }
            return words
                ?? VenueError(
                    status < 500 ? .refused : .unreachable,
                    "\(name) answered \(status): \(String(decoding: body.prefix(200), as: UTF8.self))")
        }
    }

    private func connected() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            var settings = HTTPClient.Configuration()
            if let authoritiesPath {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(authoritiesPath)
                settings.tlsConfiguration = tls
            }
            settings.timeout.connect = .seconds(5)
            let new = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            client = new
            return new
        }
    }
}
