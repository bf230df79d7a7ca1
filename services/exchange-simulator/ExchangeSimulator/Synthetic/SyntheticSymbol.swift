import Exchanges
import MarketCore
import MarketWire

/// One symbol of a synthetic market: a pure function of seed, name and rate.
struct SyntheticSymbol: Sendable {
    let record: InstrumentRecord
    let schedule: TradeSchedule
    let shapeKey: UInt64
    /// How far one step of a taker through the book goes.
    let sweepTicks: Int64
    private let noise: PriceNoise
    private let flowKey: UInt64
    private let quantityKey: UInt64
    private let baseTicks: Int64
    /// Smallest lots of a typical small trade.
    private let unitLots: Int64

    private static let flowPeriodMicros: Int64 = 20_000_000

    /// - Parameter rateMilli: trades in 1,000 seconds, 1 or more.
    init(_ symbol: String, seed: UInt64, rateMilli: Int64) {
        let entry = SymbolCatalog.entry(symbol)
        record = entry.record
        let key = Mixing.hash(seed, Int64(truncatingIfNeeded: Mixing.hash(of: symbol)))
        schedule = TradeSchedule(key: Mixing.hash(key, 1), rateMilli: rateMilli)
        shapeKey = Mixing.hash(key, 2)
        noise = PriceNoise(key: Mixing.hash(key, 3))
        flowKey = Mixing.hash(key, 4)
        quantityKey = Mixing.hash(key, 5)
        baseTicks = max(entry.basePrice.raw / entry.record.tickSize.raw, 1)
        sweepTicks = max(baseTicks / 2_000_000, 1)
        // About a fifth of a unit of the quote asset: most trades are then worth some hundred.
        let lotValue = Int128(entry.basePrice.raw) * entry.record.lotStep.raw
        unitLots = Int64(clamping: max(Int128(2_000_000_000_000_000) / max(lotValue, 1), 1))
    }

    /// The best bid, in ticks.
    func bidTicks(atMicros time: Int64) -> Int64 {
        baseTicks + Int64(Int128(baseTicks) * Int128(noise.deviation(atMicros: time)) / (32_768 * 1_000_000))
    }

    /// Buyers and sellers come in waves.
    func takerSells(atMicros time: Int64, chance: UInt64) -> Bool {
        let wave = PriceNoise.value(flowKey, time, Self.flowPeriodMicros) / 2
        return Int64(Int16(truncatingIfNeeded: chance >> 40)) < wave
    }

    /// Many small trades, few large ones.
    func quantity(ofTrade id: Int64) -> Quantity {
        let hash = Mixing.hash(quantityKey, id)
        let size = Int64(1 + (hash & 0xFFFF) % 1_000) << Int64(min((hash >> 16).trailingZeroBitCount, 7))
        return Quantity(raw: Int128(size * unitLots) * record.lotStep.raw)
    }

    func price(ticks: Int64) -> Price {
        Price(raw: record.tickSize.raw.multipliedReportingOverflow(by: ticks).partialValue)
    }
}
