import NIOCore
import NIOPosix
import Synchronization

/// Sessions of one event loop whose sources have announced frames. They are looked at together: one value for
/// thousands of clients is one task of the loop, and not one for each of them.
///
/// Bounded by the sessions there are: each is here once at most.
final class AnnouncedSessions: Sendable {
    /// After so many the loop serves its sockets again before it goes on.
    private static let sessionsAtOnce = 256
    private static let ofThread = ThreadSpecificVariable<AnnouncedSessions>()

    private let eventLoop: any EventLoop
    private let waiting = Mutex<[NIOLoopBound<WebSocketSessionHandler>]>([])

    private init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Those of the event loop whose thread this is.
    static func of(_ eventLoop: any EventLoop) -> AnnouncedSessions {
        if let known = ofThread.currentValue, known.eventLoop === eventLoop { return known }
        let new = AnnouncedSessions(eventLoop)
        ofThread.currentValue = new
        return new
    }

    /// From any thread.
    func add(_ handler: NIOLoopBound<WebSocketSessionHandler>) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(handler)
            return waiting.count == 1
        }
        if isFirst { eventLoop.execute { self.look(at: []) } }
    }

    /// - Parameter rest: those that are left of the ones before.
    private func look(at rest: ArraySlice<NIOLoopBound<WebSocketSessionHandler>>) {
        var rest = rest
        if rest.isEmpty {
            rest = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting[...]
            }
        }
        for handler in rest.prefix(Self.sessionsAtOnce) { handler.value.drawAnnounced() }
        let left = rest.dropFirst(Self.sessionsAtOnce)
        if !left.isEmpty { eventLoop.execute { self.look(at: left) } }
    }
}
