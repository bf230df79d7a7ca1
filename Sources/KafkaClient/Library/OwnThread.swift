import CRdKafka

#if canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Threads of this module: for calls that block, which the cooperative pool must not make.
enum OwnThread {
    /// Starts a detached thread that ends with its body.
    static func start(_ body: @escaping @Sendable () -> Void) throws(KafkaError) {
        let box = Unmanaged.passRetained(Box(body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument {
                    let body = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body
                    body()
                }
                return nil
            }, box.toOpaque())
        if result != 0 {
            box.release()
            throw KafkaError(.other, "no thread could be started (errno \(result))", isRetriable: true)
        }
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
