import MarketCore

/// A made-up log of a partition, with everything that can happen to one.
struct History {
    /// What may happen in it.
    struct Hazards: OptionSet {
        let rawValue: Int
        static let shuffled = Hazards(rawValue: 1 << 0)
        static let scattered = Hazards(rawValue: 1 << 1)
        static let doubled = Hazards(rawValue: 1 << 2)
        static let missing = Hazards(rawValue: 1 << 3)
        static let backfilled = Hazards(rawValue: 1 << 4)
        static let aggregates = Hazards(rawValue: 1 << 5)
        static let zeroQuantities = Hazards(rawValue: 1 << 6)
        static let wildTimes = Hazards(rawValue: 1 << 7)
        static let unorderedTimes = Hazards(rawValue: 1 << 8)
        static let controls = Hazards(rawValue: 1 << 9)
        static let generations = Hazards(rawValue: 1 << 10)
        static let all = Hazards(rawValue: (1 << 11) - 1)
    }

    private(set) var log: [LogRecord] = []
    private var random: SeededRandom
    private let hazards: Hazards

    init(seed: UInt64, hazards: Hazards, trades: ClosedRange<Int64> = 10...60) {
        random = SeededRandom(seed: seed)
        self.hazards = hazards
        let keys = ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"].prefix(Int(random.int(1...3)))
        var streams: [[LogRecord]] = []
        var late: [LogRecord] = []
        for key in keys {
            var (stream, held) = market(key, count: random.int(trades))
            disturb(&stream)
            streams.append(stream)
            late += held
        }
        log = interleave(streams)
        if hazards.contains(.backfilled) {
            if random.once(in: 2) { late.shuffle(using: &random) }
            for record in late { log.insert(record, at: Int(random.int(Int64(log.count / 2)...Int64(log.count)))) }
        }
        if hazards.contains(.doubled) {
            for _ in 0..<random.int(0...Int64(log.count / 3)) {
                let position = Int(random.int(0...Int64(log.count - 1)))
                log.insert(log[position], at: Int(random.int(Int64(position)...Int64(log.count))))
            }
        }
        if hazards.contains(.controls) { addControls(Array(keys)) }
    }

    /// The trades of a market in the venue's order, and those that come later or never.
    private mutating func market(_ key: String, count: Int64) -> (stream: [LogRecord], held: [LogRecord]) {
        var stream: [LogRecord] = []
        var held: [LogRecord] = []
        var id = random.int(500...600)
        var time = random.int(0...hour)
        let pace = random.pick([second / 10, second, 20 * second])
        var holding: Int64 = 0
        for _ in 0..<count {
            time += random.once(in: 40) ? random.int(0...5 * hour) : random.int(0...pace)
            let ids = hazards.contains(.aggregates) && random.once(in: 3) ? random.int(1...4) : 1
            let isZero = hazards.contains(.zeroQuantities) && random.once(in: 3)
            let jitter = hazards.contains(.unorderedTimes) ? random.int(0...4 * second) : 0
            var at = time + jitter
            if hazards.contains(.wildTimes), random.once(in: 25) { at += random.int(0...3 * hour) }
            let record = LogRecord.trade(
                key, id: id + ids - 1, count: ids, price: "\(random.int(1...99)).\(random.int(1...9))",
                quantity: isZero ? "0" : "0.\(random.int(1...999))", side: random.once(in: 2) ? .buy : .sell, at: at,
                recordAt: random.once(in: 2) ? time + random.int(0...second) : nil)
            id += ids
            if hazards.contains(.missing), holding == 0, random.once(in: 8) { holding = random.int(1...6) }
            if holding > 0 {
                holding -= 1
                if !random.once(in: 4) { held.append(record) }
            } else {
                stream.append(record)
            }
        }
        return (stream, held)
    }

    private mutating func disturb(_ stream: inout [LogRecord]) {
        if hazards.contains(.scattered), random.once(in: 3) {
            stream.shuffle(using: &random)
        } else if hazards.contains(.shuffled) {
            let distance = Int(random.pick([2, 4, 12]))
            for start in stride(from: 0, to: stream.count, by: distance) {
                stream[start..<min(start + distance, stream.count)].shuffle(using: &random)
            }
        }
        guard hazards.contains(.aggregates) else { return }
        for _ in 0..<random.int(0...3) {
            // An aggregate cut differently, as another producer may send it.
            guard var other = stream.randomElement(using: &random), var trade = other.trade else { continue }
            trade.tradeCount = random.int(1...5)
            trade.tradeID += random.int(-2...2)
            other.content = .trade(trade)
            stream.insert(other, at: Int(random.int(0...Int64(stream.count))))
        }
    }

    private mutating func interleave(_ streams: [[LogRecord]]) -> [LogRecord] {
        var rest = streams.map { $0[...] }
        var log: [LogRecord] = []
        while let index = rest.indices.filter({ !rest[$0].isEmpty }).randomElement(using: &random) {
            log.append(rest[index].removeFirst())
        }
        return log
    }

    private mutating func addControls(_ keys: [String]) {
        for _ in 0..<random.int(0...6) {
            let first = random.int(495...700)
            let ids = first...(first + random.int(0...12))
            let content: ControlRecord.Content
            switch random.int(0...9) {
            case 0...4: content = .unavailable(ids)
            case 5...7: content = .reopen(ids)
            case 8: content = .rejected(random.pick([.malformed, .keyMismatch]), detail: "made up")
            default: content = hazards.contains(.generations) ? .newGeneration : .unavailable(ids)
            }
            log.insert(
                .control(content, key: random.pick(keys)), at: Int(random.int(0...Int64(log.count))))
        }
    }
}
