import ServiceKit
import Synchronization

/// Clocks that move when the test says so.
final class TestClock: Sendable {
    private let micros = Mutex<Int64>(1_000_000_000)

    func advance(millis: Int64) { micros.withLock { $0 += millis * 1_000 } }

    var source: TimeSource {
        TimeSource(
            wallMicros: { self.micros.withLock { 1_700_000_000_000_000 + $0 } },
            monotonicMicros: { self.micros.withLock { $0 } })
    }
}
