/// Tells by how much a quiet partition's watermark may go on (DESIGN section 4, "Idle").
///
/// A partition is drained while the broker itself says so: its end offset, asked for within the last second, is where
/// we are. After `timeout` of that, event time goes on with the monotonic clock.
struct IdleClock {
    private var drainedSinceMicros: Int64?
    private var provenAtMicros: Int64?
    /// Up to which monotonic time the watermark has been advanced.
    private var advancedToMicros: Int64?

    /// A record came, or the partition was paused: the proof is void.
    mutating func reset() { self = IdleClock() }

    /// The broker's end offset equalled our position at `micros`.
    mutating func proveDrained(atMicros micros: Int64, maxAgeMicros: Int64) {
        if let provenAtMicros, micros - provenAtMicros > maxAgeMicros { reset() }
        if drainedSinceMicros == nil { drainedSinceMicros = micros }
        provenAtMicros = micros
    }

    /// By how much the watermark may advance now; 0 while nothing is proven for long enough.
    mutating func advance(nowMicros: Int64, timeoutMicros: Int64, maxAgeMicros: Int64) -> Int64 {
        guard let drainedSinceMicros, let provenAtMicros else { return 0 }
        guard nowMicros - provenAtMicros <= maxAgeMicros else {
            reset()
            return 0
        }
        let from = advancedToMicros ?? (drainedSinceMicros + timeoutMicros)
        guard nowMicros > from else { return 0 }
        advancedToMicros = nowMicros
        return nowMicros - from
    }
}
