import ClientThreads

/// Threads of this module.
enum OwnThread {
    /// Starts a detached thread that ends with its body.
    ///
    /// - Throws: when the system has no thread left; `body` does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        do throws(SystemCallError) {
            try NativeThread.start(body)
        } catch {
            throw PostgresError(.resources, "no thread for a PostgreSQL connection: \(error)")
        }
    }
}

extension WakePipe {
    /// - Throws: when the process has no descriptors left.
    static func make() throws(PostgresError) -> WakePipe {
        do throws(SystemCallError) {
            return try WakePipe()
        } catch {
            throw PostgresError(.resources, "no pipe for a PostgreSQL connection: \(error)")
        }
    }
}
