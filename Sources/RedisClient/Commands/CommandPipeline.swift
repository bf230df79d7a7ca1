/// What is waiting and what is under way on one connection: a value without I/O, clock or callers.
///
/// A batch is one call's commands. It waits for room, is queued, is sent, and is answered when its last reply is in.
/// Replies belong to the batches in the order of sending; a batch whose caller has gone keeps its place until its
/// replies have come.
struct CommandPipeline {
    struct Limits {
        let maxCommands: Int
        let maxBytes: Int
        let whenFull: RedisBackpressure
        let timeoutMillis: Int64
    }

    /// What a caller gets.
    struct Answer {
        let id: UInt64
        let result: Result<[RedisReply], RedisError>
    }

    private struct Batch {
        let id: UInt64
        let commandCount: Int
        let byteCount: Int
        let deadlineMillis: Int64
        var bytes: [UInt8]
        var replies: [RedisReply] = []
    }

    let limits: Limits
    /// Callers that have no answer yet.
    private var unanswered: Set<UInt64> = []
    private var waiting = Fifo<Batch>()
    private var queued = Fifo<Batch>()
    private var sent = Fifo<Batch>()
    /// How many of the first sent ones have been told that their time is over.
    private var expiredCount = 0
    private var commandCount = 0
    private var byteCount = 0
    /// When something was last heard, or began to be waited for.
    private var progressMillis: Int64 = 0

    init(_ limits: Limits) { self.limits = limits }

    /// Commands queued and sent, without those that wait for room.
    var inFlightCommandCount: Int { commandCount }

    // MARK: Callers

    /// Takes a call's commands.
    ///
    /// - Returns: Why they are refused.
    mutating func submit(id: UInt64, commandCount: Int, bytes: [UInt8], nowMillis: Int64) -> RedisError? {
        let batch = Batch(
            id: id, commandCount: commandCount, byteCount: bytes.count,
            deadlineMillis: nowMillis.addingClamped(limits.timeoutMillis), bytes: bytes)
        if waiting.isEmpty, hasRoom(for: batch) {
            enqueue(batch)
        } else if limits.whenFull == .wait {
            waiting.append(batch)
        } else {
            return RedisError(
                .busy,
                "\(self.commandCount) commands with \(byteCount) bytes wait for the server already, and the bounds are "
                    + "\(limits.maxCommands) and \(limits.maxBytes)")
        }
        unanswered.insert(id)
        return nil
    }

    /// The caller has gone.
    mutating func cancel(_ id: UInt64) -> Answer? { answer(id, .failure(.cancelled)) }

    // MARK: The connection

    /// The bytes of all that is queued, which counts as sent from now on.
    mutating func takeForSending(nowMillis: Int64) -> [UInt8] {
        var output: [UInt8] = []
        while var batch = queued.removeFirst() {
            guard unanswered.contains(batch.id) else {
                release(batch)
                continue
            }
            if sent.isEmpty { progressMillis = nowMillis }
            if output.isEmpty { swap(&output, &batch.bytes) } else { output += batch.bytes }
            batch.bytes = []
            sent.append(batch)
        }
        return output
    }

    /// Notes that bytes came in.
    mutating func noteProgress(nowMillis: Int64) { progressMillis = nowMillis }

    /// Gives a reply to the batch whose turn it is.
    ///
    /// - Returns: The answer of a batch that has all its replies now.
    /// - Throws: ``RedisError/Code/protocolViolation`` when nothing was asked.
    mutating func take(_ reply: RedisReply) throws(RedisError) -> Answer? {
        if sent.isEmpty { throw RedisError(.protocolViolation, "the server sent a reply that nobody asked for") }
        var isComplete = false
        sent.updateFirst { batch in
            batch.replies.append(reply)
            isComplete = batch.replies.count == batch.commandCount
        }
        guard isComplete, let batch = sent.removeFirst() else { return nil }
        expiredCount = max(0, expiredCount - 1)
        release(batch)
        return answer(batch.id, .success(batch.replies))
    }

    /// When ``expire(nowMillis:)`` or ``isStalled(nowMillis:)`` has something to say.
    var nextDeadlineMillis: Int64? {
        let stall = sent.isEmpty ? nil : progressMillis.addingClamped(limits.timeoutMillis)
        let deadlines = [sent[expiredCount], queued.first, waiting.first].map { $0?.deadlineMillis }
        return (deadlines + [stall]).compactMap(\.self).min()
    }

    /// Ends what has waited too long. All have the same time, so those that came first are over first.
    mutating func expire(nowMillis: Int64) -> [Answer] {
        var answers: [Answer?] = []
        while let batch = sent[expiredCount], batch.deadlineMillis <= nowMillis {
            expiredCount += 1
            answers.append(answer(batch.id, .failure(timeout("the commands were sent and may have happened"))))
        }
        while let batch = queued.first, batch.deadlineMillis <= nowMillis {
            _ = queued.removeFirst()
            release(batch)
            answers.append(answer(batch.id, .failure(timeout("the commands were not sent"))))
        }
        while let batch = waiting.first, batch.deadlineMillis <= nowMillis {
            _ = waiting.removeFirst()
            answers.append(
                answer(batch.id, .failure(timeout("there was no room for the commands, they were not sent"))))
        }
        return answers.compactMap(\.self)
    }

    /// Whether the server owes replies and has said nothing for a call's whole time.
    func isStalled(nowMillis: Int64) -> Bool {
        !sent.isEmpty && progressMillis.addingClamped(limits.timeoutMillis) <= nowMillis
    }

    /// Ends what was sent: whether it happened cannot be known. What was not sent stays for the next connection.
    mutating func loseConnection(_ error: RedisError) -> [Answer] {
        var answers: [Answer?] = []
        while let batch = sent.removeFirst() {
            release(batch)
            answers.append(answer(batch.id, .failure(error)))
        }
        expiredCount = 0
        return answers.compactMap(\.self)
    }

    /// Ends everything.
    mutating func failAll(_ error: RedisError) -> [Answer] {
        let answers = loseConnection(error)
        queued.removeAll()
        waiting.removeAll()
        (commandCount, byteCount) = (0, 0)
        defer { unanswered = [] }
        return answers + unanswered.sorted().map { Answer(id: $0, result: .failure(error)) }
    }

    // MARK: Room

    private func hasRoom(for batch: Batch) -> Bool {
        // A batch larger than the bounds goes alone: its caller holds it in memory anyway.
        commandCount == 0
            || (commandCount + batch.commandCount <= limits.maxCommands
                && byteCount + batch.byteCount <= limits.maxBytes)
    }

    private mutating func enqueue(_ batch: Batch) {
        commandCount += batch.commandCount
        byteCount += batch.byteCount
        queued.append(batch)
    }

    private mutating func release(_ batch: Batch) {
        commandCount -= batch.commandCount
        byteCount -= batch.byteCount
        while let next = waiting.first, !unanswered.contains(next.id) || hasRoom(for: next) {
            _ = waiting.removeFirst()
            if unanswered.contains(next.id) { enqueue(next) }
        }
    }

    private mutating func answer(_ id: UInt64, _ result: Result<[RedisReply], RedisError>) -> Answer? {
        unanswered.remove(id) == nil ? nil : Answer(id: id, result: result)
    }

    private func timeout(_ consequence: String) -> RedisError {
        RedisError(.timeout, "no reply within \(limits.timeoutMillis) ms; \(consequence)")
    }
}
