import Synchronization

/// Tells any number of listeners that something has changed. Changes in quick succession may be told as one, so that
/// nothing grows for a listener that takes its time.
public final class ChangeSignal: Sendable {
    private struct Contents {
        var next = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let contents = Mutex(Contents())

    public init() {}

    /// Changes from now on, until the listening task is cancelled.
    public func listen() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = contents.withLock { contents in
            contents.next += 1
            contents.listeners[contents.next] = continuation
            return contents.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.contents.withLock { $0.listeners[number] = nil }
        }
        return stream
    }

    public func tell() {
        for listener in contents.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }
}
