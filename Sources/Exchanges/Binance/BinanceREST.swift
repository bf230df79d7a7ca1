/// Binance's REST interface, within its limits: everything that a process asks goes through one of these.
public final class BinanceREST: Sendable {
    private let url: String
    private let budget: RequestBudget
    private let http: VenueHTTP

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
        budget = RequestBudget(limit: weightLimit, wallMicros: wallMicros, monotonicMicros: monotonicMicros)
        http = VenueHTTP(authoritiesPath: authoritiesPath)
    }

    /// Ends the connections. A later question makes new ones.
    public func close() async { await http.close() }

    /// Asks for something of `/api/v3/`.
    ///
    /// - Parameter weight: what Binance counts for it.
    /// - Returns: the body of a good answer.
    /// - Throws: ``BinanceErrorBody`` for a refusal in Binance's form, ``VenueError`` for any other and where there is
    ///   no answer.
    func get(_ request: String, weight: Int) async throws -> [UInt8] {
        try await budget.take(weight)
        let answer = try await http.get("\(url)/api/v3/\(request)")
        if let used = answer.integer("X-MBX-USED-WEIGHT-1M") { await budget.answered(usedWeight: used) }
        guard answer.status != 200 else { return answer.body }
        throw await refusal(answer, request)
    }

    private func refusal(_ answer: VenueHTTP.Answer, _ request: String) async -> any Error {
        let words = BinanceErrorBody(status: answer.status, parsing: answer.body)
        switch answer.status {
        case 429, 418:
            let seconds = await budget.refused(retryAfterSeconds: answer.integer("Retry-After"))
            return VenueError(
                .tooManyRequests,
                "Binance answered \(answer.status), \(words?.message ?? "too many requests"); asked again in "
                    + "\(seconds) s")
        case 451:
            return VenueError(
                .notOffered,
                "\(url) may not be used from here (HTTP 451); BINANCE_REST_URL=https://data-api.binance.vision gives "
                    + "the same data")
        default:
            let name = request.prefix { $0 != "?" }
            return words
                ?? VenueError(
                    answer.status < 500 ? .refused : .unreachable,
                    "\(name) answered \(answer.status): \(answer.excerpt)")
        }
    }
}
