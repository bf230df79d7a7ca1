/// A price: units of the quote asset for one of the base asset, exact to 8 decimal places.
///
/// Range: ±92,233,720,368.54775807. The smallest tick of Binance spot is 1e-8.
public struct Price: Hashable, Comparable, Sendable {
    /// Decimal places held.
    public static let scale = 8

    /// The price times 10^8.
    public var raw: Int64

    @inlinable public init(raw: Int64) { self.raw = raw }

    @inlinable public static func < (left: Price, right: Price) -> Bool { left.raw < right.raw }
}

/// An amount of the base asset, of one trade or summed, exact to 8 decimal places.
///
/// Range: ±1.7e30: a volume of 1e15 units is far from its end.
public struct Quantity: Hashable, Comparable, Sendable {
    /// Decimal places held.
    public static let scale = 8

    /// The quantity times 10^8.
    public var raw: Int128

    public static let zero = Quantity(raw: 0)

    @inlinable public init(raw: Int128) { self.raw = raw }

    @inlinable public static func < (left: Quantity, right: Quantity) -> Bool { left.raw < right.raw }

    /// The sum, or nil on overflow.
    @inlinable public func adding(_ other: Quantity) -> Quantity? {
        let (sum, overflow) = raw.addingReportingOverflow(other.raw)
        return overflow ? nil : Quantity(raw: sum)
    }
}

/// Money in the quote asset: a price times a quantity, or a sum of such, exact to 16 decimal places.
///
/// Range: ±1.7e22.
public struct QuoteAmount: Hashable, Comparable, Sendable {
    /// Decimal places held.
    public static let scale = 16

    /// The amount times 10^16.
    public var raw: Int128

    public static let zero = QuoteAmount(raw: 0)

    @inlinable public init(raw: Int128) { self.raw = raw }

    /// The exact product, or nil on overflow.
    @inlinable public init?(_ price: Price, times quantity: Quantity) {
        // Nearly every trade's quantity fits 64 bits: one full-width multiplication then, with no overflow possible.
        if let small = Int64(exactly: quantity.raw) {
            let product = price.raw.multipliedFullWidth(by: small)
            raw = Int128(product.high) << 64 | Int128(product.low)
            return
        }
        let (product, overflow) = Int128(price.raw).multipliedReportingOverflow(by: quantity.raw)
        if overflow { return nil }
        raw = product
    }

    @inlinable public static func < (left: QuoteAmount, right: QuoteAmount) -> Bool { left.raw < right.raw }

    /// The sum, or nil on overflow.
    @inlinable public func adding(_ other: QuoteAmount) -> QuoteAmount? {
        let (sum, overflow) = raw.addingReportingOverflow(other.raw)
        return overflow ? nil : QuoteAmount(raw: sum)
    }
}
