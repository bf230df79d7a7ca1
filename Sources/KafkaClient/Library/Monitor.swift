import CRdKafka

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A value under a lock that a thread of this module can wait upon. Never waited upon from the cooperative pool.
///
/// @unchecked Sendable: `value` is touched only between `pthread_mutex_lock` and `unlock`.
final class Monitor<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the value, and wakes every thread that waits.
    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&value)
    }

    /// Blocks this thread until `body` gives something, asking it again after every change.
    ///
    /// - Parameter deadline: Until when, or nil for ever.
    /// - Returns: What `body` gave, or nil at the deadline.
    func wait<Result>(until deadline: Deadline? = nil, _ body: (inout Value) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            if let deadline {
                var time = deadline.systemTime
                if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&value) }
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
    }
}

/// An instant of monotonic time by which something must have happened.
struct Deadline: Sendable, Comparable {
    private let nanoseconds: Int64

    /// - Parameter millis: Milliseconds from now.
    init(millis: Int) {
        nanoseconds = Self.now + Int64(max(0, min(millis, 1 << 40))) * 1_000_000
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// What is left, in milliseconds rounded up, 0 once it has passed; never more than an Int32 holds.
    var remainingMillis: Int32 {
        Int32(clamping: max(0, (nanoseconds - Self.now + 999_999) / 1_000_000))
    }

    var hasPassed: Bool { nanoseconds <= Self.now }

    var systemTime: timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
