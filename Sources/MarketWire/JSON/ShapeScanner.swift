/// Steps through bytes of one known shape: each step finds exactly what it asks for or says that it is not there.
///
/// For the one way in which a program writes its messages, in front of a reader of any JSON that judges the rest. So
/// no step ever says why it gave up, and what one takes is always something that the general reader takes, too.
@usableFromInline
package struct ShapeScanner: ~Escapable {
    @usableFromInline let bytes: RawSpan
    @usableFromInline var position = 0

    @inlinable
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) { self.bytes = bytes }

    /// The next byte; 0 at the end.
    @inlinable
    package var byte: UInt8 {
        @inline(__always) get {
            position < bytes.byteCount ? bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self) : 0
        }
    }

    @inlinable
    package var isAtEnd: Bool {
        @inline(__always) get { position == bytes.byteCount }
    }

    /// Goes on behind `text` if it comes next.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func skip(_ text: StaticString) -> Bool {
        guard bytes.holds(text, at: position) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// Where the bytes up to the next quote are; nil where there is no quote. Whether they are a name that is known is
    /// for the caller to compare.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func name() -> Range<Int>? {
        let start = position
        while position < bytes.byteCount {
            if byte == UInt8(ascii: "\"") { return start..<position }
            position += 1
        }
        return nil
    }

    /// Goes on to the next quote, over printable ASCII without escapes alone.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func skipPlainText() -> Bool {
        while position < bytes.byteCount {
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"), 0..<0x20, 0x7f...: return false
            default: position += 1
            }
        }
        return false
    }

    /// Up to 18 digits as JSON writes them: no leading zeros.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func integer() -> Int64? {
        let start = position
        var value: Int64 = 0
        while position + 8 <= bytes.byteCount,
            let digits = EightDigits.parse(bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
        {
            value = value &* 100_000_000 &+ digits
            position += 8
        }
        while let digit = FixedPoint.digit(byte) {
            value = value &* 10 &+ digit
            position += 1
        }
        let count = position - start
        guard count > 0, count <= 18,
            count == 1 || bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) != UInt8(ascii: "0")
        else { return nil }
        return value
    }

    /// Up to 10 digits, a point and 8 digits, as one integer.
    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func money() -> Int64? {
        let start = position
        var value: Int64 = 0
        while let digit = FixedPoint.digit(byte) {
            value = value &* 10 &+ digit
            position += 1
        }
        guard position > start, position - start <= 10, position + 9 <= bytes.byteCount, byte == UInt8(ascii: "."),
            let fraction = EightDigits.parse(bytes.unsafeLoadUnaligned(fromByteOffset: position + 1, as: UInt64.self))
        else { return nil }
        position += 9
        return value &* 100_000_000 &+ fraction
    }

    @inlinable
    @inline(__always)
    @_lifetime(self: copy self)
    package mutating func bool() -> Bool? {
        if skip("true") { return true }
        return skip("false") ? false : nil
    }
}

/// Eight ASCII digits at once, in the bytes of one word.
@usableFromInline
enum EightDigits {
    /// Their value, or nil where one of the bytes is no digit.
    ///
    /// - Parameter word: as loaded from memory, the first digit at the lowest address.
    @inlinable
    @inline(__always)
    static func parse(_ word: UInt64) -> Int64? {
        let digits = UInt64(littleEndian: word) ^ 0x3030_3030_3030_3030
        // A digit is 0...9 now: adding 0x76 carries into the top bit of each byte that is larger, or had it already.
        guard ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 == 0 else { return nil }
        // Neighbours are joined to numbers of two, then four, then eight digits.
        let pairs = (digits &* 10 &+ digits >> 8) & 0x00ff_00ff_00ff_00ff
        let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_ffff_0000_ffff
        return Int64(truncatingIfNeeded: (fours &* 10_000 &+ fours >> 32) & 0xffff_ffff)
    }
}
