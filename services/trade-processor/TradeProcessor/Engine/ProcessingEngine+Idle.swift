import MarketCore
import ServiceKit

extension ProcessingEngine {
    /// Lets event time go on where nothing comes in and windows are open.
    func advanceIdle(_ now: Int64) {
        askForLag(now)
        guard !isBackpressured else { return }
        var candidates: [Int32] = []
        for worker in orderedWorkers where worker.state.hasOpenWindows && !worker.awaitsHoles {
            candidates.append(worker.partition)
            let micros = worker.idle.advance(
                nowMicros: now, timeoutMicros: settings.idleTimeoutMicros, maxAgeMicros: limits.proofAgeMicros)
            if micros > 0 {
                worker.state.advanceIdle(byMicros: micros, into: &worker.effects)
                if worker.uncommittedSinceMicros == nil { worker.uncommittedSinceMicros = now }
            }
        }
        if !candidates.isEmpty, now - lastProofMicros >= limits.proofPauseMicros {
            lastProofMicros = now
            submit(.proveEnds(candidates.sorted()))
        }
    }

    /// Asks for the ends of all partitions once in a while, for their lag: also of those that are paused or quiet.
    private func askForLag(_ now: Int64) {
        guard now - lastLagMicros >= limits.lagPauseMicros, !workers.isEmpty else { return }
        lastLagMicros = now
        submit(.proveEnds(orderedWorkers.map(\.partition)))
    }

    /// The broker said where partitions end: drained is what we have read up to there.
    func proveDrained(_ offsets: [Int32: Int64], askedMicros: Int64) {
        for (partition, offset) in offsets {
            guard let worker = workers[partition] else { continue }
            let lag = max(0, offset - worker.state.nextOffset)
            metrics.recordLag(lag, partition: partition, topic: settings.topic)
            if backlog.note(lag, of: partition) { backlogEnded() }
            guard !isBackpressured, !worker.awaitsHoles else { continue }
            if offset == worker.state.nextOffset {
                worker.idle.proveDrained(atMicros: askedMicros, maxAgeMicros: limits.proofAgeMicros)
            } else {
                worker.idle.reset()
            }
        }
    }

    /// Hands what changed to the live publisher; the newest value per instrument is what counts.
    func sendLiveUpdates(_ now: Int64) {
        var pauseMicros = settings.liveFlushInterval.wholeMicros
        // Prices of the past interest nobody twenty times a second, and thousands of instruments are a lot to write.
        if backlog.isBehind { pauseMicros = max(pauseMicros, limits.liveBacklogMicros) }
        guard now - lastLiveMicros >= pauseMicros else { return }
        var updates: [LiveMailbox.Update] = []
        for worker in orderedWorkers where worker.state.hasLiveUpdates {
            updates += worker.state.takeLiveUpdates().map { LiveMailbox.Update($0, worker: worker) }
        }
        // The pause begins with an update: one that comes after a quiet time goes out at once.
        guard !updates.isEmpty else { return }
        lastLiveMicros = now
        mailbox.put(updates)
    }
}
