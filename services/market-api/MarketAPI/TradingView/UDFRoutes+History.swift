import Exchanges
import MarketCore
import MarketWire

extension UDFRoutes {
    /// Bars in one answer; a chart that wants more pages back.
    private static let maxBars: Int64 = 10_000
    /// Unix seconds that TradingView may ask for: it goes before 1970 at times.
    private static let times: ClosedRange<Int64> = -QueryReader.lastUnixSecond...QueryReader.lastUnixSecond * 2

    /// `/udf/history`: bars in which something was traded, from `from` (included) to `to` (excluded), or the newest
    /// `countback` before `to`. Where there are none: `no_data`, with the start of the next older bar if there is one.
    func history(_ query: QueryReader) async throws(UDFError) -> [UInt8] {
        guard let symbol = query.text("symbol"), !symbol.isEmpty else { throw .missing("symbol") }
        guard let instrument = try? Instrument(key: symbol), board.isKnown(instrument) else {
            throw UDFError(.notFound, "unknown_symbol")
        }
        guard let resolution = query.text("resolution") else { throw .missing("resolution") }
        guard let interval = UDFResolution.interval(resolution) else { throw .unsupportedResolution }
        let (from, to): (Int64?, Int64)
        let countback: Int64?
        do throws(Problem) {
            countback = try query.integer("countback", in: 1...1_000_000)
            from = countback == nil ? try query.integer("from", in: Self.times) : nil
            to = try query.integer("to", in: Self.times) ?? QueryReader.lastUnixSecond
        } catch { throw UDFError(error) }
        guard from != nil || countback != nil else { throw .missing("from") }
        let selection = KlineSelection(
            instrument: instrument, calendar: BinanceCalendar(interval), from: from, through: to - 1,
            limit: Int(min(countback ?? Self.maxBars, Self.maxBars)))
        do throws(KlineError) {
            let bars = try await klines.traded(selection)
            if !bars.isEmpty { return Self.bars(bars) }
            return Self.noData(nextTime: try await klines.newestStart(selection, before: min(from ?? to, to)))
        } catch {
            throw UDFError(error)
        }
    }

    private static func bars(_ klines: [BinanceKline]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("s", "ok")
        json.key("t")
        json.beginArray()
        for kline in klines { json.integer(kline.startMicros / 1_000_000) }
        json.endArray()
        for (name, price) in [
            ("o", \.open), ("h", \.high), ("l", \.low), ("c", \.close),
        ] as [(StaticString, KeyPath<BinanceKline, Price> & Sendable)] {
            json.key(name)
            json.beginArray()
            for kline in klines { json.literal(kline[keyPath: price].description) }
            json.endArray()
        }
        json.key("v")
        json.beginArray()
        for kline in klines { json.literal(kline.volume.description) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private static func noData(nextTime: Int64?) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("s", "no_data")
        if let nextTime { json.field("nextTime", nextTime) }
        json.endObject()
        return json.bytes
    }
}
