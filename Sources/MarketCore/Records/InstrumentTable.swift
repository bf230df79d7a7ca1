/// The instruments of one partition, numbered densely in the order of their first appearance.
///
/// Looking up a known key makes no string and takes no memory.
public struct InstrumentTable: ~Copyable, Sendable {
    /// Instruments it takes at most.
    public let limit: Int
    /// The instruments, by index.
    public private(set) var instruments: [Instrument] = []
    /// All key texts one after the other, and where each ends.
    private var keyBytes: [UInt8] = []
    private var keyEnds: [Int] = [0]
    /// Open addressing: index of the instrument or -1; a power of two, at most half full.
    private var slots: [Int32]
    private var hashes: [UInt32] = []

    /// - Parameter limit: 1 or more.
    public init(limit: Int) {
        self.limit = max(1, min(limit, Int(Int32.max)))
        slots = .init(repeating: -1, count: 64)
    }

    public var count: Int { instruments.count }

    /// The index of the instrument of this key text, given out anew if it was not known.
    ///
    /// - Throws: ``InstrumentTableError``.
    public mutating func index(ofKey key: Span<UInt8>) throws(InstrumentTableError) -> Int32 {
        let hash = Self.hash(key)
        if let known = find(key, hash: hash) { return known }
        return try insert(key, hash: hash)
    }

    /// The same for a key that is text already.
    public mutating func index(ofKey key: String) throws(InstrumentTableError) -> Int32 {
        try index(ofKey: Array(key.utf8).span)
    }

    /// The index of the instrument of this key text if it is known.
    public func knownIndex(ofKey key: Span<UInt8>) -> Int32? { find(key, hash: Self.hash(key)) }

    /// The instrument's key text.
    public func key(_ index: Int32) -> String { instruments[Int(index)].key }

    /// Whether the instrument is this venue's symbol, both in canonical case.
    public func isInstrument(_ index: Int32, venue: Span<UInt8>, symbol: Span<UInt8>) -> Bool {
        let range = keyEnds[Int(index)]..<keyEnds[Int(index) + 1]
        let key = keyBytes.span.extracting(range)
        let isBare = key.count == symbol.count
        if isBare {
            return Self.isEqual(venue, Self.defaultVenue) && Self.isEqual(key, symbol)
        }
        guard key.count == venue.count + 1 + symbol.count, key[venue.count] == UInt8(ascii: ":") else { return false }
        return Self.isEqual(key.extracting(first: venue.count), venue)
            && Self.isEqual(key.extracting(last: symbol.count), symbol)
    }
}

extension InstrumentTable {
    private static let defaultVenue = Array(Instrument.defaultVenue.utf8)

    private static func isEqual(_ left: Span<UInt8>, _ right: [UInt8]) -> Bool { isEqual(left, right.span) }

    private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        let count = left.count
        guard count == right.count else { return false }
        guard count >= 8 else {
            for position in left.indices where left[position] != right[position] { return false }
            return true
        }
        var position = 0
        while position + 8 <= count {
            guard word(left, position) == word(right, position) else { return false }
            position += 8
        }
        // The rest overlaps what was compared already.
        return position == count || word(left, count - 8) == word(right, count - 8)
    }

    /// Keys are short and come from configured markets; `limit` bounds what a hostile one can do.
    private static func hash(_ key: Span<UInt8>) -> UInt32 {
        var hash = UInt64(truncatingIfNeeded: key.count)
        var position = 0
        while position + 8 <= key.count {
            hash = mixed(hash, word(key, position))
            position += 8
        }
        if position < key.count, key.count >= 8 {
            hash = mixed(hash, word(key, key.count - 8))
        } else {
            while position < key.count {
                hash = mixed(hash, UInt64(key[position]))
                position += 1
            }
        }
        return UInt32(truncatingIfNeeded: hash)
    }

    /// The multiplier is 2^64 divided by the golden ratio; the product's upper half has of every bit.
    private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    private static func word(_ bytes: Span<UInt8>, _ position: Int) -> UInt64 {
        bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
    }

    private func find(_ key: Span<UInt8>, hash: UInt32) -> Int32? {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash,
                Self.isEqual(key, keyBytes.span.extracting(keyEnds[index]..<keyEnds[index + 1]))
            {
                return slots[slot]
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private mutating func insert(_ key: Span<UInt8>, hash: UInt32) throws(InstrumentTableError) -> Int32 {
        var bytes: [UInt8] = []
        for position in key.indices.prefix(64) { bytes.append(key[position]) }
        let text = String(decoding: bytes, as: UTF8.self)
        let instrument: Instrument
        do {
            instrument = try Instrument(key: text)
        } catch {
            throw .malformedKey(error)
        }
        guard instrument.key.utf8.elementsEqual(bytes), bytes.count == key.count else { throw .notCanonical(text) }
        guard instruments.count < limit else { throw .full(limit: limit) }
        let index = Int32(instruments.count)
        instruments.append(instrument)
        keyBytes.append(contentsOf: bytes)
        keyEnds.append(keyBytes.count)
        hashes.append(hash)
        if instruments.count * 2 > slots.count {
            slots = .init(repeating: -1, count: slots.count * 2)
            for known in 0..<instruments.count { place(Int32(known)) }
        } else {
            place(index)
        }
        return index
    }

    private mutating func place(_ index: Int32) {
        let mask = slots.count - 1
        var slot = Int(hashes[Int(index)]) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = index
    }
}

/// Why a key got no index.
public enum InstrumentTableError: Error, Hashable, Sendable, CustomStringConvertible {
    case malformedKey(InstrumentError)
    /// Another spelling of the instrument's key: two spellings would be two markets.
    case notCanonical(String)
    case full(limit: Int)

    public var description: String {
        switch self {
        case .malformedKey(let error): error.description
        case .notCanonical(let text): "'\(text)' is not how the instrument's key is written"
        case .full(let limit): "the partition has \(limit) instruments already, which is its limit"
        }
    }

    /// The reason under which a record with such a key is quarantined.
    public var quarantineReason: QuarantineReason {
        switch self {
        case .malformedKey, .notCanonical: .malformed
        case .full: .tooManyInstruments
        }
    }
}
