import MarketCore

/// What the venue says of an instrument; what it did not say is nil.
struct InstrumentInfo: Hashable, Sendable {
    var instrument: Instrument
    var base: String?
    var quote: String?
    var tickSize: Price?
    var lotStep: Quantity?
    /// `trading`, `halted`, `delisted` or `unknown`.
    var status = "unknown"

    /// Decimal places in which prices are shown: the tick's, else those of a price, 2 at least.
    func priceDecimals(seen price: Price?) -> Int {
        if let tickSize, tickSize.raw > 0 { return tickSize.decimals }
        return max(2, price?.decimals ?? 0)
    }

    /// Decimal places in which quantities are shown.
    var quantityDecimals: Int {
        if let lotStep, lotStep.raw > 0 { return lotStep.decimals }
        return Quantity.scale
    }
}

extension ExactDecimal {
    /// Decimal places that are not zero at the end.
    var decimals: Int {
        var value = scaledValue
        guard value != 0 else { return 0 }
        var decimals = Self.scale
        while decimals > 0, value.isMultiple(of: 10) {
            value /= 10
            decimals -= 1
        }
        return decimals
    }
}
