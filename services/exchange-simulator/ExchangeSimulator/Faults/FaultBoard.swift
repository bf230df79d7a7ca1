import Metrics
import Synchronization

/// The faults that have struck, for connections and REST to suffer.
final class FaultBoard: Sendable {
    private struct Contents {
        var nextConnection = 0
        /// What each open connection has yet to suffer; bounded, the newest is dropped.
        var waiting: [Int: [Fault]] = [:]
        var refusal: (status: Int, untilMicros: Int64)?
        var delay: (by: Duration, untilMicros: Int64)?
    }

    private static let maxWaiting = 100
    private static let struck = Counter(label: "simulator_faults_total")

    private let contents = Mutex(Contents())

    /// - Parameter micros: unix microseconds.
    /// - Returns: how many connections suffer it.
    @discardableResult
    func strike(_ fault: Fault, atMicros micros: Int64) -> Int {
        Self.struck.increment()
        return contents.withLock { contents in
            switch fault {
            case .refuse(let status, let time): contents.refusal = (status, micros + time.micros)
            case .slow(let delay, let time): contents.delay = (delay, micros + time.micros)
            default:
                for (number, faults) in contents.waiting where faults.count < Self.maxWaiting {
                    contents.waiting[number]?.append(fault)
                }
            }
            return contents.waiting.count
        }
    }

    // MARK: Connections

    func join() -> Int {
        contents.withLock { contents in
            contents.nextConnection += 1
            contents.waiting[contents.nextConnection] = []
            return contents.nextConnection
        }
    }

    func leave(_ connection: Int) { contents.withLock { $0.waiting[connection] = nil } }

    /// What a connection has to suffer now.
    func take(_ connection: Int) -> [Fault] {
        contents.withLock { contents in
            guard let faults = contents.waiting[connection], !faults.isEmpty else { return [] }
            contents.waiting[connection] = []
            return faults
        }
    }

    // MARK: REST

    /// - Returns: the status to refuse with, and the seconds for `Retry-After`.
    func refusal(atMicros micros: Int64) -> (status: Int, retryAfterSeconds: Int)? {
        contents.withLock { contents in
            guard let refusal = contents.refusal else { return nil }
            guard micros < refusal.untilMicros else {
                contents.refusal = nil
                return nil
            }
            return (refusal.status, Int((refusal.untilMicros - micros + 999_999) / 1_000_000))
        }
    }

    /// How much later than usual REST answers.
    func delay(atMicros micros: Int64) -> Duration? {
        contents.withLock { contents in
            guard let delay = contents.delay else { return nil }
            guard micros < delay.untilMicros else {
                contents.delay = nil
                return nil
            }
            return delay.by
        }
    }
}
