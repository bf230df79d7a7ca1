#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A thread of our own for calls that block: the cooperative pool must not wait in them.
enum NativeThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new thread.
    ///
    /// - Throws: ``RedisError/Code/connectionLost`` when the system has no thread left; `body` does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) throws(RedisError) {
        var thread = pthread_t()
        // The thread takes the reference over; a closure of C cannot capture.
        let argument = Unmanaged.passRetained(Body(body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                NativeThread.blockBrokenPipeSignal()
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw RedisError(.connectionLost, "no thread for a connection: \(SystemProblem.text(status))")
        }
        pthread_detach(thread)
    }

    /// OpenSSL writes without MSG_NOSIGNAL: a connection that the server has closed must not end the process.
    private static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// Errors of the system in words.
enum SystemProblem {
    static func text(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "errno \(code)"
    }
}
