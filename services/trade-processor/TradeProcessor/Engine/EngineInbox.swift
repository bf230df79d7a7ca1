import Dispatch
import Synchronization

/// Answers on their way to the consumer's thread. Bounded by what the engine asked for: it has one commit and a few
/// questions per partition under way.
final class EngineInbox: Sendable {
    private let events = Mutex<[EngineEvent]>([])
    private let wake: @Sendable () -> Void
    // Waited for by the consumer's own thread alone, while it drains revoked partitions.
    private let arrivals = DispatchSemaphore(value: 0)

    /// - Parameter wake: makes the consumer's thread look.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    func post(_ event: EngineEvent) {
        events.withLock { $0.append(event) }
        arrivals.signal()
        wake()
    }

    /// Waits for an answer, on a thread that may block; a wake-up without news is possible.
    func wait(until deadline: DispatchTime) { _ = arrivals.wait(timeout: deadline) }

    func take() -> [EngineEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
