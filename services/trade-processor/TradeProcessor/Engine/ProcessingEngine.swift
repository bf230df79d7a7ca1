import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit

/// The processor's heart beside I/O: which partitions are ours, what each batch does to them, when to commit.
///
/// Lives on the consumer's thread and never waits there: whatever takes time goes out as an ``EngineJob`` and comes
/// back as an ``EngineEvent``.
package final class ProcessingEngine {
    package let rules: ProcessingRules
    package let settings: ProcessorSettings
    let limits: EngineLimits
    let time: TimeSource
    let mailbox: LiveMailbox
    let health: HealthBoard
    let logger: Logger
    let metrics: ProcessingMetrics
    /// Hands work to whoever does it.
    let submit: (EngineJob) -> Void
    /// Committed rows, on their way to the topic `candles`.
    let publish: (CommitResult, [ProgressRecord]) -> Void
    /// Told when a backlog has been worked off.
    let backlogEnded: () -> Void

    package var workers: [Int32: PartitionWorker] = [:]
    /// Assigned partitions that are not claimed yet.
    var claiming: Set<Int32> = []
    package var halted: [Int32: PartitionHalt] = [:]
    /// Partitions that another owner took although the group still gives them to us, and since when.
    var fencedSinceMicros: [Int32: Int64] = [:]
    /// The topic as it was when it was last asked for, and how its group is watched after it became another.
    var newLogWatch = NewLogWatch()
    var isCommitting = false
    /// What instruments of the commit under way tell producers.
    var progressInFlight: [Int32: [ProgressRecord]] = [:]
    var lastCommitMicros: Int64 = 0
    var lastProofMicros: Int64 = 0
    var lastLagMicros: Int64 = 0
    var lastLiveMicros: Int64 = 0
    /// What the consumer is to do once the present call is over.
    var actions: [ConsumerAction] = []
    /// All partitions are paused because too much waits for commits.
    package var isBackpressured = false
    /// What operators are shown; nil where nobody looks.
    let figures: EngineFigures?
    var lastFiguresMicros = Int64.min
    var backlog = BacklogWatch()

    /// - Parameter rules: by default those that the settings say.
    package init(
        settings: ProcessorSettings, rules: ProcessingRules? = nil, limits: EngineLimits, time: TimeSource,
        mailbox: LiveMailbox, health: HealthBoard,
        logger: Logger, figures: EngineFigures? = nil, submit: @escaping (EngineJob) -> Void,
        publish: @escaping (CommitResult, [ProgressRecord]) -> Void, backlogEnded: @escaping () -> Void = {}
    ) {
        self.rules = rules ?? settings.rules
        self.settings = settings
        self.limits = limits
        self.time = time
        self.mailbox = mailbox
        self.health = health
        self.logger = logger
        self.figures = figures
        self.submit = submit
        self.publish = publish
        self.backlogEnded = backlogEnded
        metrics = ProcessingMetrics()
    }

    /// Hands over what the consumer is to do.
    package func takeActions() -> [ConsumerAction] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// In the order of their partitions, so that the same events always lead to the same actions.
    var orderedWorkers: [PartitionWorker] { workers.values.sorted { $0.partition < $1.partition } }

    /// The worker that takes records of a partition now; nil while it is claimed, halted, fenced or waits for holes.
    package func worker(_ partition: Int32) -> PartitionWorker? {
        guard let worker = workers[partition], !worker.awaitsHoles else { return nil }
        return worker
    }

    /// Takes in what was decoded into the worker's batch.
    ///
    /// - Parameter rawMessage: the bytes of a record of this batch by its offset.
    package func step(_ worker: PartitionWorker, rawMessage: (Int64) -> RawMessage?) {
        guard !worker.batch.isEmpty || worker.batch.endOffset > worker.state.nextOffset else { return }
        worker.idle.reset()
        if worker.uncommittedSinceMicros == nil { worker.uncommittedSinceMicros = time.monotonicMicros }
        let newestBefore = worker.state.maxEventMicros
        let requests = worker.step(rawMessage: rawMessage)
        worker.noteNewest(since: newestBefore)
        guard !requests.isEmpty else { return }
        // The rest of the batch is read again once the holes are here.
        worker.awaitsHoles = true
        actions.append(.hold([worker.partition]))
        submit(
            .loadHoles(
                worker.partition,
                requests.map { NamedHoleRequest(symbol: worker.state.table.key($0.instrument), request: $0) }))
    }

    /// Everything that is due by time: events that came back, idle partitions, commits, live state.
    package func tick(_ events: [EngineEvent]) {
        for event in events { take(event) }
        let now = time.monotonicMicros
        advanceIdle(now)
        applyBackpressure()
        commitIfDue(now)
        sendLiveUpdates(now)
        rejoinIfFenced(now)
        rejoinIfForgotten(now)
        tellFigures(now)
    }

    func take(_ event: EngineEvent) {
        switch event {
        case .claimed(let claim, let log): claimed(claim, log)
        case .halted(let halt): self.halt(halt)
        case .committed(let result): committed(result)
        case .holes(let partition, let answers): loaded(partition, answers)
        case .ends(let offsets, let asked): proveDrained(offsets, askedMicros: asked)
        case .liveStateLost(let partition): republish(partition)
        case .log(let log): check(log)
        case .retained(let horizons): retained(from: horizons)
        }
    }

    private func loaded(
        _ partition: Int32, _ answers: [(HoleRequest, [StoredHole])]
    ) {
        guard let worker = workers[partition], worker.awaitsHoles else { return }
        for (request, holes) in answers { worker.state.load(holes, for: request, into: &worker.effects) }
        worker.awaitsHoles = false
        start(worker)
    }

    /// Lets a partition be read from where its state is.
    func start(_ worker: PartitionWorker) {
        actions.append(.start(worker.partition, offset: worker.state.nextOffset))
        if isBackpressured { actions.append(.pause([worker.partition])) }
    }

    /// Redis lacks live state of a partition: open candles come from memory, the last closed ones from PostgreSQL.
    func republish(_ partition: Int32) {
        guard let worker = workers[partition] else { return }
        worker.state.markAllLive()
        submit(
            .republish(
                partition, symbols: worker.state.table.instruments.map(\.key), lineage: worker.lease.lineage))
    }
}
