/// Which connections a pool has and who waits for one: a pure value that returns what is to be done.
struct PoolState<Resource: Sendable> {
    typealias WaiterID = UInt64

    struct Lease: Sendable {
        let id: UInt64
        let resource: Resource
    }

    enum Action {
        case serve(WaiterID, Lease)
        case refuse(WaiterID, PostgresError)
        case connect
        /// Report with ``PoolState/retryDue()`` after the pause that follows this many failures in a row.
        case retry(afterFailures: Int)
        case discard(Resource)
    }

    enum Acquisition {
        case lease(Lease)
        case wait([Action])
        case refuse(PostgresError)
    }

    private struct Waiter {
        let id: WaiterID
        /// Waits even while the server is down.
        let isPatient: Bool
    }

    private let size: Int
    private let maxWaiters: Int
    private var resources: [UInt64: Resource] = [:]
    /// The one used last is used first, so that the others' server processes may rest.
    private var idle: [UInt64] = []
    private var waiters: [Waiter] = []
    private var connecting = 0
    private var lastID: UInt64 = 0
    /// Of the last attempt to connect, until one succeeds.
    private var failure: PostgresError?
    private var failuresInRow = 0
    private var isRetryPlanned = false
    private var isClosed = false

    init(size: Int, maxWaiters: Int) {
        self.size = max(1, size)
        self.maxWaiters = max(0, maxWaiters)
    }

    var health: PostgresHealth {
        if !resources.isEmpty { return .ok }
        return failure.map(PostgresHealth.failed) ?? .starting
    }

    var waiterCount: Int { waiters.count }
    var connectionCount: Int { resources.count }

    /// The first attempt to connect.
    mutating func start() -> [Action] { connectAsNeeded() }

    /// Asks for a connection. A caller that shall wait is served or refused by a later action.
    mutating func acquire(_ waiter: WaiterID, isPatient: Bool) -> Acquisition {
        if isClosed { return .refuse(Self.closed) }
        if let id = idle.popLast(), let resource = resources[id] { return .lease(Lease(id: id, resource: resource)) }
        if let failure, resources.isEmpty, !isPatient { return .refuse(failure) }
        guard waiters.count < maxWaiters else {
            return .refuse(
                PostgresError(
                    .busy, "\(waiters.count) callers wait for \(size) connections already",
                    hint: "Try again later, or raise the size of the pool."))
        }
        waiters.append(Waiter(id: waiter, isPatient: isPatient))
        return .wait(connectAsNeeded())
    }

    /// Takes a caller out of the queue.
    ///
    /// - Returns: Whether it was still in it.
    mutating func giveUp(_ waiter: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.id == waiter }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// An attempt to connect has succeeded.
    ///
    /// - Returns: The connection's number here, nil when it is discarded; and what to do.
    mutating func connected(_ resource: Resource) -> (id: UInt64?, [Action]) {
        connecting -= 1
        failure = nil
        failuresInRow = 0
        if isClosed { return (nil, [.discard(resource)]) }
        lastID += 1
        resources[lastID] = resource
        let id = lastID
        return (id, hand(id, resource) + connectAsNeeded())
    }

    /// An attempt to connect has failed.
    mutating func connectFailed(_ error: PostgresError) -> [Action] {
        connecting -= 1
        if isClosed { return [] }
        failure = error
        var actions: [Action] = []
        // As long as there is a connection it will come back to those who wait.
        if resources.isEmpty {
            actions = waiters.filter { !$0.isPatient }.map { .refuse($0.id, error) }
            waiters.removeAll { !$0.isPatient }
        }
        if !isRetryPlanned {
            isRetryPlanned = true
            failuresInRow += 1
            actions.append(.retry(afterFailures: failuresInRow))
        }
        return actions
    }

    /// The pause after a failure is over.
    mutating func retryDue() -> [Action] {
        isRetryPlanned = false
        return connectAsNeeded()
    }

    /// A caller gives its connection back.
    mutating func released(_ id: UInt64, isUsable: Bool) -> [Action] {
        guard let resource = resources[id] else { return [] }
        if isUsable, !isClosed { return hand(id, resource) }
        resources[id] = nil
        return [.discard(resource)] + connectAsNeeded()
    }

    /// A connection has ended by itself. One that is lent out goes when it is given back.
    mutating func lost(_ id: UInt64) -> [Action] {
        guard let index = idle.firstIndex(of: id) else { return [] }
        idle.remove(at: index)
        resources[id] = nil
        return connectAsNeeded()
    }

    /// Ends it all: everybody who waits is refused, every connection discarded.
    mutating func close() -> [Action] {
        isClosed = true
        var actions: [Action] = waiters.map { .refuse($0.id, Self.closed) }
        actions += resources.values.map(Action.discard)
        waiters = []
        idle = []
        resources = [:]
        return actions
    }

    private mutating func hand(_ id: UInt64, _ resource: Resource) -> [Action] {
        guard !waiters.isEmpty else {
            idle.append(id)
            return []
        }
        return [.serve(waiters.removeFirst().id, Lease(id: id, resource: resource))]
    }

    /// One attempt for each caller that waits, and one if there is no connection at all; after a failure only one at
    /// a time, when its pause is over.
    private mutating func connectAsNeeded() -> [Action] {
        if isClosed || isRetryPlanned { return [] }
        let wanted = max(waiters.count, resources.isEmpty ? 1 : 0)
        let allowed = failure == nil ? size - resources.count : 1
        let more = min(wanted, allowed) - connecting
        guard more > 0 else { return [] }
        connecting += more
        return Array(repeating: .connect, count: more)
    }

    private static var closed: PostgresError { PostgresError(.cancelled, "the pool is closed") }
}
