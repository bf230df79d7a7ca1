import Synchronization

/// What a session and its channel's handler share: both hold it, neither holds the other.
final class WebSocketSessionLink: Sendable {
    let inbox: WebSocketInbox
    let outbox: WebSocketOutbox
    /// Whether the event loop has been told that frames wait at the source, and has not looked yet.
    let announcement = Atomic<Bool>(false)
    private let ended = Mutex<WebSocketClosure?>(nil)

    init(_ configuration: WebSocketSessionConfiguration) {
        inbox = WebSocketInbox(limitBytes: configuration.inboundLimitBytes)
        outbox = WebSocketOutbox(limitBytes: configuration.outboundLimitBytes)
    }

    /// How the connection ended or is about to; nil while it is open.
    var closure: WebSocketClosure? { ended.withLock { $0 } }

    func end(_ closure: WebSocketClosure) {
        ended.withLock { ended in if ended == nil { ended = closure } }
        outbox.close()
        inbox.finish()
    }
}
