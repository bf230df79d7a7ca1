/// Plain digits to integers, with neither allocation nor 128-bit arithmetic: the numbers that exchanges send.
@usableFromInline
enum FixedPoint {
    /// `digits[.digits]` times 10^`scale`, or nil where another parser must decide: signs, exponents, more places than
    /// `scale`, or more than 18 digits once scaled.
    static func parse(_ bytes: RawSpan, _ range: Range<Int>, scale: Int) -> Int64? {
        var index = range.lowerBound
        var value: Int64 = 0
        while index < range.upperBound, let digit = digit(bytes[index]) {
            value = value &* 10 &+ digit
            index += 1
        }
        let whole = index - range.lowerBound
        guard whole > 0, whole + scale <= 18 else { return nil }
        var places = 0
        if index < range.upperBound {
            guard bytes[index] == UInt8(ascii: ".") else { return nil }
            index += 1
            places = range.upperBound - index
            guard places > 0, places <= scale else { return nil }
            while index < range.upperBound {
                guard let digit = digit(bytes[index]) else { return nil }
                value = value &* 10 &+ digit
                index += 1
            }
        }
        for _ in places..<scale { value = value &* 10 }
        return value
    }

    @inlinable
    @inline(__always)
    static func digit(_ byte: UInt8) -> Int64? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? Int64(value) : nil
    }
}

extension RawSpan {
    /// The integer of a literal `-?digits`; nil for anything else and out of range.
    func integer(_ range: Range<Int>) -> Int64? {
        var index = range.lowerBound
        let isNegative = index < range.upperBound && self[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < range.upperBound else { return nil }
        var value: Int64 = 0
        while index < range.upperBound {
            guard let digit = FixedPoint.digit(self[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = product.subtractingReportingOverflow(digit)
            if overflow || overflowToo { return nil }
            // Counted downwards, for the smallest integer has no positive.
            value = sum
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
