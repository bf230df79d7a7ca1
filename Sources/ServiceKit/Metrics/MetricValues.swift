import CoreMetrics
import Synchronization

/// A count that only grows.
final class CounterValue: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A counter fed with fractions, which count once they are whole.
final class AccumulatingCounter: FloatingPointCounterHandler, Sendable {
    private let counter: CounterValue
    private let fraction = Mutex(0.0)

    init(_ counter: CounterValue) { self.counter = counter }

    func increment(by amount: Double) {
        fraction.withLock { fraction in
            fraction += amount
            guard fraction >= 1, fraction < 9e18 else { return }
            counter.increment(by: Int64(fraction))
            fraction -= fraction.rounded(.down)
        }
    }

    func reset() {
        fraction.withLock { $0 = 0 }
        counter.reset()
    }
}

/// The latest value.
final class GaugeValue: MeterHandler, RecorderHandler, Sendable {
    private let current = Mutex(0.0)

    var value: Double { current.withLock { $0 } }

    func set(_ value: Int64) { current.withLock { $0 = Double(value) } }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
}

/// How often values fell into fixed buckets; timers record seconds.
final class HistogramValue: TimerHandler, RecorderHandler, Sendable {
    struct Snapshot: Sendable {
        var counts: [Int64]
        var count: Int64 = 0
        var sum: Double = 0
    }

    /// Upper bounds, for seconds from 100 µs to 1 min.
    static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    private let contents = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count)))

    func snapshot() -> Snapshot { contents.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = Self.bounds.firstIndex { value <= $0 }
        contents.withLock { contents in
            if let bucket { contents.counts[bucket] += 1 }
            contents.count += 1
            contents.sum += value
        }
    }
}
