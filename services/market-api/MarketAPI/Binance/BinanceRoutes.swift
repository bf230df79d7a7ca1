import Exchanges
import HTTPTypes
import Hummingbird
import MarketCore
import MarketWire
import ServiceKit

/// Binance's REST interface for market data, `/api/v3`: its parameters, shapes and errors.
struct BinanceRoutes: Sendable {
    let configuration: APIConfiguration
    let board: LiveBoard
    let klines: KlineReader
    let days: DayReader
    let trades: TradeTail
    let time: TimeSource

    typealias Answer = @Sendable (BinanceQuery, BinanceTimeUnit) async throws(BinanceErrorBody) -> [UInt8]

    static let names = [
        "ping", "time", "exchangeInfo", "klines", "uiKlines", "avgPrice", "ticker/price", "ticker/24hr",
        "trades", "historicalTrades", "aggTrades",
    ]

    func add(to router: Router<APIRequestContext>) {
        add("ping", [], to: router) { _, _ in Array("{}".utf8) }
        add("time", [], to: router) { _, unit in
            Array(#"{"serverTime":\#(unit.time(ofMicros: time.wallMicros))}"#.utf8)
        }
        add(
            "exchangeInfo", ["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"], to: router
        ) { query, unit throws(BinanceErrorBody) in try exchangeInfo(query, unit) }
        for name in ["klines", "uiKlines"] {
            add(name, ["symbol", "interval", "limit", "startTime", "endTime", "timeZone"], to: router) {
                query, unit throws(BinanceErrorBody) in try await klines(query, unit)
            }
        }
        add("avgPrice", ["symbol"], to: router) { query, unit throws(BinanceErrorBody) in
            try await averagePrice(query, unit)
        }
        add("ticker/price", ["symbol", "symbols", "symbolStatus"], to: router) {
            query, _ throws(BinanceErrorBody) in try prices(query)
        }
        add("ticker/24hr", ["symbol", "symbols", "type", "symbolStatus"], to: router) {
            query, unit throws(BinanceErrorBody) in try await dayTickers(query, unit)
        }
        add("trades", ["symbol", "limit"], to: router) { query, unit throws(BinanceErrorBody) in
            try recentTrades(query, unit)
        }
        add("historicalTrades", ["symbol", "limit", "fromId"], to: router) {
            query, unit throws(BinanceErrorBody) in try recentTrades(query, unit)
        }
        add("aggTrades", ["symbol", "limit", "fromId", "startTime", "endTime"], to: router) {
            query, unit throws(BinanceErrorBody) in try aggregates(query, unit)
        }
    }

    private func add(
        _ name: String, _ known: Set<String>, to router: Router<APIRequestContext>, _ answer: @escaping Answer
    ) {
        router.get("api/v3/\(name)") { request, _ in
            let pairs = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
            let unit: BinanceTimeUnit
            switch request.headers[.timeUnit]?.uppercased() {
            case nil, "MILLISECOND": unit = .millisecond
            case "MICROSECOND": unit = .microsecond
            default: return BinanceAnswer.refusal(.invalidTimeUnit)
            }
            do throws(BinanceErrorBody) {
                return BinanceAnswer.ok(try await answer(try BinanceQuery(pairs, known: known), unit))
            } catch {
                return BinanceAnswer.refusal(error)
            }
        }
    }

    // MARK: Symbols

    /// An instrument that is followed.
    func instrument(_ symbol: String) throws(BinanceErrorBody) -> Instrument {
        guard let instrument = try? Instrument(key: symbol), board.isFollowed(instrument) else {
            throw .invalidSymbol
        }
        return instrument
    }

    private func exchangeInfo(_ query: BinanceQuery, _ unit: BinanceTimeUnit) throws(BinanceErrorBody) -> [UInt8] {
        let names = try query.symbols()
        for name in names ?? [] { _ = try instrument(name) }
        let status = query.text("symbolStatus")
        guard status == nil || names == nil else { throw .invalidCombination }
        guard ["TRADING", "HALT", "BREAK", nil].contains(status) else { throw .notValid("symbolStatus") }
        // What a symbol is made of is its venue's word: without it nothing can be said of it here.
        let records = board.instruments.map(\.info).compactMap { InstrumentRecord($0) }.filter { record in
            if let names { return names.contains(record.symbol) }
            return status.map { ($0 == "TRADING") == (record.status == .trading) } ?? true
        }
        return BinanceBodies.exchangeInfo(
            records, serverTime: unit.time(ofMicros: time.wallMicros), weightLimit: nil)
    }

    // MARK: Klines

    private func klines(
        _ query: BinanceQuery, _ unit: BinanceTimeUnit
    ) async throws(BinanceErrorBody) -> [UInt8] {
        let instrument = try instrument(query.symbol())
        guard let text = query.text("interval") else { throw .missing("interval") }
        guard let interval = BinanceInterval(rawValue: text) else { throw .invalidInterval }
        let (start, end) = (try query.time("startTime"), try query.time("endTime"))
        let limit = try query.limit(default: 500, max: 1_000)
        guard let offset = BinanceCalendar.offsetSeconds(ofZone: query.text("timeZone") ?? "0") else {
            throw .notValid("timeZone")
        }
        if let start, let end, start > end { return Array("[]".utf8) }
        let selection = KlineSelection(
            instrument: instrument, calendar: BinanceCalendar(interval, offsetSeconds: offset),
            from: start.map { ($0 + 999_999) / 1_000_000 }, through: end.map { $0 / 1_000_000 }, limit: limit)
        do throws(KlineError) {
            return BinanceBodies.klines(try await klines.klines(selection), unit)
        } catch {
            throw BinanceErrorBody(error)
        }
    }

    // MARK: Prices

    /// What can be said of the price of an instrument now.
    func quote(_ instrument: Instrument) throws(BinanceErrorBody) -> Quote {
        try requireLive()
        guard let quote = board.quote(instrument) else {
            throw .unavailable("\(instrument.key) is followed, but no trade of it has come in yet.")
        }
        return quote
    }

    /// Live values are answered from memory; while Redis is away they are worth something for a while only.
    func requireLive() throws(BinanceErrorBody) {
        guard case .interrupted(let since) = board.feed,
            (time.monotonicMicros - since) / 1_000 > configuration.priceWithoutRedisMillis
        else { return }
        throw .unavailable("Live data cannot be read now, and what is in memory is too old. Try again in a moment.")
    }

    private func prices(_ query: BinanceQuery) throws(BinanceErrorBody) -> [UInt8] {
        var json = JSONWriter()
        func write(_ symbol: String, _ quote: Quote) {
            json.beginObject()
            json.field("symbol", symbol)
            json.key("price")
            json.decimal(quote.price, minimumFraction: 8)
            json.endObject()
        }
        if let names = try query.symbols() {
            if !query.has("symbol") { json.beginArray() }
            for name in names {
                let instrument = try instrument(name)
                write(instrument.key, try quote(instrument))
            }
            if !query.has("symbol") { json.endArray() }
            return json.bytes
        }
        try requireLive()
        json.beginArray()
        for (info, quote, _) in board.instruments { if let quote { write(info.instrument.key, quote) } }
        json.endArray()
        return json.bytes
    }

    private static let averageSeconds: Int64 = 300

    private func averagePrice(
        _ query: BinanceQuery, _ unit: BinanceTimeUnit
    ) async throws(BinanceErrorBody) -> [UInt8] {
        let instrument = try instrument(query.symbol())
        let quote = try quote(instrument)
        let reached = klines.pending.marketMicros(instrument.venue) ?? quote.eventTimeMicros
        let length = Interval.base.seconds
        let selection = KlineSelection(
            instrument: instrument, calendar: BinanceCalendar(.tenSeconds),
            from: (reached / 1_000_000 / length + 1) * length - Self.averageSeconds, through: nil,
            limit: Int(Self.averageSeconds / length))
        var volume = Quantity.zero
        var quoteVolume = QuoteAmount.zero
        do throws(KlineError) {
            for kline in try await klines.klines(selection) {
                guard let sum = volume.adding(kline.volume), let quoteSum = quoteVolume.adding(kline.quoteVolume) else {
                    throw .overflow
                }
                volume = sum
                quoteVolume = quoteSum
            }
        } catch {
            throw BinanceErrorBody(error)
        }
        var json = JSONWriter()
        json.beginObject()
        json.field("mins", Self.averageSeconds / 60)
        json.key("price")
        json.decimal(Ratio.averagePrice(quoteVolume, over: volume) ?? quote.price, minimumFraction: 8)
        json.field("closeTime", unit.time(ofMicros: quote.eventTimeMicros))
        json.endObject()
        return json.bytes
    }
}

extension BinanceErrorBody {
    fileprivate static let invalidTimeUnit = Self(
        code: -1194, message: "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")
}

extension HTTPField.Name {
    fileprivate static let timeUnit = HTTPField.Name("X-MBX-TIME-UNIT") ?? .accept
}

extension InstrumentRecord {
    /// Nil where the venue has not said all of it.
    fileprivate init?(_ info: InstrumentInfo) {
        guard let base = info.base, let quote = info.quote, let tickSize = info.tickSize, let lotStep = info.lotStep
        else { return nil }
        self.init(
            symbol: info.instrument.key, base: base, quote: quote, tickSize: tickSize, lotStep: lotStep,
            status: Status(rawValue: info.status) ?? .unknown)
    }
}
