/// Pauses between attempts to connect: the upper limit doubles, the pause lies anywhere below it, so that clients
/// that lost the same server do not come back together.
struct Backoff {
    let minMillis: Int64
    let maxMillis: Int64
    private var attempt = 0

    init(minMillis: Int64, maxMillis: Int64) {
        self.minMillis = max(1, minMillis)
        self.maxMillis = max(self.minMillis, maxMillis)
    }

    /// The next pause in milliseconds.
    ///
    /// - Parameter random: 0..<1.
    mutating func next(random: Double) -> Int64 {
        let limit = limitMillis
        if limit < maxMillis { attempt += 1 }
        let fraction = random.isFinite ? min(max(random, 0), 1) : 0
        // A limit near the end of the range is larger as a Double.
        return min(limit, Int64(exactly: (fraction * Double(limit)).rounded(.down)) ?? limit)
    }

    mutating func reset() { attempt = 0 }

    private var limitMillis: Int64 {
        let (product, overflow) = minMillis.multipliedReportingOverflow(by: 1 << Int64(min(attempt, 40)))
        return overflow ? maxMillis : min(maxMillis, product)
    }
}
