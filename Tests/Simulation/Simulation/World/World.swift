import MarketCore
import MarketWire
import ServiceKit
import SimulatedMarket
import TradeProcessor

/// One history: servers, processes and what happens to them, all decided by a scenario.
final class World {
    let scenario: Scenario
    var random: SeededRandom
    /// Of its own, so that a history with fewer faults is otherwise much the same.
    private var faultRandom: SeededRandom
    let clock = SimulatedClock(startMicros: 1_000_000_000_000)
    let topic: SimulatedTopic
    let store: SimulatedStore
    let redis: SimulatedRedis
    let candles = SimulatedCandleTopic()
    private(set) lazy var group = SimulatedGroup(world: self)
    private(set) var processes: [Int: SimulatedProcess] = [:]

    let rules: ProcessingRules
    private(set) var limits: EngineLimits
    private(set) var policy: NewLogPolicy
    /// Base candles that end at or before it were dropped, unix seconds.
    let horizon: Int64?

    /// What producers have not sent yet, by partition.
    private var arrivals: [[LogRecord]]
    /// Messages of dead processes that are still on their way.
    private var orphans: [CandleRecord] = []
    private var dumps: [Database] = []
    private var staleRedis = SimulatedRedis.Contents()
    /// Partitions of which nothing can be fetched now.
    private(set) var stalled: Set<Int32> = []
    private var injected = 0
    private var isDraining = false
    private var owners = 0
    /// Step at which something comes back.
    private var comesBack: [(step: Int, action: () -> Void)] = []
    private(set) var steps = 0
    private(set) var failure: String?
    /// Gets what happens, for people who look for the cause of a failure.
    var tell: ((String) -> Void)?

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        random = SeededRandom(seed: scenario.seed &+ 0x5EED)
        faultRandom = SeededRandom(seed: scenario.seed &+ 0xFA17)
        topic = SimulatedTopic(partitions: scenario.partitions)
        store = SimulatedStore(defect: scenario.defect)
        redis = SimulatedRedis(comparesVersions: scenario.defect != .redisVersionIgnored)
        var rules = ProcessingRules(intervals: scenario.intervals)
        if random.once(in: 2) { rules.maxHolesInMemory = Int(random.int(1...6)) }
        if random.once(in: 8) { rules.maxSnapshotBytes = 200 }
        if random.once(in: 6) { rules.maxOpenWindows = Int(random.int(2...10)) }
        self.rules = rules
        var limits = EngineLimits()
        if scenario.faults.contains(.backpressure) {
            limits.pausedWeight = Int(random.int(2...20))
            limits.resumedWeight = Int(random.int(0...1))
        }
        self.limits = limits
        settings = [
            .halt: try SimulationSettings.settings(scenario.intervals, .halt),
            .continue: try SimulationSettings.settings(scenario.intervals, .continue),
        ]
        policy = random.once(in: 4) ? .halt : .continue
        horizon =
            scenario.faults.contains(.retention) ? testEpochSeconds + random.int(0...1_000) * 10 : nil
        arrivals = (0..<scenario.partitions).map { partition in
            History(
                seed: scenario.seed &* 31 &+ UInt64(partition), hazards: scenario.hazards,
                trades: 1...max(1, scenario.trades), keys: Scenario.keys(partition)
            ).log.reversed()
        }
    }

    /// - Returns: what was wrong, or nil.
    func run() -> String? {
        for _ in 0..<max(1, scenario.processes) { startProcess() }
        while failure == nil, steps < 20_000, arrivals.contains(where: { !$0.isEmpty }) || random.once(in: 2) { step() }
        if failure == nil { drain() }
        if failure == nil { failure = Verdict(self).check() }
        return failure
    }

    func fail(_ problem: String) { if failure == nil { failure = problem } }

    /// Settings by policy.
    let settings: [NewLogPolicy: ProcessorSettings]

    func makeOwner() -> String {
        owners += 1
        return "owner-\(owners)"
    }

    func trace(_ text: @autoclosure () -> String) { tell?("\(steps): \(text())") }

    /// Runs a history.
    ///
    /// - Parameter tell: gets what happens.
    /// - Returns: what was wrong, or nil.
    static func failure(of scenario: Scenario, tell: ((String) -> Void)? = nil) -> String? {
        do {
            let world = try World(scenario)
            world.tell = tell
            return world.run()
        } catch {
            return "the history cannot be run: \(error)"
        }
    }

    // MARK: Steps

    private func step() {
        steps += 1
        clock.advance(byMicros: random.pick([1_000, 5_000, 10_000, 20_000, 50_000, 300_000, 1_000_000, 4_000_000]))
        let due = comesBack.filter { $0.step <= steps }
        comesBack.removeAll { $0.step <= steps }
        for entry in due { entry.action() }
        if !topic.isDown { produce() }
        if faultRandom.once(in: 8) { injectFault() }
        if scenario.faults.contains(.restore), random.once(in: 20) {
            dumps.append(store.database)
        }
        if scenario.faults.contains(.redisLoss), random.once(in: 20) { staleRedis = redis.contents }
        group.turn()
        let running = processes.values.filter(\.isRunning).sorted { $0.number < $1.number }
        if !running.isEmpty { random.pick(running).turn() }
        if random.once(in: 5) { store.settleAllDying() }
        if random.once(in: 10) { deliverOrphans() }
        pollViolations()
        if running.isEmpty, comesBack.isEmpty { startProcess() }
    }

    private func produce() {
        let waiting = arrivals.indices.filter { !arrivals[$0].isEmpty }
        guard !waiting.isEmpty, random.once(in: 2) else { return }
        let partition = random.pick(Array(waiting))
        for _ in 0..<random.int(1...6) {
            guard let record = arrivals[partition].popLast() else { return }
            topic.append(record, to: Int32(partition), nowMicros: clock.nowMicros)
        }
    }

    private func pollViolations() {
        if let problem = store.violations.first ?? redis.violations.first ?? candles.violations.first { fail(problem) }
    }

    private func startProcess() {
        guard let settings = settings[policy] else { return }
        let process = SimulatedProcess(processes.count, world: self, settings: settings)
        processes[process.number] = process
        group.join(process)
    }

    func orphan(_ messages: [SimulatedProcess.Message]) {
        guard !messages.isEmpty else { return }
        orphans += messages.prefix(Int(random.int(0...Int64(messages.count)))).map(\.record)
    }

    private func deliverOrphans() {
        guard !topic.isDown else { return }
        for record in orphans { candles.append(record) }
        orphans = []
    }

    // MARK: Faults

    /// Whether a fault strikes here.
    func inject(_ fault: Faults, onceIn times: Int64) -> Bool {
        guard scenario.faults.contains(fault), !isDraining, injected < scenario.faultLimit,
            faultRandom.once(in: times)
        else { return false }
        injected += 1
        return true
    }

    private func injectFault() {
        guard injected < scenario.faultLimit else { return }
        let possible = Faults.names.map(\.fault).filter {
            scenario.faults.contains($0) && Self.events.contains($0)
        }
        guard !possible.isEmpty else { return }
        let fault = faultRandom.pick(possible)
        guard strike(fault) else { return }
        injected += 1
        trace("\(Scenario.list(fault)) strikes")
    }

    /// Faults that come by themselves; the others strike inside of what processes do.
    private static let events: Faults = [
        .crash, .pause, .leave, .rebalance, .lost, .postgresOutage, .restore, .redisOutage, .redisLoss, .newLog,
        .logCut, .brokerOutage, .stall,
    ]

    /// - Returns: whether it could be done.
    private func strike(_ fault: Faults) -> Bool {
        let later = steps + Int(faultRandom.int(3...60))
        let running = processes.values.filter { $0.isRunning && !$0.isLeaving }.sorted { $0.number < $1.number }
        switch fault {
        case .postgresOutage:
            store.isDown = true
            comesBack.append((later, { [unowned self] in store.isDown = false }))
        case .redisOutage:
            redis.isDown = true
            comesBack.append((later, { [unowned self] in redis.isDown = false }))
        case .brokerOutage:
            topic.isDown = true
            comesBack.append((later, { [unowned self] in topic.isDown = false }))
        case .redisLoss: redis.contents = faultRandom.once(in: 2) ? SimulatedRedis.Contents() : staleRedis
        case .newLog: topic.makeAnew()
        case .logCut:
            let partition = Int32(faultRandom.int(0...Int64(scenario.partitions - 1)))
            let log = topic.log(partition)
            topic.cut(partition, to: faultRandom.int(log.first...log.end))
        case .stall:
            let partition = Int32(faultRandom.int(0...Int64(scenario.partitions - 1)))
            stalled.insert(partition)
            comesBack.append((later, { [unowned self] in stalled.remove(partition) }))
        case .restore: return restore()
        default:
            guard !running.isEmpty else { return false }
            strike(faultRandom.pick(running), fault, later)
        }
        return true
    }

    private func strike(_ process: SimulatedProcess, _ fault: Faults, _ later: Int) {
        switch fault {
        case .crash:
            process.die()
            comesBack.append((later, { [unowned self] in startProcess() }))
        case .pause:
            process.isPaused = true
            comesBack.append((later, { process.isPaused = false }))
        case .leave:
            process.isLeaving = true
            group.rejoin(process)
            comesBack.append((later, { [unowned self] in startProcess() }))
        case .lost: group.expel(process.number)
        case .rebalance:
            if faultRandom.once(in: 3) { startProcess() }
            for partition in 0..<scenario.partitions where faultRandom.once(in: 2) { group.move(partition) }
        default: break
        }
    }

    /// Goes back to an older dump, if Redis knows of something later for all that was lost.
    private func restore() -> Bool {
        guard !dumps.isEmpty, !redis.isDown else { return false }
        let chosen = Int(faultRandom.int(0...Int64(dumps.count - 1)))
        let dump = dumps[chosen]
        store.settleAllDying()
        for partition in 0..<scenario.partitions {
            let now = store.database.progress[partition]
            let then = dump.progress[partition]
            // One of before that was not stopped would be the owner again.
            if processes.values.contains(where: { !$0.isDead && $0.isStill(partition, as: then?.owner) }) {
                return false
            }
            guard now?.commitSequence != then?.commitSequence || now?.lineage != then?.lineage else { continue }
            let sentinel = LiveMailbox.Sentinel(
                lineage: then?.lineage ?? 1, commitSequence: then?.commitSequence ?? 0)
            // It has to know the present lineage, or that is given out a second time.
            guard let known = redis.contents.sentinels[partition], sentinel < known,
                known.lineage >= now?.lineage ?? 0
            else { return false }
        }
        store.restore(dump)
        // The later ones are of a past that has not been.
        dumps.removeSubrange((chosen + 1)...)
        return true
    }

    // MARK: The end

    /// Lets everything come to rest: no more faults, every server there, every process awake.
    private func drain() {
        isDraining = true
        for entry in comesBack { entry.action() }
        comesBack = []
        store.isDown = false
        redis.isDown = false
        topic.isDown = false
        store.settleAllDying()
        deliverOrphans()
        for partition in arrivals.indices {
            while let record = arrivals[partition].popLast() {
                topic.append(record, to: Int32(partition), nowMicros: clock.nowMicros)
            }
        }
        var scale: Int64 = 1
        var quiet = 0
        var round = 0
        // Long enough for what was acknowledged around the last claim to be sent once more.
        while failure == nil, quiet < 3 || round < 60 {
            round += 1
            guard round < 2_000 else {
                fail("not at rest after \(round) rounds: \(unrest() ?? "")")
                return
            }
            if scale == 1, round.isMultiple(of: 80),
                processes.values.contains(where: { $0.engine.workers.values.contains { $0.state.hasOpenWindows } })
            {
                // Some window ends in hours. New processes believe a proof for longer, so that it is not simulated
                // in seconds.
                scale = 2_000
                limits.proofAgeMicros *= scale
                limits.proofPauseMicros *= scale
                limits.confirmationMicros *= scale
                restartAll()
            }
            clock.advance(byMicros: 350_000 * scale)
            group.turn()
            for process in processes.values.sorted(by: { $0.number < $1.number }) where process.isRunning {
                process.turn(isEager: true)
                logWatch(process, round)
            }
            if processes.values.allSatisfy({ !$0.isRunning || $0.isLeaving }) { startProcess() }
            resumeHalted()
            pollViolations()
            quiet = unrest() == nil ? quiet + 1 : 0
        }
    }

    /// As EngineJobRunner looks at the topic from time to time.
    private func logWatch(_ process: SimulatedProcess, _ round: Int) {
        if round.isMultiple(of: 10) { process.inbox.append(.log(topic.identity)) }
    }

    /// A person reads why a partition halted, and starts the processes with another policy.
    private func resumeHalted() {
        let halted = processes.values.filter { $0.isRunning && !$0.engine.halted.isEmpty }
        guard !halted.isEmpty else { return }
        if policy == .continue { return fail("halted although it was to go on") }
        if !scenario.faults.contains(.newLog), !scenario.faults.contains(.logCut) { fail("halted without a cause") }
        policy = .continue
        restartAll()
    }

    private func restartAll() {
        for process in processes.values.sorted(by: { $0.number < $1.number }) where !process.isDead {
            process.die()
            group.expel(process.number)
        }
        startProcess()
    }

    /// What has not come to rest, or nil.
    private func unrest() -> String? {
        for partition in 0..<scenario.partitions {
            guard let progress = store.database.progress[partition] else {
                return "partition \(partition) has no progress"
            }
            guard progress.topicID == topic.identity.topicID, progress.nextOffset == topic.log(partition).end else {
                return "partition \(partition) is at \(progress.nextOffset) of \(topic.log(partition).end) in "
                    + "\(progress.topicID) of \(topic.logs.count); "
                    + (group.owner(partition).flatMap { processes[$0]?.state(of: partition) } ?? "nobody's")
            }
            guard let number = group.owner(partition), let worker = processes[number]?.engine.worker(partition) else {
                return "partition \(partition) has no owner at work"
            }
            if worker.state.hasOpenWindows {
                return "partition \(partition) has windows open at \(worker.state.watermarkMicros ?? 0), "
                    + (processes[number]?.state(of: partition) ?? "")
            }
            if worker.commitInFlight != nil { return "a commit is under way" }
            if !(store.database.outbox[partition] ?? []).isEmpty { return "the outbox of \(partition) is not empty" }
        }
        for process in processes.values.sorted(by: { $0.number < $1.number }) where process.isRunning {
            if !process.messages.isEmpty || !process.notices.isEmpty { return "process \(process.number) is busy" }
        }
        return store.database.quarantine.values.allSatisfy(\.isPublished)
            ? nil : "quarantined records are not published"
    }
}
