import MarketCore
import MarketWire

extension ProcessingEngine {
    /// Starts a commit if a window closed, enough has come together, the oldest uncommitted record waits too long, or a
    /// partition has not been confirmed for long.
    func commitIfDue(_ now: Int64) {
        let pauseMicros = backlog.isBehind ? limits.commitBacklogMicros : limits.commitPauseMicros
        guard !isCommitting, now - lastCommitMicros >= pauseMicros else { return }
        let isDue = workers.values.contains { worker in
            if wantsConfirmation(worker, now) { return true }
            guard worker.commitInFlight == nil, worker.state.needsCommit(worker.effects) else { return false }
            if worker.hasClosedWindow || worker.waitingWeight >= limits.resumedWeight { return true }
            guard let since = worker.uncommittedSinceMicros else { return true }
            return now - since >= settings.commitIntervalMicros
        }
        guard isDue else { return }
        startCommit(of: orderedWorkers.filter { $0.state.needsCommit($0.effects) || wantsConfirmation($0, now) }, now)
    }

    private func wantsConfirmation(_ worker: PartitionWorker, _ now: Int64) -> Bool {
        worker.commitInFlight == nil && now - worker.confirmedMicros >= limits.confirmationMicros
    }

    /// Commits everything of these partitions, if there is anything.
    ///
    /// - Returns: whether a commit was started; none is while another is under way.
    @discardableResult
    func startCommit(of chosen: [PartitionWorker], _ now: Int64) -> Bool {
        guard !isCommitting else { return false }
        let work = chosen.filter { $0.commitInFlight == nil }.map { $0.takeWork(nowMicros: now) }
        guard !work.isEmpty else { return false }
        isCommitting = true
        lastCommitMicros = now
        for part in work { progressInFlight[part.partition] = part.instrumentProgress }
        metrics.add(work)
        submit(.commit(work))
        return true
    }

    /// Works towards the last commit of partitions that go away.
    ///
    /// - Returns: whether nothing of theirs waits any more.
    package func drain(_ partitions: [Int32], _ events: [EngineEvent]) -> Bool {
        for event in events { take(event) }
        let leaving = partitions.compactMap { workers[$0] }
        let unsaved = leaving.filter { $0.state.needsCommit($0.effects) }
        if !unsaved.isEmpty { startCommit(of: unsaved, time.monotonicMicros) }
        return unsaved.isEmpty && leaving.allSatisfy { $0.commitInFlight == nil }
    }

    func committed(_ result: CommitResult) {
        isCommitting = false
        var sentinels: [Int32: LiveMailbox.Sentinel] = [:]
        var progress: [ProgressRecord] = []
        var offsets: [Int32: Int64] = [:]
        var events: [Int64] = []
        for committed in result.committed {
            progress += progressInFlight.removeValue(forKey: committed.lease.partition) ?? []
            guard let worker = workers[committed.lease.partition], worker.lease.owner == committed.lease.owner else {
                continue
            }
            figures?.committed(worker, wallMicros: time.wallMicros)
            if let event = worker.firstCommittedMicros { events.append(event) }
            worker.committed(committed)
            sentinels[worker.partition] = worker.sentinel
            offsets[worker.partition] = committed.nextOffset
            metrics.record(worker, topic: settings.topic)
        }
        if !offsets.isEmpty {
            actions.append(.commit(offsets))
            metrics.committed(atMicros: time.wallMicros, events: events)
        }
        figures?.committed(result, nowMicros: time.monotonicMicros)
        for lease in result.fenced { fenced(lease) }
        mailbox.put(closed: result.rows.map(\.record), sentinels: sentinels)
        publish(result, progress)
        // The outbox brings them to the topic; Redis has to be told.
        for partition in result.unseen { republish(partition) }
        applyBackpressure()
    }

    /// Another owner has the partition in PostgreSQL: what we hold is void. It is not claimed again by ourselves, else
    /// two owners would fence each other for ever.
    private func fenced(_ lease: PartitionLease) {
        let partition = lease.partition
        progressInFlight[partition] = nil
        // A newer claim of our own may be what fenced it.
        guard workers[partition]?.lease.owner == lease.owner else { return }
        forget(partition)
        actions.append(.hold([partition]))
        fencedSinceMicros[partition] = time.monotonicMicros
        reportAssignment()
    }

    /// Pauses everything while too much waits for commits; a paused partition is never idle.
    func applyBackpressure() {
        let weight = workers.values.reduce(0) { $0 + $1.waitingWeight }
        if !isBackpressured, weight >= limits.pausedWeight {
            isBackpressured = true
            actions.append(.pause(orderedWorkers.map(\.partition)))
            for worker in workers.values { worker.idle.reset() }
            health.set("backpressure", .failed("partitions wait for commits", blocksReadiness: false))
            logger.warning("partitions are paused until commits catch up", metadata: ["weight": "\(weight)"])
        } else if isBackpressured, weight <= limits.resumedWeight {
            isBackpressured = false
            actions.append(.resume(orderedWorkers.filter { !$0.awaitsHoles }.map(\.partition)))
            health.remove("backpressure")
            logger.notice("partitions go on")
        }
    }
}

extension PartitionWorker {
    /// Something that waits closes a window: it is worth a commit of its own.
    var hasClosedWindow: Bool { effects.candleChanges.contains { $0.closes } }
}
