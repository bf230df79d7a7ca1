import MarketCore

/// Quotients for people, in integers, rounded half away from zero.
enum Ratio {
    /// What a unit cost on average; nil where nothing was traded, or out of range.
    static func averagePrice(_ amount: QuoteAmount, over volume: Quantity) -> Price? {
        // 10^16 over 10^8 is a price's own scale.
        rounded(amount.raw, over: volume.raw).flatMap { Price(scaledValue: $0) }
    }

    /// A change in percent with so many decimal places, `1.250` or `-0.030`; nil where there is nothing to compare
    /// with.
    static func percent(from open: Price, to price: Price, places: Int) -> String? {
        var scale: Int128 = 100
        for _ in 0..<places { scale *= 10 }
        guard let units = rounded((Int128(price.raw) - Int128(open.raw)) * scale, over: Int128(open.raw)) else {
            return nil
        }
        let one = scale / 100
        let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: one.magnitude)
        let digits = String(rest)
        let zeros = String(repeating: "0", count: max(0, places - digits.count))
        return (units < 0 ? "-" : "") + "\(whole)" + (places > 0 ? ".\(zeros)\(digits)" : "")
    }

    /// - Parameter divisor: nil comes back where it is not above 0.
    private static func rounded(_ value: Int128, over divisor: Int128) -> Int128? {
        guard divisor > 0 else { return nil }
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        // Half of the divisor or more: the remainder is smaller than the divisor, so this cannot overflow.
        guard remainder.magnitude >= divisor.magnitude - remainder.magnitude else { return quotient }
        return quotient + (value < 0 ? -1 : 1)
    }
}
