import Exchanges
import HTTPTypes
import Hummingbird
import MarketCore
import MarketWire
import ServiceKit

/// TradingView's Universal Data Feed (UDF): charts of their libraries read it unchanged.
///
/// Prices are numbers here, the decimals' own digits; times are unix seconds.
struct UDFRoutes: Sendable {
    static let names = ["config", "symbols", "search", "history", "time"]

    let configuration: APIConfiguration
    let board: LiveBoard
    let klines: KlineReader
    let time: TimeSource

    func add(to router: Router<APIRequestContext>) {
        add("config", [], to: router) { _ in .json(bytes: config()) }
        add("symbols", ["symbol", "currencyCode", "unitId"], to: router) { query throws(UDFError) in
            let symbol = try symbol(query)
            return .json { json in
                symbol.writeInfo(resolutions: resolutions, intraday: intraday, into: &json)
            }
        }
        add("search", ["query", "type", "exchange", "limit"], to: router) { query throws(UDFError) in
            .json(bytes: try search(query))
        }
        add(
            "history", ["symbol", "resolution", "from", "to", "countback", "currencyCode", "unitId"], to: router
        ) { query throws(UDFError) in .json(bytes: try await history(query)) }
        add("time", [], to: router) { _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: String(time.wallMicros / 1_000_000))))
        }
    }

    private func add(
        _ name: String, _ known: [String], to router: Router<APIRequestContext>,
        _ answer: @escaping @Sendable (QueryReader) async throws(UDFError) -> Response
    ) {
        router.get("udf/\(name)") { request, _ in
            do throws(UDFError) {
                let query: QueryReader
                do throws(Problem) { query = try QueryReader(request, known: known) } catch { throw UDFError(error) }
                return try await answer(query)
            } catch {
                return error.response
            }
        }
    }

    // MARK: What there is

    private var resolutions: [String] { UDFResolution.names(among: configuration.intervals) }

    /// The minutes of them.
    private var intraday: [String] { resolutions.filter { Int($0) != nil } }

    private var symbols: [UDFSymbol] { board.instruments.map { UDFSymbol(info: $0.info, quote: $0.quote) } }

    private func config() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("supports_search", true)
        json.field("supports_group_request", false)
        json.field("supports_marks", false)
        json.field("supports_timescale_marks", false)
        json.field("supports_time", true)
        json.key("supported_resolutions")
        json.strings(resolutions)
        json.key("exchanges")
        json.beginArray()
        for (value, name) in [("", "All exchanges")] + Set(symbols.map(\.exchange)).sorted().map({ ($0, $0) }) {
            json.beginObject()
            json.field("value", value)
            json.field("name", name)
            json.field("desc", name)
            json.endObject()
        }
        json.endArray()
        json.key("symbols_types")
        json.beginArray()
        for (value, name) in [("", "All types"), ("crypto", "Crypto")] {
            json.beginObject()
            json.field("name", name)
            json.field("value", value)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// A key text, or TradingView's `BINANCE:BTCUSDT`.
    private func symbol(_ query: QueryReader) throws(UDFError) -> UDFSymbol {
        guard let text = query.text("symbol"), !text.isEmpty else { throw .missing("symbol") }
        guard let instrument = try? Instrument(key: text),
            let symbol = symbols.first(where: { $0.info.instrument == instrument })
        else { throw UDFError(.notFound, "unknown_symbol") }
        return symbol
    }

    private static let searchLimit: Int64 = 30

    private func search(_ query: QueryReader) throws(UDFError) -> [UInt8] {
        let text = query.text("query") ?? ""
        let exchange = query.text("exchange") ?? ""
        let type = query.text("type") ?? ""
        let limit: Int64
        do throws(Problem) {
            limit =
                try query.text("limit") == ""
                ? Self.searchLimit : query.integer("limit", in: 1...100) ?? Self.searchLimit
        } catch { throw UDFError(error) }
        let found = symbols.compactMap { symbol in symbol.rank(text).map { ($0, symbol) } }
            .filter { exchange.isEmpty || $0.1.exchange == exchange.uppercased() }
            .sorted { ($0.0, $0.1.info.instrument.key) < ($1.0, $1.1.info.instrument.key) }
        var json = JSONWriter()
        json.beginArray()
        if ["", "crypto"].contains(type) {
            for (_, symbol) in found.prefix(Int(limit)) { symbol.writeFound(into: &json) }
        }
        json.endArray()
        return json.bytes
    }
}

/// An error as UDF tells it: `{"s":"error","errmsg":…}`.
struct UDFError: Error, Hashable, Sendable {
    let status: HTTPResponse.Status
    let message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ problem: Problem) { self.init(problem.status, problem.detail) }

    init(_ error: KlineError) {
        switch error {
        case .unsupportedInterval: self = .unsupportedResolution
        case .history(let error) where error.isTransient:
            self.init(.serviceUnavailable, "History cannot be read now (\(error)). Try again in a moment.")
        case .overflow, .history:
            self.init(.internalServerError, "History cannot be read: the server's log says why.")
        }
    }

    static let unsupportedResolution = Self(
        .badRequest, "This resolution is not built: /udf/config lists those that are.")

    static func missing(_ name: String) -> Self { Self(.badRequest, "The parameter '\(name)' is missing.") }

    var response: Response {
        var response = Response.json(status) { json in
            json.beginObject()
            json.field("s", "error")
            json.field("errmsg", message)
            json.endObject()
        }
        if status == .serviceUnavailable { response.headers[.retryAfter] = "2" }
        return response
    }
}
