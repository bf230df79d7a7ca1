#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Wakes a thread that waits in poll(2).
final class WakePipe: Sendable {
    private let readingEnd: Int32
    private let writingEnd: Int32

    init() throws(RedisError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw RedisError(.connectionLost, "no pipe for a connection: \(SystemProblem.text(errno))")
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

    /// Waits until the descriptor is ready, the pipe is woken, or the time is over. A negative descriptor is never
    /// ready.
    ///
    /// - Parameter timeoutMillis: Milliseconds, or -1 for no end.
    /// - Returns: poll's `revents` of the descriptor.
    func wait(for descriptor: Int32, events: Int16, timeoutMillis: Int32) -> Int16 {
        var descriptors = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: readingEnd, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, timeoutMillis) > 0 else { return 0 }
        if descriptors[1].revents != 0 { drain() }
        return descriptors[0].revents
    }

    private func drain() {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while read(readingEnd, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    }
}
