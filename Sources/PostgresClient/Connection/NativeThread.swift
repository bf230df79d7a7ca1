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
    /// - Throws: ``PostgresError/Kind/resources`` when the system has no thread left; `body` does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        var thread = pthread_t()
        // The thread takes the reference over; a closure of C cannot capture.
        let argument = Unmanaged.passRetained(Body(body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw PostgresError(
                .resources, "no thread for a PostgreSQL connection: pthread_create gave errno \(status)")
        }
        pthread_detach(thread)
    }
}
