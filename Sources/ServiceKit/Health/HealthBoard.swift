import Synchronization

/// The state of one part of a service.
public enum PartState: Hashable, Sendable {
    case ok
    /// On its way; the service is not ready yet.
    case starting(String)
    /// Broken, with a sentence for people.
    case failed(String, blocksReadiness: Bool)

    /// `ok`, `starting` or `failed`.
    public var name: String {
        switch self {
        case .ok: "ok"
        case .starting: "starting"
        case .failed: "failed"
        }
    }

    /// The sentence, if there is one.
    public var reason: String? {
        switch self {
        case .ok: nil
        case .starting(let reason), .failed(let reason, _): reason
        }
    }

    /// Whether the service can serve in spite of it.
    public var isReady: Bool {
        switch self {
        case .ok: true
        case .starting: false
        case .failed(_, let blocksReadiness): !blocksReadiness
        }
    }
}

/// What `/health` and `/ready` say: each part reports here, and nobody else keeps a copy.
public final class HealthBoard: Sendable {
    private let parts = Mutex<[String: PartState]>([:])

    public init() {}

    /// Reports the state of a part.
    public func set(_ part: String, _ state: PartState) { parts.withLock { $0[part] = state } }

    /// Takes a part off the board.
    public func remove(_ part: String) { parts.withLock { $0[part] = nil } }

    /// All parts by name.
    public func snapshot() -> [String: PartState] { parts.withLock { $0 } }

    /// Whether every part allows it.
    public var isReady: Bool { parts.withLock { $0.values.allSatisfy(\.isReady) } }

    /// The body of `/health` and `/ready`.
    ///
    /// - Parameter extra: further members, values already encoded as JSON.
    public func json(status: String, extra: [(String, String)] = []) -> String {
        var text = "{\"status\":\(LogText.json(status))"
        for (name, value) in extra { text += ",\(LogText.json(name)):\(value)" }
        text += ",\"parts\":{"
        text += snapshot().sorted { $0.key < $1.key }.map { part, state in
            var entry = "\(LogText.json(part)):{\"state\":\(LogText.json(state.name))"
            if let reason = state.reason { entry += ",\"reason\":\(LogText.json(reason))" }
            return entry + "}"
        }.joined(separator: ",")
        return text + "}}"
    }
}
