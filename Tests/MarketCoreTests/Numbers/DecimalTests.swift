import MarketCore
import SimulatedMarket
import Testing

/// Decimals against arithmetic on digit strings, which has neither a scale nor a limit.
struct DecimalTests {
    /// A decimal as a string of digits and the place of the point.
    struct Digits {
        var isNegative: Bool
        var digits: [UInt8]
        /// Decimal places; may be negative.
        var places: Int

        /// The same times 10^scale, as text of an integer; nil if it is none.
        func scaled(by scale: Int) -> String? {
            var digits = digits
            let shift = scale - places
            if shift >= 0 {
                digits += [UInt8](repeating: 0, count: shift)
            } else {
                guard digits.suffix(-shift).allSatisfy({ $0 == 0 }) else { return nil }
                digits.removeLast(min(-shift, digits.count))
            }
            let text = digits.drop { $0 == 0 }.map(String.init).joined()
            return text.isEmpty ? "0" : (isNegative ? "-" : "") + text
        }
    }

    @Test func everyRawValuePrintsAndReadsBack() throws {
        let seed: UInt64 = 11
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 {
            let bits = random.int(0...126)
            let magnitude = Int128(UInt128.random(in: 0...(UInt128(1) << UInt128(bits)), using: &random))
            let raw = random.once(in: 2) ? magnitude : -magnitude
            let amount = QuoteAmount(raw: raw)
            #expect(amount.description == reference(raw, scale: 16), "seed \(seed)")
            #expect(QuoteAmount(amount.description) == amount, "seed \(seed)")
            let quantity = Quantity(raw: raw)
            #expect(quantity.description == reference(raw, scale: 8), "seed \(seed)")
            #expect(Quantity(quantity.formatted(minimumFraction: 8)) == quantity, "seed \(seed)")
            let price = Price(raw: Int64(truncatingIfNeeded: raw))
            #expect(Price(price.description) == price, "seed \(seed)")
        }
    }

    private func reference(_ raw: Int128, scale: Int) -> String {
        var digits = Array(String(raw.magnitude))
        while digits.count <= scale { digits.insert("0", at: 0) }
        var fraction = digits.suffix(scale)
        while fraction.last == "0" { fraction.removeLast() }
        let whole = String(digits.dropLast(scale))
        return (raw < 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + String(fraction))
    }

    @Test func everySpellingIsReadExactly() {
        let seed: UInt64 = 12
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 {
            let whole = (0..<random.int(1...12)).map { _ in UInt8(random.once(in: 2) ? 0 : random.int(0...9)) }
            let fraction = (0..<random.int(0...12)).map { _ in UInt8(random.once(in: 2) ? 0 : random.int(0...9)) }
            let exponent = random.once(in: 3) ? Int(random.int(-12...12)) : 0
            let isNegative = random.once(in: 4)
            var text = (isNegative ? "-" : "") + whole.map(String.init).joined()
            if !fraction.isEmpty { text += "." + fraction.map(String.init).joined() }
            if exponent != 0 {
                text += random.pick(["e", "E"]) + (exponent > 0 ? random.pick(["", "+"]) : "") + "\(exponent)"
            }
            let digits = Digits(
                isNegative: isNegative, digits: whole + fraction, places: fraction.count - exponent)
            let expected = digits.scaled(by: 8).flatMap { Int128($0) }
            #expect(Quantity(text)?.raw == expected, "\(text), seed \(seed)")
        }
    }

    @Test(arguments: [
        "", "-", ".", ".5", "5.", "1.e3", "e5", "1e", "1e+", "1e-", "+1", " 1", "1 ", "1,5", "0x10", "1.2.3", "1e5.0",
        "NaN", "Infinity", "--1", "1-", "٣", "1e5e5", "1_000",
    ])
    func malformedTextIsRefused(_ text: String) {
        #expect(throws: DecimalError.malformed) { try Price(parsing: text.utf8) }
    }

    @Test func limitsAreExact() throws {
        #expect(Price("92233720368.54775807")?.raw == Int64.max)
        #expect(throws: DecimalError.overflow) { try Price(parsing: "92233720368.54775808".utf8) }
        #expect(throws: DecimalError.overflow) { try Quantity(parsing: "9e38".utf8) }
        #expect(throws: DecimalError.overflow) { try Quantity(parsing: "1e999999999999999999999999".utf8) }
        #expect(throws: DecimalError.tooPrecise) { try Price(parsing: "0.000000001".utf8) }
        #expect(throws: DecimalError.tooPrecise) { try Price(parsing: "1e-999999999999999999999999".utf8) }
        #expect(Price("0.000000010")?.raw == 1)
        #expect(Price("0e999999999999") == Price(raw: 0))
        #expect(Price("-0.0")?.description == "0")
    }

    @Test func manyZerosAreNoOverflow() {
        let zeros = String(repeating: "0", count: 20_000)
        #expect(Price("1.\(zeros)")?.description == "1")
        #expect(Price("\(zeros)7")?.description == "7")
        #expect(Price("1\(zeros)e-20000")?.description == "1")
        #expect(Price("0.\(zeros)1e20001")?.description == "1")
        #expect(Price("0.\(zeros)1e30001") == nil)
    }

    @Test func fixedPlacesAreKept() {
        #expect(Price("67000.01")?.formatted(minimumFraction: 8) == "67000.01000000")
        #expect(Price("67000")?.formatted(minimumFraction: 0) == "67000")
        #expect(Price("67000.5")?.formatted(minimumFraction: 2) == "67000.50")
        #expect(Quantity("-0.00000001")?.formatted(minimumFraction: 8) == "-0.00000001")
    }

    @Test func productsAreExact() throws {
        let price = try #require(Price("67000.01"))
        let quantity = try #require(Quantity("0.001"))
        #expect(QuoteAmount(price, times: quantity)?.description == "67.00001")
        let smallest = QuoteAmount(Price(raw: 1), times: Quantity(raw: 1))
        #expect(smallest?.description == "0.0000000000000001")
        var random = SeededRandom(seed: 13)
        for _ in 0..<5_000 {
            let price = Price(raw: random.int(-(1 << 50)...(1 << 50)))
            let quantity = Quantity(raw: Int128(random.int(.min ... .max)) >> Int128(random.int(0...60)))
            #expect(QuoteAmount(price, times: quantity)?.raw == Int128(price.raw) * quantity.raw, "seed 13")
        }
    }

    @Test func aVolumeOf1e15UnitsIsFarFromTheEnd() throws {
        var sum = Quantity.zero
        let part = try #require(Quantity("1000000000000000.00000001"))
        for _ in 0..<1_000 { sum = try #require(sum.adding(part)) }
        #expect(sum.description == "1000000000000000000.00001")
        #expect(Quantity(raw: .max).adding(Quantity(raw: 1)) == nil)
        #expect(QuoteAmount(raw: .max).adding(QuoteAmount(raw: 1)) == nil)
        #expect(QuoteAmount(Price(raw: .max), times: Quantity(raw: .max)) == nil)
    }
}
