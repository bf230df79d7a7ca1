import MarketCore
import MarketWire

/// Which trades the system lacks, and which of them are to be fetched now (DESIGN section 4, "Backfill closes the
/// loop").
///
/// What the processor says on `market.progress` is what is missing. A hole may be filled by what already lies in the
/// log, so it is due only once the processor has passed the end that the partition had when the hole was first seen, or
/// the last record that was sent to fill it. No clock and no I/O inside.
struct HoleLedger {
    /// Ids to be fetched.
    struct Job: Hashable, Sendable {
        let instrument: Instrument
        /// Up to `Int64.max` where it is not known what the venue has.
        let ids: ClosedRange<Int64>
        /// How often these have been asked for in vain.
        let attempts: Int

        var isOpenEnded: Bool { ids.upperBound == .max }
    }

    /// A piece of a hole.
    private struct Piece {
        var ids: ClosedRange<Int64>
        /// The processor must have passed it; nil while the partition's end is not known.
        var dueOffset: Int64?
        var attempts = 0
        var notBeforeMicros: Int64 = 0
        /// Above what the processor knows: not in its list of holes.
        var isTail = false
    }

    private struct Entry {
        let instrument: Instrument
        var progress: ProgressRecord?
        var pieces: [Piece] = []
        /// The highest id that came live, and when.
        var liveID: Int64?
        var liveAtMicros: Int64 = 0
        /// A count that grows: who was served last waits longest.
        var servedAt = 0
    }

    private let topic: String
    private var entries: [String: Entry] = [:]
    /// The processor's last word on instruments that are not followed: they may be, later.
    private var others: [String: ProgressRecord] = [:]
    /// Everything below is in what the processor said last of a partition.
    private var reached: [Int32: Int64] = [:]
    private var served = 0

    /// How long after a connection was made a quiet instrument's newest trades are asked for.
    static let tailPauseMicros: Int64 = 10_000_000
    /// An acknowledged trade that the processor has not got after so long is lost with its log.
    static let lostAfterMicros: Int64 = 30_000_000
    /// The longest pause between two questions for the same ids.
    private static let longestPauseMicros: Int64 = 60_000_000

    /// - Parameter topic: of the trades; progress of another says nothing.
    init(topic: String) { self.topic = topic }

    // MARK: What is known

    /// These are followed from now on, and no others. What was traded while one was not is missing like anything else.
    mutating func follow(_ instruments: [Instrument], atMicros micros: Int64) {
        let wanted = Set(instruments.map(\.key))
        for (symbol, entry) in entries where !wanted.contains(symbol) {
            others[symbol] = entry.progress
            entries[symbol] = nil
        }
        for instrument in instruments where entries[instrument.key] == nil {
            entries[instrument.key] = Entry(instrument: instrument)
            guard let progress = others.removeValue(forKey: instrument.key) else { continue }
            take(progress)
            watchTail(of: instrument.key, atMicros: micros)
        }
    }

    /// The processor's newest word on an instrument. Records of one partition come in the order of its commits.
    mutating func take(_ record: ProgressRecord) {
        guard record.topic == topic else { return }
        let before = reached[record.partition]
        let known = entries[record.symbol]?.progress ?? others[record.symbol]
        if let known, record.nextOffset < known.nextOffset {
            // The log was made anew: offsets of the old one say nothing.
            reached[record.partition] = record.nextOffset
            forgetOffsets(of: record.partition)
        } else {
            reached[record.partition] = max(before ?? 0, record.nextOffset)
        }
        guard var entry = entries[record.symbol] else {
            others[record.symbol] = record
            return
        }
        let old = entry.pieces
        entry.progress = record
        entry.pieces = record.holes.flatMap { Self.pieces(of: $0, keeping: old) }
        for var tail in old where tail.isTail && tail.ids.upperBound > record.highestTradeID {
            tail.ids = max(tail.ids.lowerBound, record.highestTradeID + 1)...tail.ids.upperBound
            entry.pieces.append(tail)
        }
        entries[record.symbol] = entry
    }

