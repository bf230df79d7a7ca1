#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Threads of the client modules, for calls that block: the cooperative pool must not wait in them.
public enum NativeThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new detached thread that ends with it.
    ///
    /// - Throws: ``SystemCallError`` when the system has no thread left; `body` does not run then.
    public static func start(_ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
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
            throw SystemCallError(call: "pthread_create", code: status)
        }
        pthread_detach(thread)
    }

    /// Libraries write to sockets without MSG_NOSIGNAL: a connection that the server has closed must not end the
    /// process.
    private static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
