import Testing

@testable import PostgresClient

/// The pool's decisions, without a server.
struct PoolStateTests {
    private let down = PostgresError(.connectionFailed, "down")

    private func connects(_ actions: [PoolState<Int>.Action]) -> Int {
        actions.count { if case .connect = $0 { true } else { false } }
    }

    @Test func connectsOnceAtStartAndThenOnDemandUpToItsSize() {
        var state = PoolState<Int>(size: 2, maxWaiters: 10)
        #expect(connects(state.start()) == 1)
        guard case .wait(let first) = state.acquire(1, isPatient: false),
            case .wait(let second) = state.acquire(2, isPatient: false),
            case .wait(let third) = state.acquire(3, isPatient: false)
        else { return #expect(Bool(false), "somebody was not made to wait") }
        #expect([first, second, third].map(connects) == [0, 1, 0])
    }

    @Test func waitersAreServedInOrder() throws {
        var state = PoolState<Int>(size: 1, maxWaiters: 10)
        _ = state.start()
        _ = state.acquire(1, isPatient: false)
        _ = state.acquire(2, isPatient: false)
        let (id, actions) = state.connected(100)
        guard case .serve(1, let lease) = try #require(actions.first) else {
            return #expect(Bool(false), "the first waiter was not served")
        }
        #expect(lease.resource == 100)
        let given = state.released(try #require(id), isUsable: true)
        guard case .serve(2, _) = try #require(given.first) else {
            return #expect(Bool(false), "the second waiter was not served")
        }
    }

    @Test func aFullQueueRefusesAtOnce() {
        var state = PoolState<Int>(size: 1, maxWaiters: 1)
        _ = state.start()
        _ = state.acquire(1, isPatient: false)
        guard case .refuse(let error) = state.acquire(2, isPatient: false) else {
            return #expect(Bool(false), "the second waiter was not refused")
        }
        #expect(error.kind == .busy)
        let wasWaiting = state.giveUp(1)
        #expect(wasWaiting)
        let isWaiting = state.giveUp(1)
        #expect(!isWaiting)
        guard case .wait = state.acquire(3, isPatient: false) else {
            return #expect(Bool(false), "there was room again")
        }
    }

    @Test func aFailureRefusesAllButThePatientAndPlansOneRetry() {
        var state = PoolState<Int>(size: 3, maxWaiters: 10)
        _ = state.start()
        _ = state.acquire(1, isPatient: false)
        _ = state.acquire(2, isPatient: true)
        let actions = state.connectFailed(down)
        let refused = actions.compactMap { if case .refuse(let id, _) = $0 { id } else { nil } }
        #expect(refused == [1])
        let retries = actions.compactMap { if case .retry(let failures) = $0 { failures } else { nil } }
        #expect(retries == [1])
        // The second attempt that was under way fails too: no second timer.
        let others = state.connectFailed(down)
        #expect(others.isEmpty)
        guard case .refuse(let error) = state.acquire(3, isPatient: false), error == down else {
            return #expect(Bool(false), "a call fails at once while the server is away")
        }
        if case .failed = state.health {} else { #expect(Bool(false), "the pool does not say that it failed") }
        #expect(connects(state.retryDue()) == 1)
        let again = state.connectFailed(down).compactMap { if case .retry(let failures) = $0 { failures } else { nil } }
        #expect(again == [2])
        #expect(connects(state.retryDue()) == 1)
        let (_, served) = state.connected(7)
        guard case .serve(2, _) = served.first else { return #expect(Bool(false), "the patient one was not served") }
        if case .ok = state.health {} else { #expect(Bool(false), "the pool does not say that it is well") }
    }

    @Test func aLostIdleConnectionIsReplaced() throws {
        var state = PoolState<Int>(size: 2, maxWaiters: 10)
        _ = state.start()
        let (id, _) = state.connected(1)
        #expect(connects(state.lost(try #require(id))) == 1)
        #expect(state.connectionCount == 0)
    }

    @Test func anUnusableConnectionIsDiscarded() throws {
        var state = PoolState<Int>(size: 1, maxWaiters: 10)
        _ = state.start()
        let (id, _) = state.connected(1)
        guard case .lease = state.acquire(1, isPatient: false) else {
            return #expect(Bool(false), "the idle connection was not lent")
        }
        let lost = state.lost(try #require(id))
        #expect(lost.isEmpty)
        let actions = state.released(try #require(id), isUsable: false)
        #expect(connects(actions) == 1)
        guard case .discard(1) = try #require(actions.first) else {
            return #expect(Bool(false), "the connection was not discarded")
        }
    }

    @Test func closingRefusesWaitersAndWhatConnectsLate() throws {
        var state = PoolState<Int>(size: 1, maxWaiters: 10)
        _ = state.start()
        _ = state.acquire(1, isPatient: false)
        let actions = state.close()
        guard case .refuse(1, let error) = try #require(actions.first) else {
            return #expect(Bool(false), "the waiter was not refused")
        }
        #expect(error.kind == .cancelled)
        let (id, late) = state.connected(9)
        #expect(id == nil)
        guard case .discard(9) = try #require(late.first) else {
            return #expect(Bool(false), "the late connection was not discarded")
        }
        let retry = state.retryDue()
        #expect(retry.isEmpty)
    }

    @Test func pausesDoubleUpToTheLongestAndAreShortenedByChance() {
        let backoff = PostgresBackoff(firstMillis: 100, maxMillis: 1_500)
        let longest = (1...7).map { backoff.pauseMillis(afterFailures: $0) { $0.upperBound } }
        #expect(longest == [100, 200, 400, 800, 1_500, 1_500, 1_500])
        let shortest = (1...5).map { backoff.pauseMillis(afterFailures: $0) { $0.lowerBound } }
        #expect(shortest == [50, 100, 200, 400, 750])
        #expect(backoff.pauseMillis(afterFailures: 10_000) { $0.upperBound } == 1_500)
    }
}
