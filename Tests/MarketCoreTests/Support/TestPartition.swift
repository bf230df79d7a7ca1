import MarketCore
import SimulatedMarket

/// A partition with its log and its database: what the processor is to the state machine, in memory.
final class TestPartition {
    private(set) var log: [LogRecord] = []
    var database = TestDatabase()
    var state: PartitionState
    var effects = Effects()
    private(set) var rules: ProcessingRules
    /// A commit that was taken and not yet written.
    private var inFlight: (commit: PartitionCommit, keys: [String])?
    private var batch = RecordBatch()
    private(set) var loads = 0
    var counters = ProcessingCounters()

    init(_ rules: ProcessingRules = ProcessingRules()) {
        self.rules = rules
        state = PartitionState(rules: rules)
    }

    // What tests ask for: their macros cannot hold the state itself, which is not copyable.
    var nextOffset: Int64 { state.nextOffset }
    var watermarkMicros: Int64? { state.watermarkMicros }
    var maxEventMicros: Int64? { state.maxEventMicros }
    var leadMicros: Int64? { state.leadMicros }
    var hasOpenWindows: Bool { state.hasOpenWindows }
    var hasLiveUpdates: Bool { state.hasLiveUpdates }
    var needsCommit: Bool { state.needsCommit(effects) }
    var allProgress: [InstrumentProgress] { state.allProgress() }
    func takeLiveUpdates(limit: Int = .max) -> [LiveUpdate] { state.takeLiveUpdates(limit: limit) }
    func step(_ batch: borrowing RecordBatch) -> [HoleRequest] { state.step(batch, into: &effects) }

    var keys: [String] { state.table.instruments.map(\.key) }

    func append(_ records: [LogRecord]) { log += records }

    /// Appends records and takes them in, as one batch.
    func feed(_ records: LogRecord...) { feed(records) }

    func feed(_ records: [LogRecord]) {
        append(records)
        step()
    }

    /// Takes in the log from where the state is, at most `limit` records of it.
    func step(limit: Int = .max) {
        let start = Int(state.nextOffset)
        let end = limit < log.count - start ? start + limit : log.count
        step(start..<end)
    }

    /// Takes in the log from where the state is, up to the first record that waits for holes.
    func stepOnce() -> [HoleRequest] {
        fill(Int(state.nextOffset)..<log.count)
        return state.step(batch, into: &effects)
    }

    private func fill(_ offsets: Range<Int>) {
        batch.removeAll()
        for offset in offsets { fill(log[offset], offset: Int64(offset)) }
        batch.extend(toOffset: Int64(offsets.upperBound))
    }

    /// Takes in a part of the log.
    func step(_ offsets: Range<Int>) {
        fill(offsets)
        var requests = state.step(batch, into: &effects)
        while !requests.isEmpty {
            load(requests)
            requests = state.step(batch, into: &effects)
        }
    }

    func load(_ requests: [HoleRequest]) {
        for request in requests {
            loads += 1
            let index = request.instrument
            let rows = database.select(request, key: keys[Int(index)]).map { row in
                var row = row
                row.key.instrument = index
                return row
            }
            state.load(rows, for: request, into: &effects)
        }
    }

    private func fill(_ record: LogRecord, offset: Int64) {
        guard let index = try? state.table.index(ofKey: record.key) else { return }
        switch record.content {
        case .trade(var trade):
            trade.instrument = index
            trade.offset = offset
            batch.append(trade)
        case .control(let content):
            batch.append(
                ControlRecord(
                    offset: offset, recordTimestampMicros: record.recordTimestampMicros, instrument: index,
                    content: content))
        }
    }

    func idle(micros: Int64) { state.advanceIdle(byMicros: micros, into: &effects) }

    /// Takes a commit and writes it.
    func commit() {
        beginCommit()
        endCommit()
    }

    func beginCommit() {
        endCommit()
        let commit = state.takeCommit(&effects)
        inFlight = (commit, keys)
    }

    /// Writes what was taken.
    func endCommit() {
        guard let (commit, keys) = inFlight else { return }
        inFlight = nil
        database.write(commit, keys: keys)
        add(commit.counters)
        state.commitSucceeded(commit.sequence)
    }

    /// Forgets all that is in memory and begins where the last commit ended.
    ///
    /// - Parameter rules: to begin with others.
    func restart(rules: ProcessingRules? = nil, losingCommit: Bool = false) throws {
        if losingCommit { inFlight = nil } else { endCommit() }
        self.rules = rules ?? self.rules
        effects = Effects()
        state = PartitionState(
            rules: self.rules, nextOffset: database.nextOffset, watermarkMicros: database.watermarkMicros,
            maxEventMicros: database.maxEventMicros, leadMicros: database.leadMicros)
        // Not the order in which they came at first.
        for (key, bytes) in database.snapshots.sorted(by: { $0.key > $1.key }) { try state.restore(bytes, key: key) }
    }

    /// Closes every window and commits.
    func finish() {
        step()
        while state.hasOpenWindows { idle(micros: 100_000 * second) }
        commit()
    }

    private func add(_ other: ProcessingCounters) {
        counters.accepted += other.accepted
        counters.duplicates += other.duplicates
        counters.late += other.late
        counters.replayed += other.replayed
        counters.idsFoundMissing += other.idsFoundMissing
        counters.idsFilled += other.idsFilled
        counters.holesSpilled += other.holesSpilled
        counters.holesLoaded += other.holesLoaded
        counters.windowsFlushedEarly += other.windowsFlushedEarly
        counters.windowsClosed += other.windowsClosed
        counters.beyondRetention += other.beyondRetention
        counters.zeroQuantity += other.zeroQuantity
        counters.overflows += other.overflows
        for reason in QuarantineReason.allCases { counters[reason] += other[reason] }
    }

    /// A row of the database; the window's start in seconds after ``testEpochSeconds``.
    func row(_ key: String = "BTCUSDT", _ interval: Interval = .tenSeconds, _ start: Int64) -> TestDatabase.Row? {
        database.rows[
            TestDatabase.RowID(key: key, interval: interval, windowStart: testEpochSeconds + start)]
    }

    /// The latest of an instrument, as Redis would show it.
    func live(_ key: String = "BTCUSDT") -> LiveUpdate? {
        state.markAllLive()
        return state.takeLiveUpdates().first { keys[Int($0.instrument)] == key }
    }
}
