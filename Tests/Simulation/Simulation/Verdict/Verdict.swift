import MarketCore
import MarketWire
import SimulatedMarket
import TradeProcessor

/// The oracle: what must hold once everything is at rest, worked out from the logs alone.
struct Verdict {
    private let world: World
    private let database: Database

    init(_ world: World) {
        self.world = world
        database = world.store.database
    }

    /// - Returns: what does not hold, or nil.
    func check() -> String? {
        var rowCount = 0
        var quarantined: [Database.QuarantineID: QuarantineReason] = [:]
        var late: Set<Database.LateID> = []
        for partition in 0..<world.scenario.partitions {
            guard let progress = database.progress[partition] else { return "partition \(partition) has no progress" }
            var oracle = Oracle(rules: world.rules)
            if let problem = fold(partition, progress, into: &oracle, &quarantined) { return problem }
            let (rows, lateHere) = expectedRows(oracle)
            late.formUnion(lateHere)
            rowCount += rows.count
            if let problem = compareRows(rows) ?? compareRedis(oracle) { return problem }
            if (progress.maxEventMicros ?? .min) > (oracle.maxEventMicros ?? .min) {
                return "partition \(partition): the largest event time is \(progress.maxEventMicros ?? 0), no trade's"
            }
        }
        if database.rows.count != rowCount { return "\(database.rows.count) rows instead of \(rowCount)" }
        if Set(database.late.keys) != late {
            return "late_trades has \(database.late.count) rows instead of \(late.count)"
        }
        return compareQuarantine(quarantined) ?? compareTopic()
    }

    /// Point 1: the fold over the log, lineage by lineage. Point 3: all of it was taken in.
    private func fold(
        _ partition: Int32, _ progress: Database.Progress, into oracle: inout Oracle,
        _ quarantined: inout [Database.QuarantineID: QuarantineReason]
    ) -> String? {
        for (index, segment) in progress.segments.enumerated() {
            let number = SimulatedTopic.number(segment.topicID)
            let log = world.topic.log(partition, of: number)
            let isLast = index == progress.segments.count - 1
            if isLast, number != world.topic.current { return "partition \(partition) is not at the present log" }
            if isLast, progress.nextOffset != log.end {
                return "partition \(partition): next_offset is \(progress.nextOffset), the log ends at \(log.end)"
            }
            let isNew = index > 0 && progress.segments[index - 1].topicID != segment.topicID
            if isNew, segment.start > log.first {
                return "partition \(partition): the new log begins at \(segment.start)"
            }
            for offset in segment.start..<max(segment.start, segment.end ?? progress.nextOffset) {
                let known = oracle.quarantined.count
                oracle.take(log.entries[Int(offset)].record, offset: offset)
                guard oracle.quarantined.count > known else { continue }
                let id = Database.QuarantineID(topicID: segment.topicID, partition: partition, offset: offset)
                if quarantined[id] == nil { quarantined[id] = oracle.quarantined[known].reason }
            }
        }
        return nil
    }

    /// The rows there must be, and the trades whose base row retention has dropped.
    private func expectedRows(_ oracle: Oracle) -> ([CandleRowID: CandleRow], Set<Database.LateID>) {
        var rows = oracle.rows()
        guard let horizon = world.horizon else { return (rows, []) }
        rows = rows.filter { $0.key.interval != .base || $0.key.windowStart + Interval.base.seconds > horizon }
        var late: Set<Database.LateID> = []
        for (symbol, market) in oracle.markets {
            for (generation, trade) in market.trades {
                let end = Interval.base.windowStart(ofTimeMicros: trade.eventTimeMicros) + Interval.base.seconds
                guard end <= horizon else { continue }
                late.insert(
                    Database.LateID(symbol: symbol, key: TradeKey(generation: generation, id: trade.tradeID)))
            }
        }
        return (rows, late)
    }

    /// Points 1 and 2.
    private func compareRows(_ expected: [CandleRowID: CandleRow]) -> String? {
        first(of: expected.keys, by: Self.isBefore) { id in
            guard let row = expected[id] else { return nil }
            guard var found = database.rows[id] else { return "no row \(id)" }
            found.revision = row.revision
            return found == row ? nil : "row \(id): \(found) instead of \(row)"
        }
    }

    private static func isBefore(_ left: CandleRowID, _ right: CandleRowID) -> Bool {
        (left.key, left.windowStart, left.interval) < (right.key, right.windowStart, right.interval)
    }

    /// The problem of the lowest key that has one: dictionaries have no order, and a seed must always tell the same.
    private func first<Keys: Sequence>(
        of keys: Keys, by isBefore: (Keys.Element, Keys.Element) -> Bool, _ problem: (Keys.Element) -> String?
    ) -> String? {
        keys.filter { problem($0) != nil }.min(by: isBefore).flatMap(problem)
    }

    private func compareQuarantine(_ expected: [Database.QuarantineID: QuarantineReason]) -> String? {
        let problem = first(of: expected.keys, by: { ($0.partition, $0.offset) < ($1.partition, $1.offset) }) { id in
            guard let reason = expected[id] else { return nil }
            guard let row = database.quarantine[id] else { return "\(id) is not in the quarantine" }
            if row.reason != reason.rawValue { return "\(id) is quarantined as \(row.reason) instead of \(reason)" }
            return row.value == SimulatedProcess.bytes(id.partition, id.offset)
                ? nil : "\(id) is quarantined with other bytes"
        }
        if let problem { return problem }
        if database.quarantine.count != expected.count {
            return "\(database.quarantine.count) records in the quarantine instead of \(expected.count)"
        }
        return nil
    }

    /// Point 4: Redis ends equal to PostgreSQL.
    private func compareRedis(_ oracle: Oracle) -> String? {
        let contents = world.redis.contents
        for (symbol, market) in oracle.markets.sorted(by: { $0.key < $1.key }) {
            let latest = market.trades.max {
                ($0.generation, $0.trade.tradeID) < ($1.generation, $1.trade.tradeID)
            }
            if let latest, contents.prices[symbol]?.price != latest.trade.price {
                return "redis: \(symbol):price is not that of trade \(latest.trade.tradeID)"
            }
            let newest = database.rows.keys.filter { $0.key == symbol && $0.interval == .base }
                .max { $0.windowStart < $1.windowStart }
            guard let newest, let row = database.rows[newest] else { continue }
            guard var found = contents.last[symbol]?.candle else { return "redis: \(symbol):last_candle is not there" }
            found.lineage = 0
            if found != SimulatedStore.record(newest, row, lineage: 0) {
                return "redis: \(symbol):last_candle is \(found), and \(newest) is \(row)"
            }
        }
        return nil
    }

    /// Point 5: what readers of the topic keep equals PostgreSQL.
    private func compareTopic() -> String? {
        let problem = first(of: database.rows.keys, by: Self.isBefore) { id in
            guard let row = database.rows[id] else { return nil }
            guard let (version, record) = world.candles.newest[id] else { return "candles: \(id) was never sent" }
            return record == SimulatedStore.record(id, row, lineage: version.lineage)
                ? nil : "candles: \(record) is newest, and \(id) is \(row)"
        }
        if let problem { return problem }
        if world.candles.newest.count != database.rows.count {
            return "candles: \(world.candles.newest.count) keys instead of \(database.rows.count)"
        }
        return nil
    }
}
