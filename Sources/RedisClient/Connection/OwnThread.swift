import ClientThreads

/// Threads of this module.
enum OwnThread {
    /// Starts a detached thread that ends with its body.
    ///
    /// - Throws: when the system has no thread left; `body` does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) throws(RedisError) {
        do throws(SystemCallError) {
            try NativeThread.start(body)
        } catch {
            throw RedisError(.connectionLost, "no thread for a connection: \(error)")
        }
    }
}

extension WakePipe {
    /// - Throws: when the process has no descriptors left.
    static func make() throws(RedisError) -> WakePipe {
        do throws(SystemCallError) {
            return try WakePipe()
        } catch {
            throw RedisError(.connectionLost, "no pipe for a connection: \(error)")
        }
    }
}
