import ClientThreads
import Synchronization

/// One connection that many callers share, with the thread that owns it.
final class CommandConnection: Sendable {
    private typealias Caller = CheckedContinuation<Result<[RedisReply], RedisError>, Never>

    private struct State {
        var pipeline: CommandPipeline
        var callers: [UInt64: Caller] = [:]
        var shown = RedisConnectionState.connecting
        /// Why calls are refused at once: the last attempt to connect failed, or the client is closed.
        var refusal: RedisError?
        var isClosing = false
        var hasThread = false
        /// A byte is in the pipe that the thread has not acted on.
        var isWakePending = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: RedisConfiguration
    private let environment: RedisEnvironment
    private let report: @Sendable (RedisEvent) -> Void
    private let state: Mutex<State>
    private let wake: WakePipe?
    private let nextID = Atomic<UInt64>(0)

    init(
        _ configuration: RedisConfiguration, environment: RedisEnvironment,
        report: @escaping @Sendable (RedisEvent) -> Void
    ) {
        self.configuration = configuration
        self.environment = environment
        self.report = report
        let limits = CommandPipeline.Limits(
            maxCommands: configuration.maxInFlightCommands, maxBytes: configuration.maxInFlightBytes,
            whenFull: configuration.whenFull, timeoutMillis: configuration.commandTimeoutMillis)
        state = Mutex(State(pipeline: CommandPipeline(limits)))
        let pipe = Result { () throws(RedisError) in try WakePipe.make() }
        wake = try? pipe.get()
        if case .failure(let problem) = pipe { refuse(problem) }
    }

    /// Starts to connect. When the system has no thread or pipe left, every call is refused with that reason.
    func start() {
        guard let wake else { return }
        do throws(RedisError) {
            state.withLock { $0.hasThread = true }
            try OwnThread.start { [self] in run(wake) }
        } catch {
            state.withLock { $0.hasThread = false }
            refuse(error)
        }
    }

    // MARK: From any thread

    var shown: RedisConnectionState { state.withLock { $0.shown } }

