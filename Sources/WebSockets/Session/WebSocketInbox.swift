import Synchronization

/// Messages on their way from the event loop to the one who reads them.
///
/// Bounded by bytes: above the limit the socket is no longer read (TCP then slows the peer down) until everything was
/// taken.
final class WebSocketInbox: Sendable {
    private struct Contents {
        var messages: [WebSocketMessage] = []
        var bytes = 0
        var isFinished = false
        var isReadingHeld = false
        var readers: [(id: UInt64, continuation: CheckedContinuation<[WebSocketMessage]?, Never>)] = []
        var nextReader: UInt64 = 0
    }

    private let limitBytes: Int
    private let contents = Mutex(Contents())

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Hands over what one read of the socket brought.
    func append(_ batch: [WebSocketMessage], bytes: Int) {
        let reader = contents.withLock { contents -> CheckedContinuation<[WebSocketMessage]?, Never>? in
            guard !contents.isFinished else { return nil }
            if !contents.readers.isEmpty { return contents.readers.removeFirst().continuation }
            contents.messages.append(contentsOf: batch)
            contents.bytes += bytes
            return nil
        }
        reader?.resume(returning: batch)
    }

    /// Whether the socket may be read on. If not, the next ``takeAll()`` says that it may again.
    func allowsReading() -> Bool {
        contents.withLock { contents in
            guard contents.bytes >= limitBytes else { return true }
            contents.isReadingHeld = true
            return false
        }
    }

    /// Nothing more comes. What waits can still be taken.
    func finish() {
        let readers = contents.withLock { contents in
            contents.isFinished = true
            defer { contents.readers = [] }
            return contents.readers
        }
        for reader in readers { reader.continuation.resume(returning: nil) }
    }

    /// Everything that waits; waits itself while there is nothing.
    ///
    /// - Returns: nil at the end or when the task is cancelled, and whether the socket shall be read again.
    func takeAll() async -> (messages: [WebSocketMessage]?, resumesReading: Bool) {
        let id = contents.withLock { contents in
            contents.nextReader += 1
            return contents.nextReader
        }
        let messages = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Cancelled already: the handler below has run, or runs now and finds nothing.
                enum Outcome { case wait, now([WebSocketMessage]?) }
                let outcome = contents.withLock { contents -> Outcome in
                    if !contents.messages.isEmpty {
                        defer { contents.messages = [] }
                        contents.bytes = 0
                        return .now(contents.messages)
                    }
                    if contents.isFinished || Task.isCancelled { return .now(nil) }
                    contents.readers.append((id, continuation))
                    return .wait
                }
                if case .now(let messages) = outcome { continuation.resume(returning: messages) }
            }
        } onCancel: {
            let reader = contents.withLock { contents in
                contents.readers.firstIndex { $0.id == id }.map { contents.readers.remove(at: $0).continuation }
            }
            reader?.resume(returning: nil)
        }
        let resumesReading = contents.withLock { contents in
            defer { if contents.bytes < limitBytes { contents.isReadingHeld = false } }
            return contents.isReadingHeld && contents.bytes < limitBytes
        }
        return (messages, resumesReading)
    }
}

/// The messages of a session in order. One consumer; ends with the session.
public struct WebSocketMessages: AsyncSequence, Sendable {
    public typealias Element = WebSocketMessage

    let session: WebSocketSession

    public struct AsyncIterator: AsyncIteratorProtocol {
        let session: WebSocketSession
        private var batch: [WebSocketMessage] = []
        private var position = 0

        init(session: WebSocketSession) { self.session = session }

        public mutating func next() async -> WebSocketMessage? {
            if position == batch.count {
                guard let next = await session.nextBatch() else { return nil }
                batch = next
                position = 0
            }
            defer { position += 1 }
            return batch[position]
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(session: session) }
}