    /// Trades came live, up to this id.
    mutating func live(_ instrument: Instrument, _ tradeID: Int64, atMicros micros: Int64) {
        // In place: this is on the way of every trade.
        guard let place = entries.index(forKey: instrument.key), tradeID > entries.values[place].liveID ?? -1 else {
            return
        }
        entries.values[place].liveID = tradeID
        entries.values[place].liveAtMicros = micros
        guard !entries.values[place].pieces.isEmpty else { return }
        // Whatever is missing before it becomes a hole of its own.
        entries.values[place].pieces.removeAll { $0.isTail && $0.ids.upperBound == .max }
    }

    /// A connection was made: of instruments that stay quiet it is not known whether anything was missed.
    mutating func connected(atMicros micros: Int64) {
        for symbol in entries.keys { watchTail(of: symbol, atMicros: micros) }
    }

    private mutating func watchTail(of symbol: String, atMicros micros: Int64) {
        guard let entry = entries[symbol], let progress = entry.progress, !entry.pieces.contains(where: \.isTail)
        else { return }
        var piece = Piece(ids: (progress.highestTradeID + 1)...Int64.max)
        piece.isTail = true
        piece.notBeforeMicros = micros + Self.tailPauseMicros
        entries[symbol]?.pieces.append(piece)
    }

    /// Looks for trades that were acknowledged and are not in the log any more.
    mutating func findLost(atMicros micros: Int64) {
        for (symbol, entry) in entries {
            guard let progress = entry.progress, let live = entry.liveID, live > progress.highestTradeID,
                micros - entry.liveAtMicros > Self.lostAfterMicros, !entry.pieces.contains(where: \.isTail)
            else { continue }
            var piece = Piece(ids: (progress.highestTradeID + 1)...live)
            piece.isTail = true
            entries[symbol]?.pieces.append(piece)
        }
    }

    /// Partitions of which the end must be known.
    var unknownEnds: Set<Int32> {
        Set(
            entries.values.compactMap { entry in
                entry.pieces.contains { $0.dueOffset == nil } ? entry.progress?.partition : nil
            })
    }

    /// Where partitions end now.
    mutating func take(ends: [Int32: Int64]) {
        for (symbol, entry) in entries {
            guard let partition = entry.progress?.partition, let end = ends[partition] else { continue }
            for place in entry.pieces.indices where entry.pieces[place].dueOffset == nil {
                entries[symbol]?.pieces[place].dueOffset = end
            }
        }
    }

    // MARK: What is to be done

    /// What to fetch next, turn and turn about among instruments.
    ///
    /// - Parameter isOurs: whether it is this producer that fills an instrument's holes.
    mutating func next(atMicros micros: Int64, isOurs: (String) -> Bool) -> Job? {
        var best: (symbol: String, piece: Piece, servedAt: Int)?
        for (symbol, entry) in entries where best.map({ entry.servedAt < $0.servedAt }) ?? true {
            guard let progress = entry.progress, let piece = entry.pieces.first(where: { isDue($0, progress, micros) }),
                isOurs(symbol)
            else { continue }
            best = (symbol, piece, entry.servedAt)
        }
        guard let best, let instrument = entries[best.symbol]?.instrument else { return nil }
        served += 1
        entries[best.symbol]?.servedAt = served
        return Job(instrument: instrument, ids: best.piece.ids, attempts: best.piece.attempts)
    }

    private func isDue(_ piece: Piece, _ progress: ProgressRecord, _ micros: Int64) -> Bool {
        guard let due = piece.dueOffset, micros >= piece.notBeforeMicros else { return false }
        return reached[progress.partition] ?? 0 >= due
    }

    /// The first ids of a job, up to and with `last`, were sent: the record after them will have this offset.
    mutating func sent(_ job: Job, through last: Int64, nextOffset: Int64, notBeforeMicros: Int64 = 0) {
        change(job, job.ids.lowerBound...last) { piece in
            piece.dueOffset = nextOffset
            piece.attempts += 1
            piece.notBeforeMicros = notBeforeMicros
        }
    }

