import ClientThreads

/// Threads of this module.
enum OwnThread {
    /// Starts a detached thread that ends with its body.
    ///
    /// - Throws: when the system has no thread left; `body` does not run then.
    static func start(_ body: @escaping @Sendable () -> Void) throws(KafkaError) {
        do throws(SystemCallError) {
            try NativeThread.start(body)
        } catch {
            throw KafkaError(.other, "no thread could be started: \(error)", isRetriable: true)
        }
    }
}
