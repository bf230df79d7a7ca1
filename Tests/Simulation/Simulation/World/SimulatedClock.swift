import ServiceKit
import Synchronization

/// The only time there is: it goes on when the world says so.
final class SimulatedClock: Sendable {
    private let micros: Atomic<Int64>

    init(startMicros: Int64) { micros = Atomic(startMicros) }

    var nowMicros: Int64 { micros.load(ordering: .relaxed) }

    func advance(byMicros step: Int64) { micros.add(step, ordering: .relaxed) }

    /// A process's clocks: monotonic time with an origin of its own, and a wall clock that is plainly wrong, because
    /// nothing may depend on it.
    func source(originMicros: Int64, wallErrorMicros: Int64) -> TimeSource {
        TimeSource(
            wallMicros: { self.nowMicros + wallErrorMicros }, monotonicMicros: { self.nowMicros + originMicros })
    }
}
