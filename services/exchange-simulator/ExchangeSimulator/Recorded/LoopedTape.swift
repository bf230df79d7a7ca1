import Exchanges
import MarketWire

/// Recorded trades, played on and on: a tape that has always run since it was recorded.
///
/// Round and place in it are a function of the clock alone, so a restart goes on where the clock says. Each round's ids
/// go on behind those of the round before, and a trade's time is the instant at which it is played.
struct LoopedTape: MarketTape {
    let symbols: [InstrumentRecord]
    let source: String
    let isPaced = true
    private let recordings: [Recording]
    private let speedMilli: Int64
    /// Where the first round begins, on the clock and in the recording.
    private let anchor: Int64
    /// Recorded time from one round's first trade to the next one's.
    private let period: Int64

    /// - Parameter playback: of a speed above 0.
    init(_ recordings: [Recording], _ playback: Playback) {
        self.recordings = recordings
        speedMilli = max(playback.speedMilli, 1)
        symbols = recordings.map(\.record)
        source = recordings.source(playback)
        let (first, last) = recordings.span
        anchor = first
        // The seam between two rounds is as long as trades are apart on average.
        let count = Int64(recordings.map(\.rows.count).reduce(0, +))
        period = last - first + max((last - first) / max(count, 1), 1_000)
    }

    func has(_ kind: BinanceStreamKind) -> Bool { recordings[0].kind == kind }

    func position(atMicros now: Int64) -> Int64? { now }

    func subscribe(atMicros now: Int64) -> Int64 { now }

    func firstID(_ kind: BinanceStreamKind, of symbol: Int) -> Int64 { recordings[symbol].rows[0].id }

    func lastID(_ kind: BinanceStreamKind, of symbol: Int, through time: Int64) -> Int64 {
        let recording = recordings[symbol]
        let none = recording.rows[0].id - 1
        guard has(kind), time >= anchor else { return none }
        // The last instant of the recording that is played at `time` or before: those are played at
        // anchor + floor(instant * 1000 / speed).
        let instant = (Int128(time - anchor + 1) * Int128(speedMilli) + 999) / 1_000 - 1
        let round = Int64(clamping: instant / Int128(period))
        let within = Int64(clamping: instant % Int128(period))
        let count = recording.count(through: anchor + within)
        let shift = round * recording.idCount
        // Nothing of this round yet: all of the one before.
        return count == 0 ? none + shift : recording.rows[count - 1].id + shift
    }

    func forEach(
        _ kind: BinanceStreamKind, _ ids: ClosedRange<Int64>, of symbol: Int, _ body: (BinanceTrade) -> Void
    ) {
        let recording = recordings[symbol]
        let first = recording.rows[0].id
        guard has(kind), ids.upperBound >= first else { return }
        var round = max(ids.lowerBound - first, 0) / recording.idCount
        var place = recording.place(ofID: max(ids.lowerBound, first) - round * recording.idCount)
        while true {
            while place < recording.rows.count {
                let row = recording.rows[place]
                guard row.id + round * recording.idCount <= ids.upperBound else { return }
                let instant = Int128(round) * Int128(period) + Int128(row.timeMicros - anchor)
                body(
                    row.trade(
                        idShift: round * recording.idCount, tradeShift: round * recording.tradeCount,
                        timeMicros: anchor + Int64(clamping: instant * 1_000 / Int128(speedMilli))))
                place += 1
            }
            round += 1
            place = 0
        }
    }
}
