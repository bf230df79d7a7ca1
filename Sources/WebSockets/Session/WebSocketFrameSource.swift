/// Where a session's frames come from when the socket asks for them, and not a task that sends.
///
/// For values of which only the latest counts: they are taken when the socket has room, so that a slow client gets the
/// newest one later and nothing piles up.
public protocol WebSocketFrameSource: Sendable {
    /// Everything that waits now, in order; it counts as sent. Called on the connection's event loop, after
    /// ``WebSocketSession/announceFrames()``: be quick.
    func waitingFrames() -> [WebSocketFrameBytes]
}