    /// Has commands sent in one write and waits for all their replies.
    func perform(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        let bytes = try CommandEncoding.encode(commands)
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                submit(id, commands.count, bytes, caller)
                // The handler may have come before the call was there.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    /// Refuses what waits and what comes, and ends the thread.
    func beginClose() {
        let (answers, mustWake) = state.withLock { state in
            state.isClosing = true
            state.refusal = .closed
            if !state.hasThread { state.shown = .closed }
            return (Self.matched(state.pipeline.failAll(.closed), &state), state.hasThread)
        }
        resume(answers)
        if mustWake { wake?.wake() }
    }

    /// ``beginClose()``, and waits until the thread has ended.
    func close() async {
        beginClose()
        await withCheckedContinuation { closer in
            let hasEnded = state.withLock { state in
                if state.hasThread { state.closers.append(closer) }
                return !state.hasThread
            }
            if hasEnded { closer.resume() }
        }
    }

    private func submit(_ id: UInt64, _ commandCount: Int, _ bytes: [UInt8], _ caller: Caller) {
        let now = environment.monotonicMillis()
        let (refusal, mustWake) = state.withLock { state -> (RedisError?, Bool) in
            if let refusal = state.refusal { return (refusal, false) }
            let problem = state.pipeline.submit(id: id, commandCount: commandCount, bytes: bytes, nowMillis: now)
            if let problem { return (problem, false) }
            state.callers[id] = caller
            defer { state.isWakePending = true }
            return (nil, !state.isWakePending)
        }
        if let refusal { caller.resume(returning: .failure(refusal)) }
        if mustWake { wake?.wake() }
    }

    private func cancel(_ id: UInt64) {
        resume(state.withLock { state in Self.matched([state.pipeline.cancel(id)].compactMap(\.self), &state) })
    }

    // MARK: The thread

    private func run(_ wake: WakePipe) {
        let waiter = ThreadWait(wake: wake, environment: environment) { self.attend() }
        let loop = ReconnectLoop(
            configuration: configuration, environment: environment,
            resolver: HostResolver(host: configuration.host, port: configuration.port), waiter: waiter)
        loop.run { link throws(RedisError) in
            try serve(link, waiter)
        } interrupted: { interruption in
            interrupt(interruption)
        }
        let closers = state.withLock { state in
            state.hasThread = false
            state.shown = .closed
            defer { state.closers = [] }
            return state.closers
        }
        report(.closed)
        for closer in closers { closer.resume() }
    }

    private func serve(_ link: Link, _ waiter: ThreadWait) throws(RedisError) -> Never {
        let isNews = state.withLock { state in
            guard !state.isClosing else { return false }
            state.refusal = nil
            state.shown = .connected
            return true
        }
        if isNews { report(.connected) }
        var hasMore = false
        while true {
            let now = waiter.nowMillis
            let (output, late, isStalled) = state.withLock { state in
                state.isWakePending = false
                return (
                    state.pipeline.takeForSending(nowMillis: now),
                    // Those whose time is over are told so, and not that the connection was lost.
                    Self.matched(state.pipeline.expire(nowMillis: now), &state),
                    state.pipeline.isStalled(nowMillis: now)
                )
            }
            resume(late)
            if isStalled {
                throw RedisError(
                    .connectionLost, "\(link.peer) has not answered for \(configuration.commandTimeoutMillis) ms")
            }
            if !output.isEmpty { link.append(output) }
            try link.flush()
            let ready = try waiter.wait(
                for: link.descriptor, events: link.events, untilMillis: hasMore ? waiter.nowMillis : nil)
            if hasMore || ready != 0 { hasMore = try receive(link, waiter) }
        }
    }

    /// Reads a chunk and answers those whose replies are complete with it.
    private func receive(_ link: Link, _ waiter: ThreadWait) throws(RedisError) -> Bool {
        let hasMore = try link.receive()
        var replies: [RedisReply] = []
        while let reply = try link.nextReply() { replies.append(reply) }
        let now = waiter.nowMillis
        let (answers, problem) = state.withLock { state in
            state.pipeline.noteProgress(nowMillis: now)
            var answers: [CommandPipeline.Answer] = []
            do throws(RedisError) {
                for reply in replies {
                    if let answer = try state.pipeline.take(reply) { answers.append(answer) }
                }
                return (Self.matched(answers, &state), RedisError?.none)
            } catch {
                return (Self.matched(answers, &state), error)
            }
        }
        resume(answers)
        if let problem { throw problem }
        return hasMore
    }

    private func attend() -> ThreadWait.Attention {
        let now = environment.monotonicMillis()
        let (answers, attention) = state.withLock { state in
            state.isWakePending = false
            let answers = Self.matched(state.pipeline.expire(nowMillis: now), &state)
            return (
                answers,
                ThreadWait.Attention(nextMillis: state.pipeline.nextDeadlineMillis, isStopping: state.isClosing)
            )
        }
        resume(answers)
        return attention
    }

    /// A lost connection fails what was sent, a failed attempt everything: nobody waits for a server that is down.
    private func interrupt(_ interruption: ReconnectLoop.Interruption) {
        let error = interruption.error
        let answers: [(Caller, Result<[RedisReply], RedisError>)] = state.withLock { state in
            guard !state.isClosing else { return [] }
            state.shown = .disconnected(error)
            if interruption.wasOpen {
                let doubt = RedisError(.connectionLost, "\(error.message); what was sent may have happened")
                return Self.matched(state.pipeline.loseConnection(doubt), &state)
            }
            state.refusal = error
            return Self.matched(state.pipeline.failAll(error), &state)
        }
        resume(answers)
        report(.disconnected(error, retryInMillis: interruption.retryInMillis))
    }

    private func refuse(_ problem: RedisError) {
        state.withLock { state in
            state.refusal = problem
            state.shown = .disconnected(problem)
        }
    }

    // MARK: Answers

    /// The answers with those who wait for them, who are taken out of the state.
    private static func matched(
        _ answers: [CommandPipeline.Answer], _ state: inout State
    ) -> [(Caller, Result<[RedisReply], RedisError>)] {
        answers.compactMap { answer in state.callers.removeValue(forKey: answer.id).map { ($0, answer.result) } }
    }

    /// Outside the lock: who is resumed may run at once.
    private func resume(_ answers: [(Caller, Result<[RedisReply], RedisError>)]) {
        for (caller, result) in answers { caller.resume(returning: result) }
    }
}
