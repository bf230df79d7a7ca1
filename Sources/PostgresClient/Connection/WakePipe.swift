#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Wakes a thread that waits in poll(2) on a socket.
struct WakePipe: ~Copyable, Sendable {
    /// Becomes readable on `wake`.
    let readingEnd: Int32
    private let writingEnd: Int32

    init() throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw PostgresError(.resources, "no pipe for a PostgreSQL connection: errno \(errno)")
        }
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
    func wake() {
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }

    /// Takes everything out; by the thread that waits.
    func drain() {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while read(readingEnd, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    }

    /// Waits until the socket can be read (or written, if asked), the pipe is woken, or the deadline passes.
    func wait(
        for socket: Int32, orWritable: Bool, until deadline: ContinuousClock.Instant?
    ) -> (isReady: Bool, isWoken: Bool) {
        var descriptors = [
            pollfd(fd: socket, events: Int16(POLLIN) | (orWritable ? Int16(POLLOUT) : 0), revents: 0),
            pollfd(fd: readingEnd, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, Self.pollTimeoutMillis(until: deadline))
        let isWoken = descriptors[1].revents != 0
        if isWoken { drain() }
        return (descriptors[0].revents != 0, isWoken)
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
