import MarketCore

// The one room of this module where spans meet buffer pointers: inside these closures, never kept.
extension RawSpan {
    /// The byte at an offset; out of bounds traps, as everywhere in a span.
    subscript(_ offset: Int) -> UInt8 {
        @inline(__always) get { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
    }

    /// A copy of the bytes.
    func copied(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes { Array($0) }
    }

    /// The text of bytes that were found to be UTF-8; anything else is repaired.
    func text(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the bytes at `offset` are these. Words are compared, which with a literal the compiler knows beforehand.
    @inlinable
    @inline(__always)
    package func holds(_ expected: StaticString, at offset: Int) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard expected.hasPointerRepresentation, offset >= 0, count <= byteCount - offset else { return false }
        let literal = UnsafeRawPointer(expected.utf8Start)
        return withUnsafeBytes { raw in
            func differs<Word: FixedWidthInteger & BitwiseCopyable>(_ position: Int, _: Word.Type) -> Bool {
                raw.loadUnaligned(fromByteOffset: offset + position, as: Word.self)
                    != literal.loadUnaligned(fromByteOffset: position, as: Word.self)
            }
            var position = 0
            while position + 8 <= count {
                if differs(position, UInt64.self) { return false }
                position += 8
            }
            // The rest overlaps what was compared already.
            if position == count { return true }
            if count >= 8 { return !differs(count - 8, UInt64.self) }
            if count >= 4 { return !differs(0, UInt32.self) && !differs(count - 4, UInt32.self) }
            while position < count {
                if differs(position, UInt8.self) { return false }
                position += 1
            }
            return true
        }
    }

    /// Whether the `count` bytes at `offset` are these.
    func holds(_ expected: StaticString, at offset: Int, count: Int) -> Bool {
        count == expected.utf8CodeUnitCount && holds(expected, at: offset)
    }

    /// Whether the `count` bytes at `offset`, which are there, are these.
    func holds(_ expected: String, at offset: Int, count: Int) -> Bool {
        guard count == expected.utf8.count else { return false }
        return extracting(offset..<(offset + count)).withUnsafeBytes { $0.elementsEqual(expected.utf8) }
    }

    /// Whether the bytes are these.
    func equals(_ other: RawSpan) -> Bool {
        withUnsafeBytes { left in other.withUnsafeBytes { right in left.elementsEqual(right) } }
    }

    /// Reads a decimal without rounding.
    func decimal<Number: ExactDecimal>(_ range: Range<Int>, as: Number.Type) throws(DecimalError) -> Number {
        try extracting(range).withUnsafeBytes { bytes throws(DecimalError) in try Number(parsing: bytes) }
    }
}

extension InstrumentTable {
    /// The index of a key that is known already.
    @inline(__always)
    package func knownIndex(ofKey key: RawSpan) -> Int32? {
        key.withUnsafeBytes { raw in raw.withMemoryRebound(to: UInt8.self) { knownIndex(ofKey: $0.span) } }
    }

    /// Whether the instrument is the one that a record's text names.
    @inline(__always)
    func isInstrument(_ index: Int32, in bytes: RawSpan, venue: Range<Int>, symbol: Range<Int>) -> Bool {
        bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { buffer in
                let span = buffer.span
                return isInstrument(index, venue: span.extracting(venue), symbol: span.extracting(symbol))
            }
        }
    }
}
