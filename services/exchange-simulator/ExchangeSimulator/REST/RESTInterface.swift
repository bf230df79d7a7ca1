import Exchanges
import HTTPTypes
import Hummingbird
import MarketWire
import ServiceKit

/// Binance's REST interface for market data.
struct RESTInterface: Sendable {
    let tape: any MarketTape
    let weights: RequestWeights
    let time: TimeSource
    let faults: FaultBoard

    private typealias Answer = @Sendable (BinanceQuery, BinanceTimeUnit) throws(BinanceErrorBody) -> [UInt8]

    func addRoutes(to router: Router<SimulatorContext>) {
        add("ping", weight: 1, [], to: router) { _, _ in Array("{}".utf8) }
        add("time", weight: 1, [], to: router) { _, unit in
            Array(#"{"serverTime":\#(unit.time(ofMicros: time.wallMicros))}"#.utf8)
        }
        add(
            "exchangeInfo", weight: 20, ["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"],
            to: router
        ) {
            query, unit throws(BinanceErrorBody) in
            BinanceBodies.exchangeInfo(
                try symbols(query), serverTime: unit.time(ofMicros: time.wallMicros), weightLimit: weights.limit)
        }
        add("trades", weight: 25, ["symbol", "limit"], to: router) { query, unit throws(BinanceErrorBody) in
            BinanceBodies.trades(try newest(.trade, query), unit)
        }
        add("historicalTrades", weight: 25, ["symbol", "limit", "fromId"], to: router) {
            query, unit throws(BinanceErrorBody) in
            guard query.has("fromId") else { return BinanceBodies.trades(try newest(.trade, query), unit) }
            return BinanceBodies.trades(try following(.trade, query), unit)
        }
        add("aggTrades", weight: 4, ["symbol", "limit", "fromId", "startTime", "endTime"], to: router) {
            query, unit throws(BinanceErrorBody) in
            BinanceBodies.aggregates(try aggregates(query), unit)
        }
        add("klines", weight: 2, ["symbol", "interval", "limit", "startTime", "endTime", "timeZone"], to: router) {
            query, unit throws(BinanceErrorBody) in
            BinanceBodies.klines(try klines(query), unit)
        }
    }

    private func add(
        _ name: String, weight: Int, _ known: Set<String>, to router: Router<SimulatorContext>,
        _ answer: @escaping Answer
    ) {
        router.get("/api/v3/\(name)") { request, context in
            let booked = weights.book(weight, address: context.address, nowMicros: time.wallMicros)
            if let delay = faults.delay(atMicros: time.wallMicros) { try await Task.sleep(for: delay) }
            var response: Response
            if let refusal = faults.refusal(atMicros: time.wallMicros) {
                response = Self.response(of: .refused(status: refusal.status))
                response.headers[.retryAfter] = String(refusal.retryAfterSeconds)
            } else if let retryAfter = booked.retryAfterSeconds {
                response = Self.response(of: .tooMuchWeight(limit: weights.limit))
                response.headers[.retryAfter] = String(retryAfter)
            } else {
                do throws(BinanceErrorBody) {
                    let pairs = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
                    let isMicros = request.headers[.timeUnit]?.uppercased() == "MICROSECOND"
                    response = Self.response(
                        .ok,
                        try answer(try BinanceQuery(pairs, known: known), isMicros ? .microsecond : .millisecond))
                } catch {
                    response = Self.response(of: error)
                }
            }
            response.headers[.usedWeight] = String(booked.used)
            response.headers[.usedWeightOfMinute] = String(booked.used)
            return response
        }
    }

    static func response(of error: BinanceErrorBody) -> Response {
        response(HTTPResponse.Status(code: error.status), error.encoded())
    }

    private static func response(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json;charset=UTF-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    // MARK: What is asked for

    private func position() -> Int64? { tape.position(atMicros: time.wallMicros) }

    private func symbols(_ query: BinanceQuery) throws(BinanceErrorBody) -> [InstrumentRecord] {
        guard let names = try query.symbols() else { return tape.symbols }
        var records: [InstrumentRecord] = []
        for name in names { records.append(tape.symbols[try index(of: name)]) }
        return records
    }

    private func symbol(_ query: BinanceQuery) throws(BinanceErrorBody) -> Int { try index(of: query.symbol()) }

    private func index(of symbol: String) throws(BinanceErrorBody) -> Int {
        guard let index = tape.index(of: symbol) else { throw .invalidSymbol }
        return index
    }

    private func newest(_ kind: BinanceStreamKind, _ query: BinanceQuery) throws(BinanceErrorBody) -> [BinanceTrade] {
        let symbol = try symbol(query)
        let limit = try query.limit(default: 500, max: 1_000)
        guard tape.has(kind) else { throw .unsupportedBySource }
        guard let position = position() else { return [] }
        let last = tape.lastID(kind, of: symbol, through: position)
        let first = max(tape.firstID(kind, of: symbol), last - Int64(limit) + 1)
        return tape.trades(kind, from: first, through: last, of: symbol)
    }

    private func following(_ kind: BinanceStreamKind, _ query: BinanceQuery) throws(BinanceErrorBody) -> [BinanceTrade]
    {
        let symbol = try symbol(query)
        let limit = try query.limit(default: 500, max: 1_000)
        let from = try query.integer("fromId") ?? 0
        guard tape.has(kind) else { throw .unsupportedBySource }
        guard let position = position() else { return [] }
        let last = tape.lastID(kind, of: symbol, through: position)
        let first = max(from, tape.firstID(kind, of: symbol))
        guard first <= last else { return [] }
        return tape.trades(kind, from: first, through: first + min(Int64(limit) - 1, last - first), of: symbol)
    }

    private func aggregates(_ query: BinanceQuery) throws(BinanceErrorBody) -> [BinanceTrade] {
        let (start, end) = (try query.time("startTime"), try query.time("endTime"))
        if query.has("fromId") {
            guard start == nil, end == nil else { throw .invalidCombination }
            return try following(.aggTrade, query)
        }
        guard start != nil || end != nil else { return try newest(.aggTrade, query) }
        let symbol = try symbol(query)
        let limit = Int64(try query.limit(default: 500, max: 1_000))
        if let start, let end, start > end { throw .notValid("startTime") }
        guard tape.has(.aggTrade) else { throw .unsupportedBySource }
        guard let position = position() else { return [] }
        // `endTime` counts to the end of its millisecond.
        let through = min(end.map { $0 + 999 } ?? position, position)
        let last = tape.lastID(.aggTrade, of: symbol, through: through)
        let lowest = tape.firstID(.aggTrade, of: symbol)
        guard let start else {
            return tape.trades(.aggTrade, from: max(lowest, last - limit + 1), through: last, of: symbol)
        }
        let first = max(lowest, tape.lastID(.aggTrade, of: symbol, through: start - 1) + 1)
        return tape.trades(.aggTrade, from: first, through: min(last, first + limit - 1), of: symbol)
    }

    private func klines(_ query: BinanceQuery) throws(BinanceErrorBody) -> [BinanceKline] {
        let symbol = try symbol(query)
        guard let text = query.text("interval") else { throw .missing("interval") }
        guard let interval = BinanceInterval(rawValue: text), interval != .tenSeconds else { throw .invalidInterval }
        let (start, end) = (try query.time("startTime"), try query.time("endTime"))
        let limit = try query.limit(default: 500, max: 1_000)
        if let zone = query.text("timeZone"), zone != "0" { throw .notValid("timeZone") }
        if let start, let end, start > end { return [] }
        guard let position = position() else { return [] }
        return try KlineFold(tape: tape, symbol: symbol, interval: interval, position: position)
            .klines(from: start, through: end, limit: limit)
    }
}

extension HTTPField.Name {
    fileprivate static let timeUnit = HTTPField.Name("X-MBX-TIME-UNIT") ?? .accept
    fileprivate static let usedWeight = HTTPField.Name("X-MBX-USED-WEIGHT") ?? .age
    fileprivate static let usedWeightOfMinute = HTTPField.Name("X-MBX-USED-WEIGHT-1M") ?? .age
}
