/// Everything that is remembered of one partition, and what each record does to it.
///
/// A pure state machine: no clock, no I/O, nothing that depends on anything but the records, so that the same records
/// give the same candles however they are shuffled, doubled, cut into batches or interrupted by restarts.
public struct PartitionState: ~Copyable, Sendable {
    /// The newest format of saved states that this program reads and writes.
    public static let snapshotVersion = InstrumentSnapshot.version

    public let rules: ProcessingRules
    /// The partition's instruments; whoever decodes records asks it for their indexes.
    public var table: InstrumentTable
    /// Everything below this offset has been taken in; records below it are ignored.
    public internal(set) var nextOffset: Int64

    var clock: PartitionClock
    var instruments: [InstrumentState] = []
    var schedule = CloseSchedule()
    /// Windows open in all instruments.
    var openWindowCount = 0
    /// By level: windows that end at or before it, unix microseconds, have no row.
    var horizonsMicros: [Int64]
    /// By level: lengths of the windows, microseconds.
    let lengthsMicros: [Int64]
    /// Instruments to write with the next commit, and to show with the next live update.
    var pendingCommit: [Int32] = []
    var pendingLive: [Int32] = []
    var storage: StorageState
    /// What one trade changes in the numbers of missing ids; kept for its memory.
    var deltas: [HoleDelta] = []

    /// - Parameters:
    ///   - rules: of the whole process.
    ///   - nextOffset: where the last commit ended.
    ///   - watermarkMicros: of the last commit, unix microseconds; nil where there was none.
    ///   - maxEventMicros: likewise.
    ///   - leadMicros: likewise, or nil where it is not kept.
    public init(
        rules: ProcessingRules, nextOffset: Int64 = 0, watermarkMicros: Int64? = nil, maxEventMicros: Int64? = nil,
        leadMicros: Int64? = nil
    ) {
        self.rules = rules
        self.nextOffset = nextOffset
        table = InstrumentTable(limit: rules.maxInstruments)
        clock = PartitionClock(
            rules: rules, watermarkMicros: watermarkMicros, maxEventMicros: maxEventMicros, leadMicros: leadMicros)
        horizonsMicros = rules.intervals.map { _ in Int64.min }
        lengthsMicros = rules.intervals.map(\.microseconds)
        storage = StorageState(nextOffset: nextOffset)
    }

    /// Some window of some instrument has not closed.
    public var hasOpenWindows: Bool { openWindowCount > 0 }
    /// Windows that end at or before it are closed, unix microseconds. nil before the first trade.
    public var watermarkMicros: Int64? { clock.isSet ? clock.watermarkMicros : nil }
    /// The largest event time that counts, unix microseconds. nil before the first trade.
    public var maxEventMicros: Int64? { clock.isSet ? clock.maxEventMicros : nil }
    /// Event time of a trade too far ahead to be believed by itself, unix microseconds.
    public var leadMicros: Int64? { clock.leadMicros == Int64.max ? nil : clock.leadMicros }

    /// Says up to where retention has deleted an interval's candles: windows that end at or before it have no row.
    ///
    /// - Parameter horizon: unix seconds; only ever rises.
    public mutating func setRetentionHorizon(_ horizon: Int64, of interval: Interval) {
        guard let level = rules.intervals.firstIndex(of: interval) else { return }
        let (micros, overflow) = horizon.multipliedReportingOverflow(by: 1_000_000)
        if !overflow { horizonsMicros[level] = max(horizonsMicros[level], micros) }
    }

    /// Moves the watermark on by time that passed on a drained partition, never beyond the end of the last open window.
    ///
    /// - Parameter byMicros: monotonic microseconds since the last call, 0 or more.
    public mutating func advanceIdle(byMicros: Int64, into effects: inout Effects) {
        guard hasOpenWindows, let last = schedule.lastEndMicros, let longest = lengthsMicros.indices.last else {
            return
        }
        // A window of the longest interval is open as long as one of its parts is, though it is not on the schedule
        // yet.
        let end = windowStart(longest, last - 1) + lengthsMicros[longest]
        clock.pass(micros: byMicros, untilMicros: end)
        closeWindows(into: &effects)
    }

    /// Every instrument of the table has a state.
    mutating func makeRoom() {
        while instruments.count < table.count { instruments.append(InstrumentState()) }
    }

    /// Notes that an instrument is not what was last written or shown.
    mutating func mark(_ index: Int, _ pending: InstrumentState.Pending) {
        let new = pending.subtracting(instruments[index].pending)
        guard !new.isEmpty else { return }
        instruments[index].pending.formUnion(new)
        if new.contains(.commit) { pendingCommit.append(Int32(index)) }
        if new.contains(.live) { pendingLive.append(Int32(index)) }
    }
}
