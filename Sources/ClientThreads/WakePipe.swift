#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Wakes a thread that waits in poll(2) on a socket.
public final class WakePipe: Sendable {
    /// What a wait ended with.
    public struct Outcome: Sendable {
        /// poll's `revents` of the descriptor; 0 where nothing happened on it.
        public let events: Int16
        /// The descriptor can be read or written, or is broken.
        public var isReady: Bool { events != 0 }
        /// Somebody called ``WakePipe/wake()``.
        public let isWoken: Bool
    }

    /// poll's events.
    public static let readable = Int16(POLLIN)
    public static let writable = Int16(POLLOUT)

    private let readingEnd: Int32
    private let writingEnd: Int32

    /// - Throws: ``SystemCallError`` when the process has no descriptors left.
    public init() throws(SystemCallError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemCallError(call: "pipe", code: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readingEnd)
        close(writingEnd)
    }

    /// From any thread. A full pipe is fine: the reader is woken by what is in it.
    public func wake() {
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }

    /// Takes everything out; by the thread that waits.
    public func drain() {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while read(readingEnd, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    }

    /// Waits until the descriptor is ready, the pipe is woken, or the time is over.
    ///
    /// - Parameters:
    ///   - descriptor: a negative one is never ready.
    ///   - events: poll's events to wait for.
    ///   - timeoutMillis: -1 for no end.
    public func wait(for descriptor: Int32, events: Int16, timeoutMillis: Int32) -> Outcome {
        var descriptors = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: readingEnd, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, timeoutMillis) > 0 else { return Outcome(events: 0, isWoken: false) }
        let isWoken = descriptors[1].revents != 0
        if isWoken { drain() }
        return Outcome(events: descriptors[0].revents, isWoken: isWoken)
    }

    /// The same up to a deadline; nil for no end.
    public func wait(for descriptor: Int32, events: Int16, until deadline: ContinuousClock.Instant?) -> Outcome {
        wait(for: descriptor, events: events, timeoutMillis: Self.pollTimeoutMillis(until: deadline))
    }

    /// Rounded up, so that a deadline has passed when poll says so. -1: without end.
    private static func pollTimeoutMillis(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = (deadline - ContinuousClock.now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        let millis = seconds.multipliedReportingOverflow(by: 1_000)
        guard !millis.overflow else { return .max }
        return Int32(clamping: millis.partialValue + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
