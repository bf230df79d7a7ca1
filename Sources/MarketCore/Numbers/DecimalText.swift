/// Why a decimal's text was refused.
public enum DecimalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not of the form `-?digits[.digits][e[+-]digits]`.
    case malformed
    /// More than the type's decimal places that are not zero: rounding would lose money.
    case tooPrecise
    /// Outside the type's range.
    case overflow

    public var description: String {
        switch self {
        case .malformed: "not a decimal number"
        case .tooPrecise: "more decimal places than can be held exactly"
        case .overflow: "too large"
        }
    }
}

/// Exact fixed-point arithmetic on text. All types of this folder share it.
enum DecimalText {
    /// The digits of `bytes` as an integer scaled by 10^`scale`.
    ///
    /// - Parameters:
    ///   - bytes: ASCII, with no space around it. An exponent is accepted: Kraken's JSON numbers may carry one.
    ///   - scale: decimal places of the result.
    static func parse(_ bytes: some Collection<UInt8>, scale: Int) throws(DecimalError) -> Int128 {
        var value: Int128 = 0
        var hasDigits = false
        var hasPoint = false
        var fraction = 0
        var exponent = 0
        // Zeros are held back until another digit follows, so that "1.000…0" of any length is no overflow.
        var pendingZeros = 0
        var index = bytes.startIndex
        let isNegative = index < bytes.endIndex && bytes[index] == UInt8(ascii: "-")
        if isNegative { index = bytes.index(after: index) }
        loop: while index < bytes.endIndex {
            let byte = bytes[index]
            index = bytes.index(after: index)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                hasDigits = true
                if hasPoint { fraction += 1 }
                if byte == UInt8(ascii: "0") {
                    pendingZeros += 1
                    continue
                }
                let (sum, overflow) = try scaled(value, byPowerOfTen: pendingZeros + 1)
                    .addingReportingOverflow(Int128(byte &- UInt8(ascii: "0")))
                guard !overflow else { throw .overflow }
                value = sum
                pendingZeros = 0
            case UInt8(ascii: "."):
                guard !hasPoint, hasDigits, index < bytes.endIndex, isDigit(bytes[index]) else { throw .malformed }
                hasPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                guard hasDigits else { throw .malformed }
                exponent = try parseExponent(bytes[index...])
                break loop
            default:
                throw .malformed
            }
        }
        guard hasDigits else { throw .malformed }
        guard value != 0 else { return 0 }
        let shift = scale + pendingZeros - fraction + exponent
        if shift >= 0 {
            value = try scaled(value, byPowerOfTen: shift)
        } else {
            // Ends by the 39th step at the latest, whatever the exponent: the value has no more digits.
            for _ in 0..<(-shift) {
                let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
                guard remainder == 0 else { throw .tooPrecise }
                value = quotient
            }
        }
        return isNegative ? -value : value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func parseExponent(_ bytes: some Collection<UInt8>) throws(DecimalError) -> Int {
        var rest = bytes[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty else { throw .malformed }
        var exponent = 0
        for byte in rest {
            guard isDigit(byte) else { throw .malformed }
            // Beyond any text's length it makes no difference how large it is.
            exponent = min(exponent * 10 + Int(byte &- UInt8(ascii: "0")), 1 << 48)
        }
        return isNegative ? -exponent : exponent
    }

    private static func scaled(_ value: Int128, byPowerOfTen power: Int) throws(DecimalError) -> Int128 {
        guard value != 0 else { return 0 }
        var result = value
        for _ in 0..<power {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            guard !overflow else { throw .overflow }
            result = product
        }
        return result
    }

    /// Appends `raw` / 10^`scale` with at least `minimumFraction` decimal places and no further trailing zeros.
    static func append(
        _ raw: Int128, scale: Int, minimumFraction: Int, to bytes: inout some RangeReplaceableCollection<UInt8>
    ) {
        if raw < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = raw.magnitude
        // 39 digits hold any Int128; the scale may ask for leading zeros.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer in
            var count = 0
            while magnitude > UInt128(UInt64.max) {
                let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
                buffer[count] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
                magnitude = quotient
                count += 1
            }
            var small = UInt64(truncatingIfNeeded: magnitude)
            while small > 0 || count <= scale {
                let (quotient, remainder) = small.quotientAndRemainder(dividingBy: 10)
                buffer[count] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
                small = quotient
                count += 1
            }
            var dropped = 0
            while dropped < scale - minimumFraction, buffer[dropped] == UInt8(ascii: "0") { dropped += 1 }
            for position in stride(from: count - 1, through: scale, by: -1) { bytes.append(buffer[position]) }
            guard dropped < scale else { return }
            bytes.append(UInt8(ascii: "."))
            for position in stride(from: scale - 1, through: dropped, by: -1) { bytes.append(buffer[position]) }
        }
    }
}
