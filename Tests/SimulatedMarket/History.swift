import MarketCore

/// A made-up log of a partition, with everything that can happen to one.
package struct History {
    /// What may happen in it.
    package struct Hazards: OptionSet, Hashable, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let shuffled = Hazards(rawValue: 1 << 0)
        package static let scattered = Hazards(rawValue: 1 << 1)
        package static let doubled = Hazards(rawValue: 1 << 2)
        package static let missing = Hazards(rawValue: 1 << 3)
        package static let backfilled = Hazards(rawValue: 1 << 4)
        package static let aggregates = Hazards(rawValue: 1 << 5)
        package static let zeroQuantities = Hazards(rawValue: 1 << 6)
        package static let wildTimes = Hazards(rawValue: 1 << 7)
        package static let unorderedTimes = Hazards(rawValue: 1 << 8)
        package static let controls = Hazards(rawValue: 1 << 9)
        package static let generations = Hazards(rawValue: 1 << 10)
        /// Silences of up to 30 hours, so that what comes late is as late.
        package static let farTimes = Hazards(rawValue: 1 << 11)
        /// A second producer sends the same trades, in another order and not all of them.
        package static let twoProducers = Hazards(rawValue: 1 << 12)
        /// A producer restarts and sends again what it had sent.
        package static let resends = Hazards(rawValue: 1 << 13)
        /// Ids start anew, or jump by 10^12.
        package static let renumbered = Hazards(rawValue: 1 << 14)

        package static let all = Hazards(rawValue: (1 << 15) - 1)

        package static let names: [(name: String, hazard: Hazards)] = [
            ("shuffled", .shuffled), ("scattered", .scattered), ("doubled", .doubled), ("missing", .missing),
            ("backfilled", .backfilled), ("aggregates", .aggregates), ("zero-quantities", .zeroQuantities),
            ("wild-times", .wildTimes), ("unordered-times", .unorderedTimes), ("controls", .controls),
            ("generations", .generations), ("far-times", .farTimes), ("two-producers", .twoProducers),
            ("resends", .resends), ("renumbered", .renumbered),
        ]
    }

    package private(set) var log: [LogRecord] = []
    private var random: SeededRandom
    private let hazards: Hazards

    /// - Parameters:
    ///   - trades: how many of each market.
    ///   - keys: the markets to choose from.
    package init(
        seed: UInt64, hazards: Hazards, trades: ClosedRange<Int64> = 10...60,
        keys: [String] = ["BTCUSDT", "ETHUSDT", "kraken:BTC/USD"]
    ) {
        random = SeededRandom(seed: seed)
        self.hazards = hazards
        let keys = keys.prefix(Int(random.int(1...Int64(keys.count))))
        var streams: [[LogRecord]] = []
        var late: [LogRecord] = []
        for key in keys {
            var (stream, held) = market(key, count: random.int(trades))
            let untouched = stream
            disturb(&stream)
            streams.append(stream)
            if hazards.contains(.twoProducers) { streams.append(otherProducer(untouched)) }
            late += held
        }
        log = interleave(streams)
        if hazards.contains(.resends), !log.isEmpty {
            for _ in 0..<random.int(0...2) {
                let end = Int(random.int(1...Int64(log.count)))
                let start = max(0, end - Int(random.int(1...15)))
                log.insert(contentsOf: log[start..<end], at: end)
            }
        }
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
            time +=
                random.once(in: 40)
                ? random.int(0...(hazards.contains(.farTimes) ? 30 : 5) * hour) : random.int(0...pace)
            if hazards.contains(.renumbered), random.once(in: 60) { renumber(key, &id, &time, &stream) }
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

    /// The venue numbers anew or wildly, and sometimes a person says so.
    private mutating func renumber(_ key: String, _ id: inout Int64, _ time: inout Int64, _ stream: inout [LogRecord]) {
        time += 2 * minute
        id = random.once(in: 2) ? random.int(1...10) : id + 1_000_000_000_000
        if random.once(in: 2) { stream.append(.control(.newGeneration, key: key)) }
    }

    private mutating func otherProducer(_ stream: [LogRecord]) -> [LogRecord] {
        var other = stream
        other.removeAll { _ in random.once(in: 5) }
        disturb(&other)
        return other
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
            guard trade.firstTradeID >= 0 else { continue }
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
