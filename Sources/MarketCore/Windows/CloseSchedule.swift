/// Which instruments have a window that ends when. Finding the next end costs nothing, and closing touches only the
/// instruments concerned.
struct CloseSchedule {
    /// The windows of one interval that end together.
    struct Bucket: Equatable {
        /// Unix microseconds.
        var endMicros: Int64
        /// Index into ``ProcessingRules/intervals``.
        var level: Int
        /// In the order in which they opened theirs. May name an instrument twice, or one whose window is gone.
        var instruments: [Int32]
    }

    /// Ascending by end, then by level: shorter windows close first and hand their trades to the longer ones.
    private var buckets: [Bucket] = []
    /// Memory of buckets that are gone.
    private var spare: [[Int32]] = []

    /// End of the window to close first, unix microseconds; `Int64.max` without any.
    var nextEndMicros: Int64 { buckets.first?.endMicros ?? Int64.max }

    /// End of the window to close last, unix microseconds.
    var lastEndMicros: Int64? { buckets.last?.endMicros }

    mutating func add(_ instrument: Int32, level: Int, endMicros: Int64) {
        var low = 0
        var high = buckets.count
        while low < high {
            let middle = (low + high) / 2
            if (buckets[middle].endMicros, buckets[middle].level) < (endMicros, level) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        if low < buckets.count, buckets[low].endMicros == endMicros, buckets[low].level == level {
            buckets[low].instruments.append(instrument)
            return
        }
        var instruments = spare.popLast() ?? []
        instruments.append(instrument)
        buckets.insert(Bucket(endMicros: endMicros, level: level, instruments: instruments), at: low)
    }

    /// Takes the first bucket if its windows end at or before `watermarkMicros`.
    mutating func takeFirst(endingBy watermarkMicros: Int64) -> Bucket? {
        guard let first = buckets.first, first.endMicros <= watermarkMicros else { return nil }
        return buckets.removeFirst()
    }

    /// Gives a bucket's memory back.
    mutating func recycle(_ bucket: consuming Bucket) {
        guard spare.count < 16 else { return }
        bucket.instruments.removeAll(keepingCapacity: true)
        spare.append(bucket.instruments)
    }
}
