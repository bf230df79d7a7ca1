import CLibPQ
import ClientThreads

extension Session {
    /// Waits for the answers to what was queued, sending the rest of it meanwhile.
    mutating func collect(
        _ expectations: [Expectation], _ reply: inout BatchReply, wake: WakePipe,
        isCancelRequested: () -> Bool
    ) {
        var wait = ReplyWait(timeoutMillis: replyTimeoutMillis)
        var next = 0
        var hasAnswer = false
        while next < expectations.count {
            guard awaitAnswer(&wait, &reply, wake: wake, isCancelRequested: isCancelRequested) else {
                if !wait.isOverdue { takeRest(expectations[next...], &reply, wait) }
                return
            }
            guard let result = PQgetResult(handle) else {
                // The end of one statement's answers; a synchronization point has none.
                if hasAnswer {
                    next += 1
                    hasAnswer = false
                } else if !wait.noteSilence() {
                    return reply.lose(PostgresError(.connectionLost, "libpq has lost count of the answers"))
                }
                continue
            }
            wait.noteAnswer()
            let expectation = expectations[next]
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
                next += 1
            } else {
                note(result, for: expectation)
                hasAnswer = true
            }
            reply.take(result, for: expectation, isCancelRequested: wait.isCancelSent)
            if reply.loss != nil { return }
        }
    }

    /// Waits for the answers to a script, whose statements nobody counted.
    mutating func collectScript(
        _ reply: inout BatchReply, wake: WakePipe, isCancelRequested: () -> Bool
    ) {
        var wait = ReplyWait(timeoutMillis: replyTimeoutMillis)
        while awaitAnswer(&wait, &reply, wake: wake, isCancelRequested: isCancelRequested) {
            guard let result = PQgetResult(handle) else { return reply.finishScript() }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: PQclear(result)
            default: reply.take(result, for: .statement(0), isCancelRequested: wait.isCancelSent)
            }
            if reply.loss != nil { return }
        }
    }

    /// Sends what is queued and waits until an answer can be taken without blocking.
    ///
    /// - Returns: false when none will come; the reply then knows why.
    private func awaitAnswer(
        _ wait: inout ReplyWait, _ reply: inout BatchReply, wake: WakePipe, isCancelRequested: () -> Bool
    ) -> Bool {
        while PQisBusy(handle) == 1 {
            let unsent = PQflush(handle)
            let wanted = WakePipe.readable | (unsent == 1 ? WakePipe.writable : 0)
            let events = wake.wait(for: socket, events: wanted, until: wait.deadline)
            if events.isWoken, !wait.isCancelSent, isCancelRequested() {
                wait.isCancelSent = true
                requestCancel()
            }
            if events.isReady || unsent < 0 {
                guard PQconsumeInput(handle) == 1 else {
                    reply.lose(lossProblem())
                    return false
                }
                wait.noteInput()
            }
            if !events.isReady, !events.isWoken, wait.isOverdue {
                reply.lose(
                    PostgresError(
                        .connectionLost, "no answer within \(replyTimeoutMillis) ms; the connection is given up"))
                return false
            }
        }
        return true
    }

    /// Takes the answers that had arrived before the connection broke: COMMIT's may be among them.
    private mutating func takeRest(
        _ expectations: ArraySlice<Expectation>, _ reply: inout BatchReply, _ wait: ReplyWait
    ) {
        var rest = expectations
        var silences = 0
        while let expectation = rest.first, silences < 2 {
            guard let result = PQgetResult(handle) else {
                silences += 1
                if silences == 1 { rest = rest.dropFirst() }
                continue
            }
            silences = 0
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC { rest = rest.dropFirst() }
            reply.take(result, for: expectation, isCancelRequested: wait.isCancelSent)
        }
    }

    /// Keeps the book of prepared statements.
    private mutating func note(_ result: OpaquePointer, for expectation: Expectation) {
        if case .prepared(let key, let name) = expectation, PQresultStatus(result) == PGRES_COMMAND_OK {
            prepared.insert(key, name: name)
        }
    }
}

/// How long a batch has waited, and what was done about it.
private struct ReplyWait {
    /// Moves on with every byte that comes: only silence ends the wait.
    private(set) var deadline: ContinuousClock.Instant
    private let timeout: Duration
    private var silences = 0
    var isCancelSent = false

    init(timeoutMillis: Int) {
        timeout = .milliseconds(timeoutMillis)
        deadline = .now + timeout
    }

    var isOverdue: Bool { ContinuousClock.now >= deadline }

    mutating func noteInput() { deadline = .now + timeout }

    mutating func noteAnswer() { silences = 0 }

    /// - Returns: false when libpq keeps saying that there is nothing.
    mutating func noteSilence() -> Bool {
        silences += 1
        return silences < 10
    }
}
