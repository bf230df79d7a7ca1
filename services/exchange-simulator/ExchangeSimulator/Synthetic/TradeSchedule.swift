/// When each trade of a synthetic symbol happens.
///
/// Ids run from 0 at the anchor on, at a rate that is exact over every block of 64 trades. Inside a block, groups of 8
/// trades share the time unevenly, so that the market has bursts and pauses.
struct TradeSchedule: Sendable {
    /// 14 July 2017, 02:40:00 UTC: the day on which Binance opened.
    static let anchorMicros: Int64 = 1_500_000_000_000_000
    static let tradesPerGroup: Int64 = 8
    private static let groupsPerBlock: Int64 = 8

    private let key: UInt64
    /// Trades in 1,000 seconds, 1 or more.
    let rateMilli: Int64

    init(key: UInt64, rateMilli: Int64) {
        self.key = key
        self.rateMilli = rateMilli
    }

    /// The time of a group: all its trades fall into `start..<start + length`.
    struct Slot: Sendable {
        let startMicros: Int64
        let lengthMicros: Int64
    }

    func slot(ofGroup group: Int64) -> Slot {
        let (block, place) = group.quotientAndRemainder(dividingBy: Self.groupsPerBlock)
        let start = blockStart(block)
        let length = blockStart(block + 1) - start
        var before: Int64 = 0
        var own: Int64 = 0
        var total: Int64 = 0
        for other in 0..<Self.groupsPerBlock {
            let weight = weight(block * Self.groupsPerBlock + other)
            if other < place { before += weight }
            if other == place { own = weight }
            total += weight
        }
        let slotStart = length * before / total
        let slotEnd = length * (before + own) / total
        return Slot(startMicros: start + slotStart, lengthMicros: slotEnd - slotStart)
    }

    /// The last group that begins at a time or before; negative before the anchor.
    func group(atMicros time: Int64) -> Int64 {
        guard time >= Self.anchorMicros else { return -1 }
        let tradesOfBlock = Int128(Self.groupsPerBlock * Self.tradesPerGroup) * 1_000_000_000
        var block = Int64(Int128(time - Self.anchorMicros) * Int128(rateMilli) / tradesOfBlock)
        // The starts are rounded down, so that the quotient may be one too low.
        while blockStart(block + 1) <= time { block += 1 }
        let first = block * Self.groupsPerBlock
        var group = first + Self.groupsPerBlock - 1
        while group > first, slot(ofGroup: group).startMicros > time { group -= 1 }
        return group
    }

    private func blockStart(_ block: Int64) -> Int64 {
        let trades = Int128(block * Self.groupsPerBlock * Self.tradesPerGroup)
        return Self.anchorMicros + Int64(trades * 1_000_000_000 / Int128(rateMilli))
    }

    /// 1 to 255, small ones more often: a small share of the block's time is a burst.
    private func weight(_ group: Int64) -> Int64 {
        let value = Int64(Mixing.hash(key, group) & 0xFF)
        return 1 + value * value / 256
    }
}
