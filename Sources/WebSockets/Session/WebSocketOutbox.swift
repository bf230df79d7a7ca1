import NIOCore
import Synchronization

/// What ``WebSocketSession/offer(_:)`` did.
public enum WebSocketOfferResult: Sendable {
    /// It will be sent.
    case accepted
    /// As much as allowed waits already; nothing was taken.
    case full
    /// The session is over.
    case closed
}

/// Frames on their way from any task to the event loop.
///
/// Bounded by bytes, with two policies: `offer` refuses, `waitForRoom` lets the sender wait.
final class WebSocketOutbox: Sendable {
    private struct Contents {
        var frames: [ByteBuffer] = []
        /// Bytes here and at the handler, not yet taken by the socket's own buffer.
        var waitingBytes = 0
        var isClosed = false
        var isFlushScheduled = false
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
    }

    private struct Waiter {
        let id: UInt64
        /// Resumes at this many waiting bytes or fewer.
        let threshold: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    enum Offer {
        /// `schedulesFlush`: the caller asks the event loop to flush.
        case accepted(schedulesFlush: Bool)
        case full
        case closed
    }

    private let limitBytes: Int
    private let contents = Mutex(Contents())

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    var waitingBytes: Int { contents.withLock { $0.waitingBytes } }

    /// Takes bytes unless the limit is reached. One frame may exceed it, so that any frame can be sent.
    func offer(_ bytes: ByteBuffer) -> Offer {
        contents.withLock { contents in
            guard !contents.isClosed else { return .closed }
            guard contents.waitingBytes < limitBytes else { return .full }
            contents.frames.append(bytes)
            contents.waitingBytes += bytes.readableBytes
            guard !contents.isFlushScheduled else { return .accepted(schedulesFlush: false) }
            contents.isFlushScheduled = true
            return .accepted(schedulesFlush: true)
        }
    }

    /// Waits until half of the limit is free, the outbox is closed or the task is cancelled.
    func waitForRoom() async { await wait(threshold: limitBytes / 2) }

    /// Waits until nothing waits any more, the outbox is closed or the task is cancelled.
    func waitUntilEmpty() async { await wait(threshold: 0) }

    /// Everything not yet at the handler. On the event loop.
    func takeAll() -> [ByteBuffer] {
        contents.withLock { contents in
            contents.isFlushScheduled = false
            defer { contents.frames = [] }
            return contents.frames
        }
    }

    /// The handler took these from its source; they wait as others do. On the event loop.
    func drew(bytes: Int) { contents.withLock { $0.waitingBytes += bytes } }

    /// The socket's buffer took these.
    func written(bytes: Int) {
        let resumed = contents.withLock { contents -> [Waiter] in
            contents.waitingBytes -= bytes
            guard !contents.waiters.isEmpty else { return [] }
            let waiting = contents.waitingBytes
            defer { contents.waiters.removeAll { $0.threshold >= waiting } }
            return contents.waiters.filter { $0.threshold >= waiting }
        }
        for waiter in resumed { waiter.continuation.resume() }
    }

    /// No frame is taken from now on.
    func close() {
        let waiters = contents.withLock { contents in
            contents.isClosed = true
            defer { contents.waiters = [] }
            return contents.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    private func wait(threshold: Int) async {
        guard contents.withLock({ !$0.isClosed && $0.waitingBytes > threshold }) else { return }
        let id = contents.withLock { contents in
            contents.nextWaiter += 1
            return contents.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = contents.withLock { contents in
                    if contents.isClosed || contents.waitingBytes <= threshold || Task.isCancelled { return true }
                    contents.waiters.append(Waiter(id: id, threshold: threshold, continuation: continuation))
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = contents.withLock { contents in
                contents.waiters.firstIndex { $0.id == id }.map { contents.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
    }
}
