import WebSockets

/// Keeps one share of the instruments connected: a new connection when one is lost, and a second one before one ends
/// that is known to (its 24 hours, `serverShutdown`), so that nothing is missed between them. What both bring comes
/// twice; trades are known by their ids.
struct VenueLine: Sendable {
    let instruments: LineInstruments
    let dialect: any StreamDialect
    let client: WebSocketClient
    let rules: ConnectionRules
    /// Nil where the venue does not count them.
    let attempts: ConnectionAttempts?
    let wallMicros: @Sendable () -> Int64
    let random: @Sendable () -> Double

    private var name: String { instruments.name }

    /// What a connection tells the one who keeps the line.
    enum Event: Sendable {
        /// The venue agreed to send everything.
        case subscribed(Int)
        /// It will end soon.
        case endsSoon(Int)
        case ended(Int, Outcome)
    }

    enum Outcome: Sendable {
        case lost(reason: String, hadTrades: Bool)
        case failed(any Error)
    }

    /// Until the task is cancelled.
    ///
    /// - Throws: what the receiver throws, or `CancellationError`.
    func run(_ receiver: some TradeReceiver) async throws {
        let (events, continuation) = AsyncStream<Event>.makeStream()
        let connections = Connections()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            var state = State()
            var backoff = Backoff(first: rules.backoffFirst, longest: rules.backoffLongest, random: random)
            func open() {
                state.newest += 1
                state.opened = .now
                let number = state.newest
                state.open.insert(number)
                group.addTask { await connect(number, connections, receiver, continuation) }
            }
            receiver.connection(name, .connecting)
            open()
            for await event in events {
                try Task.checkCancellation()
                switch event {
                case .endsSoon(let number):
                    guard number == state.newest, .now - state.opened >= rules.replacedAfter else { continue }
                    open()
                case .subscribed(let number):
                    // The others were only kept until this one took over.
                    for old in state.open where old < number { await connections.end(old) }
                case .ended(_, .failed(let error)): throw error
                case .ended(let number, .lost(let reason, let hadTrades)):
                    state.open.remove(number)
                    guard state.open.isEmpty else { continue }
                    if hadTrades { backoff.reset() }
                    let pause = backoff.next()
                    receiver.connection(name, .disconnected(reason: reason, retryAfter: pause))
                    try await Task.sleep(for: pause)
                    receiver.connection(name, .connecting)
                    open()
                }
            }
            throw CancellationError()
        }
    }

    private struct State {
        var newest = 0
        var opened = ContinuousClock.now
        var open: Set<Int> = []
    }

    private func connect(
        _ number: Int, _ connections: Connections, _ receiver: some TradeReceiver,
        _ events: AsyncStream<Event>.Continuation
    ) async {
        let connection = StreamConnection(
            instruments: instruments, dialect: dialect, rules: rules, wallMicros: wallMicros,
            onSubscribed: { events.yield(.subscribed(number)) }, onEndsSoon: { events.yield(.endsSoon(number)) })
        do {
            try await waitForAttempt(receiver)
            let session = try await client.connect(to: dialect.address)
            await connections.began(number, session)
            let (reason, hadTrades) = try await connection.run(session, receiver)
            events.yield(.ended(number, .lost(reason: reason, hadTrades: hadTrades)))
        } catch let error as ReceiverError {
            events.yield(.ended(number, .failed(error.cause)))
        } catch is CancellationError {
            events.yield(.ended(number, .failed(CancellationError())))
        } catch {
            events.yield(.ended(number, .lost(reason: "\(error)", hadTrades: false)))
        }
        await connections.ended(number)
    }

    private func waitForAttempt(_ receiver: some TradeReceiver) async throws {
        guard let pause = attempts?.book(), pause > .zero else { return }
        let reason = "as many connections were made as the venue allows in a while"
        receiver.connection(name, .disconnected(reason: reason, retryAfter: pause))
        try await Task.sleep(for: pause)
        receiver.connection(name, .connecting)
    }

    /// The open sessions, to end one whose successor has taken over.
    private actor Connections {
        private var sessions: [Int: WebSocketSession] = [:]
        /// Ended before they had begun.
        private var unwanted: Set<Int> = []

        func began(_ number: Int, _ session: WebSocketSession) {
            guard unwanted.remove(number) == nil else { return session.abort() }
            sessions[number] = session
        }

        func end(_ number: Int) {
            guard let session = sessions[number] else {
                unwanted.insert(number)
                return
            }
            session.abort()
        }

        func ended(_ number: Int) {
            sessions[number] = nil
            unwanted.remove(number)
        }
    }
}
