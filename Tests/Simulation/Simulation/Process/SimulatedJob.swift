import MarketCore
import ServiceKit
import TradeProcessor

/// Work that the engine asked for, done in steps between which anything may happen.
final class SimulatedJob {
    enum Stage {
        case beginning
        case claimed(Database.Progress, LogIdentity, ClosedRange<Int64>)
        case read(Database.Progress, LogIdentity, ClosedRange<Int64>, [SavedInstrument])
        case writing(PendingCommit)
        case asking(PendingCommit)
        case answered(EngineEvent)
        case over
    }

    let job: EngineJob
    var stage: Stage
    /// Read too early, for a defect.
    var earlyStates: [SavedInstrument]?

    init(_ job: EngineJob) {
        self.job = job
        if case .commit(let work) = job {
            stage = .writing(PendingCommit(work))
        } else {
            stage = .beginning
        }
    }

    var isOver: Bool {
        if case .over = stage { return true }
        return false
    }
}

extension SimulatedJob: CustomStringConvertible {
    var description: String {
        let name =
            switch job {
            case .claim(let partitions): "claim of \(partitions)"
            case .commit(let work): "commit of \(work.map(\.partition))"
            case .loadHoles(let partition, let requests): "holes of \(partition): \(requests.map(\.request.ids))"
            case .proveEnds: "ends"
            case .republish: "republish"
            }
        switch stage {
        case .beginning: return name + " to begin"
        case .claimed, .read: return name + " half done"
        case .writing: return name + " to be written"
        case .asking: return name + " to be asked about"
        case .answered: return name + " answered"
        case .over: return name + " over"
        }
    }
}

extension SimulatedProcess {
    /// This owner's state is held here, or its claim or commit is under way, though PostgreSQL has another owner.
    func isStill(_ partition: Int32, as owner: String?) -> Bool {
        guard let owner, owner != world.store.database.progress[partition]?.owner else { return false }
        if engine.workers[partition]?.lease.owner == owner { return true }
        func isClaim(_ event: EngineEvent) -> Bool {
            if case .claimed(let claim, _) = event { return claim.lease.owner == owner }
            return false
        }
        if inbox.contains(where: isClaim) { return true }
        return jobs.contains { job in
            switch job.stage {
            case .writing(let pending), .asking(let pending):
                pending.work.contains { $0.partition == partition && $0.progress.lease.owner == owner }
            case .claimed(let progress, _, _), .read(let progress, _, _, _): progress.owner == owner
            case .answered(let event): isClaim(event)
            case .beginning, .over: false
            }
        }
    }

    /// Some of the jobs go on by a step.
    func runJobs(isEager: Bool) {
        for job in jobs {
            var steps = isEager ? 8 : world.random.int(0...2)
            while steps > 0, !job.isOver, !isDead {
                steps -= 1
                do {
                    try advance(job)
                } catch {
                    // PostgreSQL or the broker is away: later.
                    if case .claim = job.job { job.stage = .beginning }
                    break
                }
            }
        }
        jobs.removeAll { $0.isOver }
    }

    private func advance(_ job: SimulatedJob) throws {
        switch job.stage {
        case .over: break
        case .answered(let event):
            inbox.append(event)
            job.stage = .over
        case .writing(let pending): try write(pending, job)
        case .asking(let pending): try ask(pending, job)
        case .claimed(let progress, let log, let offsets):
            let states = try world.store.states(progressPartition(job))
            job.stage = .read(
                progress, log, offsets,
                world.scenario.defect == .stateReadBeforeClaim ? job.earlyStates ?? [] : states)
        case .read(let progress, let log, let offsets, let states):
            try decide(job, progress, log, offsets, states)
        case .beginning: try begin(job)
        }
    }

    private func progressPartition(_ job: SimulatedJob) -> Int32 {
        if case .claim(let partitions) = job.job, let partition = partitions.first { return partition }
        return -1
    }

    private func begin(_ job: SimulatedJob) throws {
        switch job.job {
        case .commit: job.stage = .over
        case .claim:
            let partition = progressPartition(job)
            guard assigned.contains(partition) else {
                job.stage = .over
                return
            }
            guard !world.topic.isDown else { throw SimulatedStore.Unavailable() }
            if world.scenario.defect == .stateReadBeforeClaim, job.earlyStates == nil {
                job.earlyStates = try world.store.states(partition)
                return
            }
            // Enough time for the former owner's last commit.
            if job.earlyStates != nil, !world.random.once(in: 6) { return }
            let log = world.topic.log(partition)
            let identity = world.topic.identity
            let progress = try world.store.claim(
                partition, owner: world.makeOwner(), log: identity, firstOffset: log.first)
            // Made, but the answer is lost: it is claimed once more.
            if world.inject(.ambiguous, onceIn: 10) { throw SimulatedStore.Unavailable() }
            job.stage = .claimed(progress, identity, log.first...log.end)
        case .loadHoles(let partition, let requests):
            guard assigned.contains(partition) else {
                job.stage = .over
                return
            }
            var answers: [(HoleRequest, [StoredHole])] = []
            for named in requests { answers.append((named.request, try world.store.holes(named))) }
            job.stage = .answered(.holes(partition, answers))
        case .proveEnds(let partitions):
            let asked = time.monotonicMicros
            guard !world.topic.isDown else {
                job.stage = .over
                return
            }
            var ends: [Int32: Int64] = [:]
            for partition in partitions {
                ends[partition] = world.topic.log(partition).end
                if world.scenario.defect == .idleWhilePaused, let worker = engine.workers[partition] {
                    ends[partition] = worker.state.nextOffset
                }
            }
            job.stage = .answered(.ends(ends, askedMicros: asked))
        case .republish(let partition, let symbols, let lineage):
            guard assigned.contains(partition) else {
                job.stage = .over
                return
            }
            let rows = try world.store.lastCandles(symbols: symbols, partition: partition, lineage: lineage)
            mailbox.put(closed: rows.map(\.record), sentinels: [:])
            job.stage = .over
        }
    }

