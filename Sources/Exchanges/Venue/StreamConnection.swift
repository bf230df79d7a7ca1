import MarketCore
import NIOCore
import WebSockets

/// One connection to a venue's streams, from its first byte to its last.
struct StreamConnection: Sendable {
    let instruments: LineInstruments
    let dialect: any StreamDialect
    let rules: ConnectionRules
    let wallMicros: @Sendable () -> Int64
    /// Called when the venue has agreed to send everything.
    let onSubscribed: @Sendable () -> Void
    /// Called when it is known that the connection will end.
    let onEndsSoon: @Sendable () -> Void

    private var name: String { instruments.name }

    /// Follows everything until the connection is over.
    ///
    /// - Returns: why it ended, and whether it brought any trade.
    /// - Throws: `ReceiverError` or `CancellationError`.
    func run(_ session: WebSocketSession, _ receiver: some TradeReceiver) async throws -> (String, Bool) {
        let progress = ConnectionProgress()
        return (try await follow(session, receiver, progress), await progress.hasTrades)
    }

    private func follow(
        _ session: WebSocketSession, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws -> String {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                if let broken = try await read(session, receiver, progress) { return broken }
                return session.closure.map { "closed: \($0.code) \($0.reason)" } ?? "closed"
            }
            group.addTask {
                // Of a session that is over, the reader tells, once it has read what came before.
                do { try await subscribe(session, progress) } catch is WebSocketError {}
                return nil
            }
            group.addTask {
                do {
                    return try await progress.waitUntilStale(rules.staleAfter) {
                        // A quiet market is no stalled connection: that one does not answer either.
                        if let question = dialect.question { try await session.send(text: question) }
                    }
                } catch is WebSocketError {
                    return nil
                }
            }
            if let life = rules.longestLife {
                group.addTask {
                    try await Task.sleep(for: life)
                    onEndsSoon()
                    return nil
                }
            }
            defer {
                group.cancelAll()
                session.abort()
            }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            return "closed"
        }
    }

    /// Asks for what is followed, now and whenever that changes.
    private func subscribe(_ session: WebSocketSession, _ progress: ConnectionProgress) async throws {
        var changes = instruments.changes().makeAsyncIterator()
        var asked: [Instrument] = []
        var requestCount: Int64 = 0
        repeat {
            let wanted = instruments.instruments
            // With its last instrument the whole connection is let go.
            if wanted.isEmpty { continue }
            let requests = requests(from: asked, to: wanted, firstID: requestCount + 1)
            if requestCount == 0 { await progress.expect(requests.reduce(0) { $0 + $1.grants }) }
            for request in requests {
                if requestCount > 0 { try await Task.sleep(for: dialect.requestPause) }
                requestCount += 1
                try await session.send(text: request.text)
            }
            asked = wanted
        } while await changes.next() != nil
    }

    private func requests(
        from asked: [Instrument], to wanted: [Instrument], firstID: Int64
    ) -> [StreamRequest] {
        let (before, after) = (Set(asked), Set(wanted))
        let gone = asked.filter { !after.contains($0) }
        let new = wanted.filter { !before.contains($0) }
        var requests = gone.isEmpty ? [] : dialect.requests(.unsubscribe, gone, firstID: firstID)
        if !new.isEmpty {
            requests += dialect.requests(.subscribe, new, firstID: firstID + Int64(requests.count))
        }
        return requests
    }

    /// - Returns: why the connection is of no use any more; nil at its end.
    private func read(
        _ session: WebSocketSession, _ receiver: some TradeReceiver, _ progress: ConnectionProgress
    ) async throws -> String? {
        var version = 0
        var reader = dialect.makeReader([])
        let recording = receiver.recording(of: name)
        var trades: [Trade] = []
        while let batch = await session.nextBatch() {
            await progress.began()
            if let (newest, followed) = instruments.newer(than: version) {
                version = newest
                reader.follow(followed)
            }
            let now = wallMicros()
            if let recording {
                try await recording.take(batch, receivedTimeMicros: now)
            }
            var broken: String?
            var grants = 0
            trades.removeAll(keepingCapacity: true)
            for message in batch where broken == nil {
                switch take(message, now, &reader, receiver, &trades) {
                case .none: break
                case .granted: grants += 1
                case .endsSoon: onEndsSoon()
                case .refused(let reason): receiver.connection(name, .unusable(reason: reason, excerpt: ""))
                case .broken(let reason): broken = reason
                }
            }
            if grants > 0, await progress.granted(grants) {
                receiver.connection(name, .connected)
                onSubscribed()
            }
            receiver.connection(name, .message)
            if !trades.isEmpty {
                do {
                    try await receiver.receive(trades, from: name)
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    throw ReceiverError(cause: error)
                }
            }
            await progress.done(hadTrades: !trades.isEmpty)
            if let broken { return broken }
        }
        return nil
    }

    private func take(
        _ message: WebSocketMessage, _ now: Int64, _ reader: inout any StreamReader, _ receiver: some TradeReceiver,
        _ trades: inout [Trade]
    ) -> StreamSignal {
        guard case .text(let bytes) = message else { return .refused("a message that is no text") }
        let known = trades.count
        do {
            return try reader.read(bytes, receivedTimeMicros: now, into: &trades)
        } catch {
            trades.removeSubrange(known...)
            receiver.connection(
                name, .unusable(reason: "\(error)", excerpt: String(String(buffer: bytes).prefix(200))))
            return .none
        }
    }
}

/// An error of the receiver's, as opposed to one of the connection.
struct ReceiverError: Error {
    let cause: any Error
}

/// Whether anything still comes in.
private actor ConnectionProgress {
    private(set) var hasTrades = false
    private var openGrants = 0
    private var batchCount = 0
    /// While what came is decoded, recorded and received nothing is read: that is no silence of the venue's.
    private var isBusy = false

    /// So many agreements say that the venue sends everything.
    func expect(_ grants: Int) { openGrants = grants }

    /// - Returns: whether those were the last ones waited for.
    func granted(_ count: Int) -> Bool {
        guard openGrants > 0 else { return false }
        openGrants -= count
        return openGrants <= 0
    }

    /// A batch has come, and is worked on.
    func began() {
        batchCount += 1
        isBusy = true
    }

    /// The next one is waited for.
    func done(hadTrades: Bool) {
        batchCount += 1
        isBusy = false
        if hadTrades { hasTrades = true }
    }

    /// Returns, with the reason, once nothing at all has come in for `patience`.
    ///
    /// - Parameter ask: sends something that the venue answers; called after half of it.
    func waitUntilStale(_ patience: Duration, ask: @Sendable () async throws -> Void) async throws -> String {
        var seen = -1
        var hasAsked = false
        while true {
            if seen != batchCount || isBusy {
                hasAsked = false
            } else if hasAsked {
                return "nothing came in for \(patience)"
            } else {
                hasAsked = true
                try await ask()
            }
            seen = batchCount
            try await Task.sleep(for: patience / 2)
        }
    }
}
