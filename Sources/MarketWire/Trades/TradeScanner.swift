import MarketCore

/// The fast parser: exactly what ``TradeRecord/encode(_:into:)`` writes, any digits, and nothing else.
///
/// Whatever looks only a little different is for the general parser to judge, so this one never says why it gave up.
struct TradeScanner: ~Escapable {
    private let bytes: RawSpan
    private var position = 0
    /// Where the venue's and the symbol's bytes are.
    private(set) var venue = 0..<0
    private(set) var symbol = 0..<0
    private(set) var tradeID: Int64 = 0
    private(set) var price: Int64 = 0
    private(set) var quantity: Int64 = 0
    private(set) var takerSide = TakerSide.buy
    private(set) var eventTimeMicros: Int64 = 0
    private(set) var receivedTimeMicros: Int64 = 0
    private(set) var tradeCount: Int64 = 1
    private(set) var aggregateID: Int64?

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    /// Reads the whole record.
    ///
    /// - Returns: false where it is not of the one shape, or its numbers are not a trade's.
    @_lifetime(self: copy self)
    mutating func scan() -> Bool {
        guard skip("{\"venue\":\""), let venue = name(), skip("\",\"symbol\":\""), let symbol = name(),
            skip("\",\"trade_id\":"), let tradeID = integer(),
            skip(",\"price\":\""), let price = money(), skip("\",\"quantity\":\""), let quantity = money(),
            skip("\",\"taker_side\":\""), let takerSide = side(),
            skip("\",\"event_time_us\":"), let eventTimeMicros = integer(),
            skip(",\"received_time_us\":"), let receivedTimeMicros = integer()
        else { return false }
        if byte != UInt8(ascii: "}"), skip(",\"trade_count\":") {
            guard let count = integer() else { return false }
            tradeCount = count
        }
        if byte != UInt8(ascii: "}"), skip(",\"aggregate_id\":") {
            guard let aggregate = integer() else { return false }
            aggregateID = aggregate
        }
        guard byte == UInt8(ascii: "}"), position + 1 == bytes.byteCount else { return false }
        self.venue = venue
        self.symbol = symbol
        self.tradeID = tradeID
        self.price = price
        self.quantity = quantity
        self.takerSide = takerSide
        self.eventTimeMicros = eventTimeMicros
        self.receivedTimeMicros = receivedTimeMicros
        return TradeBounds.tradeCounts.contains(tradeCount) && tradeID >= tradeCount - 1
            && (price > 0 || price == 0 && quantity == 0) && TradeBounds.timesMicros.contains(eventTimeMicros)
            && TradeBounds.timesMicros.contains(receivedTimeMicros)
    }

    /// The next byte; 0 at the end, which no record of this shape holds.
    private var byte: UInt8 { position < bytes.byteCount ? bytes[position] : 0 }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func skip(_ text: StaticString) -> Bool {
        guard bytes.holds(text, at: position) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// The bytes up to the next quote; whether they are the instrument's is for the caller to compare.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func name() -> Range<Int>? {
        let start = position
        while position < bytes.byteCount {
            if bytes[position] == UInt8(ascii: "\"") { return start..<position }
            position += 1
        }
        return nil
    }

    /// Up to 18 digits as JSON writes them: no leading zeros.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func integer() -> Int64? {
        let start = position
        var value: Int64 = 0
        while position + 8 <= bytes.byteCount,
            let digits = EightDigits.parse(bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
        {
            value = value &* 100_000_000 &+ digits
            position += 8
        }
        while position < bytes.byteCount, let digit = FixedPoint.digit(bytes[position]) {
            value = value &* 10 &+ digit
            position += 1
        }
        let count = position - start
        guard count > 0, count <= 18, count == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        return value
    }

    /// Up to 10 digits, a point and 8 digits, as one integer.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func money() -> Int64? {
        let start = position
        var value: Int64 = 0
        while position < bytes.byteCount, let digit = FixedPoint.digit(bytes[position]) {
            value = value &* 10 &+ digit
            position += 1
        }
        guard position > start, position - start <= 10, position + 9 <= bytes.byteCount,
            bytes[position] == UInt8(ascii: "."),
            let fraction = EightDigits.parse(bytes.unsafeLoadUnaligned(fromByteOffset: position + 1, as: UInt64.self))
        else { return nil }
        position += 9
        return value &* 100_000_000 &+ fraction
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func side() -> TakerSide? {
        if skip("buy") { return .buy }
        return skip("sell") ? .sell : nil
    }
}

/// Eight ASCII digits at once, in the bytes of one word.
enum EightDigits {
    /// Their value, or nil where one of the bytes is no digit.
    ///
    /// - Parameter word: as loaded from memory, the first digit at the lowest address.
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
