import Logging
import MarketCore
import MarketWire
import ServiceKit
import SimulatedMarket
import TradeProcessor

/// One trade-processor: the shipped engine with everything around it simulated.
final class SimulatedProcess {
    /// What the group has to say, in order.
    enum Notice {
        case assigned([Int32])
        /// May commit what it has first.
        case revoked([Int32])
        case lost([Int32])
    }

    /// What the engine hands out during a call.
    final class Handed {
        var jobs: [EngineJob] = []
        var rows: [StoredCandle] = []
    }

    /// Where a partition is read. A reader belongs to the log that its claim found.
    struct Position {
        var topic: Int
        var offset: Int64
    }

    struct Draining {
        let partitions: [Int32]
        let deadlineMicros: Int64
    }

    struct Message {
        let token: UInt64
        let record: CandleRecord
        let sentAtMicros: Int64
    }

    let number: Int
    unowned let world: World
    let time: TimeSource
    let mailbox = LiveMailbox()
    let engine: ProcessingEngine
    let handed = Handed()

    var jobs: [SimulatedJob] = []
    var inbox: [EngineEvent] = []
    var notices: [Notice] = []
    var draining: Draining?
    /// Partitions that the group gave us, as far as we know.
    var assigned: Set<Int32> = []
    var positions: [Int32: Position] = [:]
    var paused: Set<Int32> = []
    /// Claims that the present call may ask for; one without an assignment or another log would fence its new owner.
    var mayClaim: Set<Int32> = []

    var outbox = CandleOutbox()
    var messages: [Message] = []
    var lossWatch = LiveLossWatch()
    var lastFlushMicros: Int64 = 0

    var isDead = false
    var isPaused = false
    /// It leaves once it has given up its partitions.
    var isLeaving = false

    init(_ number: Int, world: World, settings: ProcessorSettings) {
        self.number = number
        self.world = world
        time = world.clock.source(
            originMicros: world.random.int(0...1_000_000_000_000),
            wallErrorMicros: world.random.int(-7_200_000_000...7_200_000_000))
        let handed = handed
        engine = ProcessingEngine(
            settings: settings, rules: world.rules, limits: world.limits, time: time, mailbox: mailbox,
            health: HealthBoard(), logger: Self.logger, submit: { handed.jobs.append($0) },
            publish: { result, _ in handed.rows += result.rows })
    }

    private static let logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })

    var isRunning: Bool { !isDead && !isPaused }

    /// The process gets the processor for a moment.
    ///
    /// - Parameter isEager: everything that can be done is done.
    func turn(isEager: Bool = false) {
        runJobs(isEager: isEager)
        guard isRunning else { return }
        if draining != nil {
            drain()
        } else {
            takeNotice(isEager: isEager)
            if draining == nil {
                consume()
                tick()
            }
        }
        if isEager || world.random.once(in: 2) { flushRedis() }
        moveMessages(isEager: isEager)
        if isEager || world.random.once(in: 2) { keepOutboxShort() }
        if isEager || world.random.once(in: 4) { publishQuarantine() }
        leaveIfDone()
    }

    /// Carries out what the last call to the engine led to.
    func act() {
        for job in handed.jobs { take(job) }
        handed.jobs = []
        send(handed.rows)
        handed.rows = []
        for action in engine.takeActions() {
            switch action {
            case .start(let partition, let offset): start(partition, offset)
            case .hold(let partitions): for partition in partitions { positions[partition] = nil }
            case .pause(let partitions): paused.formUnion(partitions)
            case .resume(let partitions): paused.subtract(partitions)
            case .commit(let offsets): world.group.offsets.merge(offsets) { _, new in new }
            case .rejoin: world.group.rejoin(self)
            case .own(let lease): outbox.claimed(lease, nowMicros: time.monotonicMicros)
            case .disown(let partition): outbox.dropped(partition)
            }
        }
        mayClaim = []
    }

    private func take(_ job: EngineJob) {
        guard case .claim(let partitions) = job else {
            jobs.append(SimulatedJob(job))
            return
        }
        // Anything may happen between the claims of one assignment.
        for partition in partitions {
            if !mayClaim.contains(partition) {
                world.fail("process \(number) claims partition \(partition) again without being assigned it")
            }
            jobs.append(SimulatedJob(.claim([partition])))
        }
    }

    private func start(_ partition: Int32, _ offset: Int64) {
        guard let worker = engine.workers[partition] else { return }
        let topic = SimulatedTopic.number(worker.log.topicID)
        paused.remove(partition)
        var offset = offset
        switch world.scenario.defect {
        case .startsAtGroupOffset: offset = world.group.offsets[partition] ?? offset
        case .startsAtEnd: offset = world.topic.log(partition, of: topic).end
        default: break
        }
        positions[partition] = Position(topic: topic, offset: offset)
    }

    /// Where a partition stands with this process, for people.
    func state(of partition: Int32) -> String {
        var text = "process \(number)"
        if isDead { text += ", dead" }
        if isPaused { text += ", paused" }
        if isLeaving { text += ", leaving" }
        if !assigned.contains(partition) { text += ", not assigned" }
        if let worker = engine.workers[partition] {
            text += ", at \(worker.state.nextOffset)"
            if worker.awaitsHoles { text += ", awaits holes" }
            if worker.commitInFlight != nil { text += ", commits" }
        } else {
            text += ", no worker"
        }
        if let position = positions[partition] { text += ", reads \(position)" }
        if paused.contains(partition) { text += ", reader paused" }
        if engine.isBackpressured { text += ", backpressured" }
        if !inbox.isEmpty { text += ", \(inbox.count) answers" }
        return text + jobs.map { ", \($0)" }.joined()
    }

    /// It dies here and now. What it had sent may still arrive.
    func die() {
        guard !isDead else { return }
        isDead = true
        world.orphan(messages)
        messages = []
        jobs = []
        world.group.died(self)
    }

    private func leaveIfDone() {
        guard isLeaving, draining == nil, notices.isEmpty, assigned.isEmpty else { return }
        flushRedis()
        world.orphan(messages)
        messages = []
        isDead = true
        world.group.died(self)
    }
}
