import MarketCore

/// Times as venues write them (RFC 3339, section 5.6): `2026-08-09T21:05:42.514318Z`.
package enum RFC3339 {
    /// Unix microseconds; what is finer is cut off. Nil for anything else, or a time before 1970.
    package static func micros(_ text: String) -> Int64? {
        var digits = text.utf8[...]
        func number(_ count: Int) -> Int64? {
            guard digits.count >= count else { return nil }
            var value: Int64 = 0
            for byte in digits.prefix(count) {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            digits = digits.dropFirst(count)
            return value
        }
        func skip(_ characters: String) -> Bool {
            guard let first = digits.first, characters.utf8.contains(first) else { return false }
            digits = digits.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            (1970...9999).contains(year), (1...12).contains(month),
            (1...CivilDate.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            var scale: Int64 = 100_000
            var count = 0
            while let digit = number(1) {
                fraction += digit * scale
                scale /= 10
                count += 1
            }
            guard (1...9).contains(count) else { return nil }
        }
        var offset: Int64 = 0
        if !skip("Zz") {
            let isEast = digits.first == UInt8(ascii: "+")
            guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = (hours * 60 + minutes) * (isEast ? 60 : -60)
        }
        guard digits.isEmpty else { return nil }
        let seconds =
            CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
            - offset
        guard seconds >= 0 else { return nil }
        return seconds * 1_000_000 + fraction
    }

}