    /// The venue could not be asked, or gave nothing: asked again after a pause.
    mutating func failed(_ job: Job, atMicros micros: Int64, countsAsAttempt: Bool) {
        change(job, job.ids) { piece in
            if countsAsAttempt { piece.attempts += 1 }
            piece.notBeforeMicros = micros + min(Self.longestPauseMicros, 1_000_000 << Int64(min(piece.attempts, 6)))
        }
    }

    /// There is nothing above what is known.
    mutating func close(_ job: Job) {
        entries[job.instrument.key]?.pieces.removeAll { $0.isTail && $0.ids.lowerBound == job.ids.lowerBound }
    }

    /// Ids that were not asked for yet; open ends count nothing.
    var openCount: Int64 {
        entries.values.reduce(0) { sum, entry in
            entry.pieces.reduce(sum) { sum, piece in
                piece.attempts > 0 || piece.ids.upperBound == .max ? sum : sum + Int64(clamping: piece.ids.count)
            }
        }
    }

    // MARK: Inside

    /// Changes what is known of some ids. The processor may have seen part of them by now: what is left counts.
    private mutating func change(_ job: Job, _ ids: ClosedRange<Int64>, _ body: (inout Piece) -> Void) {
        guard var entry = entries[job.instrument.key] else { return }
        entry.pieces = Self.joined(
            entry.pieces.flatMap { piece in
                guard piece.ids.overlaps(ids) else { return [piece] }
                var parts: [Piece] = []
                func cut(_ first: Int64, _ last: Int64, _ isChanged: Bool) {
                    var part = piece
                    part.ids = first...last
                    if isChanged { body(&part) }
                    parts.append(part)
                }
                let (first, last) = (
                    max(piece.ids.lowerBound, ids.lowerBound), min(piece.ids.upperBound, ids.upperBound)
                )
                if piece.ids.lowerBound < first { cut(piece.ids.lowerBound, first - 1, false) }
                cut(first, last, true)
                if last < piece.ids.upperBound { cut(last + 1, piece.ids.upperBound, false) }
                return parts
            })
        entries[job.instrument.key] = entry
    }

    /// Pieces that were sent one after the other are one: it is as long as the last of them takes.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        var result: [Piece] = []
        for piece in pieces {
            if var last = result.last, last.attempts > 0, piece.attempts == last.attempts, last.isTail == piece.isTail,
                last.ids.upperBound < .max, last.ids.upperBound + 1 == piece.ids.lowerBound, let due = piece.dueOffset,
                let lastDue = last.dueOffset, piece.notBeforeMicros == last.notBeforeMicros
            {
                last.ids = last.ids.lowerBound...piece.ids.upperBound
                last.dueOffset = max(due, lastDue)
                result[result.count - 1] = last
            } else {
                result.append(piece)
            }
        }
        return result
    }

    /// A hole as the processor sees it now, cut along what was known of it.
    private static func pieces(of hole: ClosedRange<Int64>, keeping old: [Piece]) -> [Piece] {
        var result: [Piece] = []
        var next = hole.lowerBound
        for known in old.sorted(by: { $0.ids.lowerBound < $1.ids.lowerBound }) where known.ids.overlaps(hole) {
            guard known.ids.upperBound >= next else { continue }
            let first = max(known.ids.lowerBound, next)
            if first > next { result.append(Piece(ids: next...(first - 1))) }
            var piece = known
            piece.ids = first...min(known.ids.upperBound, hole.upperBound)
            piece.isTail = false
            result.append(piece)
            guard piece.ids.upperBound < hole.upperBound else { return result }
            next = piece.ids.upperBound + 1
        }
        result.append(Piece(ids: next...hole.upperBound))
        return result
    }

    private mutating func forgetOffsets(of partition: Int32) {
        for (symbol, entry) in entries where entry.progress?.partition == partition {
            for place in entry.pieces.indices { entries[symbol]?.pieces[place].dueOffset = nil }
        }
    }
}
