import Exchanges
import MarketWire
import Synchronization

/// How a recording is played.
struct Playback: Sendable, Hashable {
    enum Start: String, Sendable, CaseIterable {
        /// Runs from the simulator's start on.
        case clock
        /// Runs from the first subscription on, so that a client misses nothing.
        case subscription
    }

    /// Thousandths of the recorded speed; 0 plays as fast as a client reads.
    var speedMilli: Int64 = 1_000
    /// Moves the times so that the last trade falls on the instant at which it is played.
    var retimes = false
    /// Plays on and on. Ids and times go on over the rounds.
    var loops = false
    var start = Start.clock
}

/// Recorded trades, played once.
final class RecordedTape: MarketTape {
    let symbols: [InstrumentRecord]
    let source: String
    private let recordings: [Recording]
    private let playback: Playback
    /// Wall clock when the playing began; nil before.
    private let began: Mutex<Int64?>
    private let firstTime: Int64
    private let lastTime: Int64

    /// - Parameter now: the wall clock, unix microseconds.
    init(_ recordings: [Recording], _ playback: Playback, now: Int64) {
        self.recordings = recordings
        self.playback = playback
        symbols = recordings.map(\.record)
        (firstTime, lastTime) = recordings.span
        source = recordings.source(playback)
        began = Mutex(playback.start == .clock ? now : nil)
    }

    var isPaced: Bool { playback.speedMilli > 0 }

    func has(_ kind: BinanceStreamKind) -> Bool { recordings[0].kind == kind }

    /// What is added to recorded times; nil while that is not known.
    private var shift: Int64? {
        guard playback.retimes else { return 0 }
        guard let began = began.withLock({ $0 }) else { return nil }
        let length = isPaced ? (lastTime - firstTime).scaled(by: 1_000, over: playback.speedMilli) : 0
        return began + length - lastTime
    }

    func position(atMicros now: Int64) -> Int64? {
        guard let began = began.withLock({ $0 }), let shift else { return nil }
        guard isPaced else { return lastTime + shift }
        return firstTime + shift + max(now - began, 0).scaled(by: playback.speedMilli, over: 1_000)
    }

    func subscribe(atMicros now: Int64) -> Int64 {
        let isFirst = began.withLock { began in
            defer { began = began ?? now }
            return began == nil
        }
        let start = firstTime + (shift ?? 0) - 1
        // Unpaced it is not a tape but a file: everybody gets all of it.
        return isFirst || !isPaced ? start : position(atMicros: now) ?? start
    }

    func firstID(_ kind: BinanceStreamKind, of symbol: Int) -> Int64 { recordings[symbol].rows[0].id }

    func lastID(_ kind: BinanceStreamKind, of symbol: Int, through time: Int64) -> Int64 {
        let recording = recordings[symbol]
        guard has(kind), let shift else { return recording.rows[0].id - 1 }
        let count = recording.count(through: time - shift)
        return count == 0 ? recording.rows[0].id - 1 : recording.rows[count - 1].id
    }

    func forEach(
        _ kind: BinanceStreamKind, _ ids: ClosedRange<Int64>, of symbol: Int, _ body: (BinanceTrade) -> Void
    ) {
        guard has(kind), let shift else { return }
        let recording = recordings[symbol]
        for row in recording.rows[recording.place(ofID: ids.lowerBound)...] {
            guard row.id <= ids.upperBound else { return }
            body(row.trade(idShift: 0, tradeShift: 0, timeMicros: row.timeMicros + shift))
        }
    }
}

extension [Recording] {
    /// The first and the last time of all.
    var span: (Int64, Int64) {
        (
            self.map { $0.rows[0].timeMicros }.min() ?? 0,
            self.map { $0.rows[$0.rows.count - 1].timeMicros }.max() ?? 0
        )
    }

    /// The name of the market that these make.
    func source(_ playback: Playback) -> String {
        var hash: UInt64 = 0
        for recording in self {
            hash = Mixing.hash(hash ^ Mixing.hash(of: recording.symbol), Int64(recording.rows.count))
            for row in [recording.rows[0], recording.rows[recording.rows.count - 1]] {
                hash = Mixing.hash(hash, row.id &+ row.timeMicros)
            }
        }
        var name = "simulator:recording=" + String(hash, radix: 36)
        if playback.loops { name += ",loop" }
        if playback.retimes { name += ",retimed" }
        if playback.loops, playback.speedMilli != 1_000 {
            name += ",speed=\(SyntheticTape.text(ofMilli: playback.speedMilli))"
        }
        return name
    }
}

extension Int64 {
    /// `self * factor / divisor`, rounded down, with no overflow between.
    func scaled(by factor: Int64, over divisor: Int64) -> Int64 {
        Int64(clamping: Int128(self) * Int128(factor) / Int128(Swift.max(divisor, 1)))
    }
}
