import MarketCore
import MarketWire
import ServiceKit

extension ProcessingEngine {
    /// The group gave us partitions: each is claimed in PostgreSQL before a record of it is taken in.
    package func assigned(_ partitions: [Int32]) {
        logger.info("partitions assigned", metadata: ["partitions": "\(partitions.sorted())"])
        for partition in partitions {
            fencedSinceMicros[partition] = nil
            claiming.insert(partition)
        }
        submit(.claim(partitions.sorted()))
        reportAssignment()
    }

    /// Partitions are no longer ours. What was not committed of them is read again by the next owner.
    package func dropped(_ partitions: [Int32]) {
        logger.info("partitions given up", metadata: ["partitions": "\(partitions.sorted())"])
        for partition in partitions {
            forget(partition)
            claiming.remove(partition)
            fencedSinceMicros[partition] = nil
            if halted.removeValue(forKey: partition) != nil { health.remove(haltPart(partition)) }
        }
        reportAssignment()
    }

    func claimed(_ claim: PartitionClaim, _ log: LogIdentity) {
        let partition = claim.lease.partition
        guard claiming.remove(partition) != nil else { return }
        let worker: PartitionWorker
        do throws(PartitionRestoreError) {
            worker = try PartitionWorker(
                claim, topic: settings.topic, log: log, rules: rules, nowMicros: time.monotonicMicros)
        } catch {
            halt(
                LogCheck.damagedState(
                    partition, topic: settings.topic, instrument: error.instrument, cause: error.cause))
            return
        }
        workers[partition] = worker
        actions.append(.own(claim.lease))
        logger.info(
            "partition claimed",
            metadata: [
                "partition": "\(partition)", "next_offset": "\(claim.nextOffset)", "epoch": "\(claim.lease.epoch)",
                "lineage": "\(claim.lease.lineage)", "instruments": "\(claim.instruments.count)",
            ])
        mailbox.put(closed: [], sentinels: [partition: worker.sentinel])
        // A former owner may have died between its last commit and Redis.
        republish(partition)
        let requests = worker.state.holesToReload(limit: 64)
        if !requests.isEmpty {
            worker.awaitsHoles = true
            submit(
                .loadHoles(
                    partition,
                    requests.map { NamedHoleRequest(symbol: worker.state.table.key($0.instrument), request: $0) }))
        }
        publish(CommitResult(), worker.allProgress())
        if !worker.awaitsHoles { start(worker) }
        reportAssignment()
    }

    /// Retention went on: what comes for windows before these times belongs to `late_trades`.
    func retained(from horizons: [Interval: Int64]) {
        for worker in workers.values { worker.retain(from: horizons) }
    }

    /// Stops a partition until a person decides; the others go on.
    func halt(_ halt: PartitionHalt) {
        actions.append(.hold([halt.partition]))
        claiming.remove(halt.partition)
        forget(halt.partition)
        guard halted[halt.partition] != halt else { return }
        halted[halt.partition] = halt
        health.set(haltPart(halt.partition), .failed(halt.reason, blocksReadiness: true))
        metrics.haltedPartitions.record(halted.count)
        logger.critical(
            "partition halted", metadata: ["partition": "\(halt.partition)", "reason": "\(halt.reason)"])
    }

    /// The topic was made anew or has other partitions while we run.
    func check(_ log: LogIdentity) {
        newLogWatch.see(log, nowMicros: time.monotonicMicros, pauseMicros: 2 * settings.sessionTimeoutMillis * 1_000)
        for worker in orderedWorkers where worker.log != log {
            let partition = worker.partition
            if log.partitionCount != worker.log.partitionCount || settings.onNewLog == .halt {
                halt(LogCheck.halt(partition, topic: settings.topic, known: worker.log, found: log))
            } else {
                // The claim finds the new log and goes on with it.
                claimAnew(partition)
            }
        }
    }

    /// The broker has not got the offset that we are to read.
    package func offsetIsGone(_ partition: Int32) {
        guard let worker = workers[partition] else { return }
        if settings.onNewLog == .continue {
            claimAnew(partition)
        } else {
            halt(
                LogCheck.offsetGone(partition, topic: settings.topic, offset: worker.state.nextOffset, range: nil))
        }
    }

    private func claimAnew(_ partition: Int32) {
        forget(partition)
        actions.append(.hold([partition]))
        claiming.insert(partition)
        submit(.claim([partition]))
    }

    /// Whatever is held of a partition is void; PostgreSQL has what counts.
    func forget(_ partition: Int32) {
        workers[partition] = nil
        metrics.forget(partition, topic: settings.topic)
        mailbox.forget(partition: partition)
        backlog.forget(partition)
        actions.append(.disown(partition))
    }

    /// A partition whose state was fenced belongs to somebody else in PostgreSQL; only a new assignment brings it back.
    func rejoinIfFenced(_ now: Int64) {
        let patience = settings.sessionTimeoutMillis * 1_000
        guard let since = fencedSinceMicros.values.min(), now - since > patience else { return }
        logger.warning("no new assignment came for fenced partitions; joining the group anew")
        fencedSinceMicros.removeAll()
        actions.append(.rejoin)
    }

    /// The group may hand out nothing after a topic was made anew, and never look again (librdkafka's metadata of it
    /// was of a moment in between): with no partition at all it is joined anew, a few times.
    func rejoinIfForgotten(_ now: Int64) {
        guard newLogWatch.isDue(nowMicros: now, pauseMicros: 2 * settings.sessionTimeoutMillis * 1_000),
            workers.isEmpty, claiming.isEmpty, halted.isEmpty
        else { return }
        logger.warning("no partition was assigned since the topic was made anew; joining the group again")
        actions.append(.rejoin)
    }

    func reportAssignment() {
        metrics.assignedPartitions.record(workers.count)
        metrics.haltedPartitions.record(halted.count)
        health.set(
            "partitions",
            claiming.isEmpty ? .ok : .starting("claiming \(claiming.count) of \(claiming.count + workers.count)"))
    }

    private func haltPart(_ partition: Int32) -> String { "partition \(partition)" }
}

extension PartitionWorker {
    /// What producers are told of every instrument: a new log or a restored one may lack it.
    func allProgress() -> [ProgressRecord] {
        state.allProgress().compactMap { progress in
            ProgressRecord(
                progress, symbol: state.table.key(progress.instrument), topic: topic, partition: partition,
                nextOffset: state.nextOffset)
        }
    }

    var sentinel: LiveMailbox.Sentinel {
        LiveMailbox.Sentinel(lineage: lease.lineage, commitSequence: lease.commitSequence)
    }
}