    // MARK: Claims

    private func decide(
        _ job: SimulatedJob, _ progress: Database.Progress, _ log: LogIdentity, _ offsets: ClosedRange<Int64>,
        _ states: [SavedInstrument]
    ) throws {
        let partition = progressPartition(job)
        var claim = world.claim(partition, progress, states)
        let inRedis = world.redis.isDown ? nil : world.redis.contents.sentinels[partition]
        let seen = inRedis.map { "\($0)" } ?? "nothing"
        world.trace("process \(number) claims partition \(partition): \(progress), in redis \(seen)")
        switch ClaimDecision(
            claim, found: log, offsets: offsets, inRedis: inRedis, "trades", engine.settings.onNewLog)
        {
        case .halt(let halt): job.stage = .answered(.halted(halt))
        case .proceed: job.stage = .answered(.claimed(claim, log))
        case .startLineage(let nextOffset, let above, let why):
            world.trace("process \(number): partition \(partition) goes on at \(nextOffset) above \(above): \(why)")
            repeat {
                guard let lease = try world.store.startLineage(claim.lease, log: log, nextOffset: nextOffset) else {
                    throw SimulatedStore.Unavailable()
                }
                claim.lease = lease
            } while claim.lease.lineage <= above && world.scenario.defect != .lineageNotRaised
            claim.nextOffset = nextOffset
            job.stage = .answered(.claimed(claim, log))
        }
    }

    // MARK: Commits

    private func write(_ pending: PendingCommit, _ job: SimulatedJob) throws {
        var pending = pending
        var interference = SimulatedStore.Interference.none
        if world.inject(.serialization, onceIn: 5) { interference = .failure }
        if world.inject(.ambiguous, onceIn: 5) { interference = .lostAnswer(isMade: world.random.once(in: 2)) }
        if world.inject(.crashInCommit, onceIn: 8) { interference = .death }
        switch try world.store.commit(pending.work, interference) {
        case .committed(let rows):
            trace(pending, "commits")
            pending.made(rows)
        case .fenced(let partitions):
            trace(pending, "is fenced with \(partitions) in")
            pending.fenced(partitions)
        case .failed: break
        case .ambiguous:
            trace(pending, "gets no answer to")
            job.stage = .asking(pending)
            return
        }
        if case .death = interference { die() }
        goOn(pending, job)
    }

    private func goOn(_ pending: PendingCommit, _ job: SimulatedJob) {
        job.stage = pending.isDone ? .answered(.committed(pending.result)) : .writing(pending)
    }

    private func ask(_ pending: PendingCommit, _ job: SimulatedJob) throws {
        var pending = pending
        var sequences: [Int32: Int64] = [:]
        for work in pending.work {
            sequences[work.partition] = try world.store.committedSequence(work.progress.lease)
        }
        switch world.scenario.defect {
        case .ambiguousAssumedMade:
            // And on from whatever commit number stands there.
            for work in pending.work {
                sequences[work.partition] = work.progress.lease.commitSequence + 1
            }
            let found = try Dictionary(
                uniqueKeysWithValues: pending.work.map {
                    ($0.partition, try world.store.committedSequence($0.progress.lease))
                })
            _ = pending.resolve(sequences)
            for index in pending.result.committed.indices {
                let partition = pending.result.committed[index].lease.partition
                guard let sequence = found[partition] ?? nil else { continue }
                pending.result.committed[index].lease.commitSequence = sequence
            }
            goOn(pending, job)
            return
        case .ambiguousAssumedFailed:
            // Once more, with whatever commit number stands there.
            var result = PendingCommit(
                pending.work.map { work in
                    var work = work
                    work.progress.lease.commitSequence = sequences[work.partition] ?? 0
                    return work
                })
            result.result = pending.result
            goOn(result, job)
            return
        default: break
        }
        _ = pending.resolve(sequences)
        trace(pending, "knows what is left to commit:")
        goOn(pending, job)
    }

    private func trace(_ pending: PendingCommit, _ what: String) {
        guard world.tell != nil else { return }
        for work in pending.work {
            let lease = work.progress.lease
            world.trace(
                "process \(number) \(what) partition \(lease.partition), lineage \(lease.lineage), "
                    + "\(lease.owner), commit \(lease.commitSequence + 1), offset \(work.progress.nextOffset), "
                    + "rows \(work.candles.map { "\($0.symbol) \($0.interval) \($0.windowStart)" })")
        }
    }
}
