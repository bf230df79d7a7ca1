import MarketCore

extension ProcessingEngine {
    /// Lets event time go on where nothing comes in and windows are open.
    func advanceIdle(_ now: Int64) {
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

    /// The broker said where partitions end: drained is what we have read up to there.
    func proveDrained(_ offsets: [Int32: Int64], askedMicros: Int64) {
        guard !isBackpressured else { return }
        for (partition, offset) in offsets {
            guard let worker = workers[partition], !worker.awaitsHoles else { continue }
            metrics.recordLag(offset - worker.state.nextOffset, partition: partition, topic: settings.topic)
            if offset == worker.state.nextOffset {
                worker.idle.proveDrained(atMicros: askedMicros, maxAgeMicros: limits.proofAgeMicros)
            } else {
                worker.idle.reset()
            }
        }
    }

    /// Hands what changed to the live publisher; the newest value per instrument is what counts.
    func sendLiveUpdates(_ now: Int64) {
        guard now - lastLiveMicros >= settings.liveFlushInterval.wholeMicros else { return }
        lastLiveMicros = now
        for worker in orderedWorkers where worker.state.hasLiveUpdates {
            for update in worker.state.takeLiveUpdates() {
                mailbox.put(LiveMailbox.Update(update, worker: worker))
            }
        }
    }
}
