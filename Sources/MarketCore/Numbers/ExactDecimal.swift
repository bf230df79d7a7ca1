/// What the exact decimals of this folder share: text in, text out, no rounding anywhere.
public protocol ExactDecimal: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Decimal places held.
    static var scale: Int { get }

    /// The value times 10^`scale`.
    var scaledValue: Int128 { get }

    /// The value of `scaledValue` / 10^`scale`, or nil out of range.
    init?(scaledValue: Int128)
}

extension ExactDecimal {
    /// Reads a decimal literal, with or without an exponent.
    ///
    /// - Throws: ``DecimalError``; nothing is ever rounded.
    public init(parsing bytes: some Collection<UInt8>) throws(DecimalError) {
        guard let value = Self(scaledValue: try DecimalText.parse(bytes, scale: Self.scale)) else { throw .overflow }
        self = value
    }

    public init?(_ description: String) {
        guard let value = try? Self(parsing: description.utf8) else { return nil }
        self = value
    }

    /// The canonical text: no exponent, no trailing zeros, `0` for zero.
    public var description: String { formatted(minimumFraction: 0) }

    /// The text with at least `minimumFraction` (0...scale) decimal places; 8 is what exchanges send.
    public func formatted(minimumFraction: Int) -> String {
        var bytes: [UInt8] = []
        append(to: &bytes, minimumFraction: minimumFraction)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text as ASCII.
    public func append(to bytes: inout [UInt8], minimumFraction: Int = 0) {
        DecimalText.append(scaledValue, scale: Self.scale, minimumFraction: minimumFraction, to: &bytes)
    }
}

extension Price: ExactDecimal {
    public var scaledValue: Int128 { Int128(raw) }

    public init?(scaledValue: Int128) {
        guard let raw = Int64(exactly: scaledValue) else { return nil }
        self.raw = raw
    }
}

extension Quantity: ExactDecimal {
    public var scaledValue: Int128 { raw }

    public init?(scaledValue: Int128) { raw = scaledValue }
}

extension QuoteAmount: ExactDecimal {
    public var scaledValue: Int128 { raw }

    public init?(scaledValue: Int128) { raw = scaledValue }
}
