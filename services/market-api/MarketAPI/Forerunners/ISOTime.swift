import MarketCore

/// Times as ISO 8601 writes them, in UTC: `2024-01-01T12:00:00Z`.
enum ISOTime {
    /// - Parameter micros: unix microseconds.
    static func text(micros: Int64) -> String {
        let (seconds, fraction) = floorDivide(micros, 1_000_000)
        let (days, secondOfDay) = floorDivide(seconds, 86_400)
        let date = CivilDate(daysSince1970: days)
        var text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
        text += "\(padded(secondOfDay / 3_600, 2)):\(padded(secondOfDay / 60 % 60, 2)):\(padded(secondOfDay % 60, 2))"
        if fraction > 0 { text += ".\(padded(fraction, 6))" }
        return text + "Z"
    }

    /// Reads a date, or a date and a time with or without seconds, fraction and zone; without a zone it is UTC.
    ///
    /// - Returns: unix microseconds, what is finer cut off; nil for anything else, and for a time before 1970 or after
    ///   2199.
    static func micros(_ text: String) -> Int64? {
        var reader = Reader(rest: text.utf8[...])
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), (1970...2199).contains(year), (1...12).contains(month),
            (1...CivilDate.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        var micros = CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400_000_000
        // A plus sign in a query is a space.
        if reader.skip("T") || reader.skip("t") || reader.skip(" ") {
            guard let time = reader.timeOfDay() else { return nil }
            micros += time
        }
        return reader.rest.isEmpty && micros >= 0 ? micros : nil
    }

    private struct Reader {
        var rest: Substring.UTF8View

        mutating func number(_ count: Int) -> Int64? {
            guard rest.count >= count else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(count) {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            rest = rest.dropFirst(count)
            return value
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == character.value else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// Microseconds since midnight UTC, the zone taken off.
        mutating func timeOfDay() -> Int64? {
            guard let hour = number(2), skip(":"), let minute = number(2), hour < 24, minute < 60 else { return nil }
            var micros = (hour * 3_600 + minute * 60) * 1_000_000
            if skip(":") {
                guard let second = number(2), second < 60 else { return nil }
                micros += second * 1_000_000
                if skip(".") {
                    var scale: Int64 = 100_000
                    guard let first = number(1) else { return nil }
                    var digit: Int64? = first
                    while let value = digit {
                        micros += value * scale
                        scale /= 10
                        digit = number(1)
                    }
                }
            }
            if rest.isEmpty || skip("Z") || skip("z") { return micros }
            let isBehind = skip("-")
            guard isBehind || skip("+") || skip(" "), let hours = number(2), hours < 24 else { return nil }
            _ = skip(":")
            guard let minutes = rest.isEmpty ? 0 : number(2), minutes < 60 else { return nil }
            let offset = (hours * 3_600 + minutes * 60) * 1_000_000
            return isBehind ? micros + offset : micros - offset
        }
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, _ places: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, places - digits.count)) + digits
    }

}
