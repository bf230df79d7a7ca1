import MarketCore
import SimulatedMarket
import TradeProcessor

extension SimulatedProcess {
    /// Reads some records of one partition.
    func consume() {
        let readable = positions.keys.filter { !paused.contains($0) && !world.stalled.contains($0) }.sorted()
        guard !readable.isEmpty, !world.topic.isDown else { return }
        let partition = world.random.pick(readable)
        guard let position = positions[partition], position.topic == world.topic.current else { return }
        let log = world.topic.log(partition)
        guard position.offset >= log.first, position.offset <= log.end else {
            positions[partition] = nil
            mayClaim.insert(partition)
            engine.offsetIsGone(partition)
            act()
            return
        }
        let end = min(log.end, position.offset + world.random.int(1...20))
        guard end > position.offset else { return }
        var first = position.offset
        if world.inject(.redelivery, onceIn: 6) { first = max(log.first, first - world.random.int(1...10)) }
        positions[partition]?.offset = end
        guard let worker = engine.worker(partition) else { return }
        for offset in first..<end { read(log.entries[Int(offset)].record, offset, worker) }
        engine.step(worker) { offset in RawMessage(key: nil, value: Self.bytes(partition, offset)) }
    }

    /// Stands for the bytes of a record.
    static func bytes(_ partition: Int32, _ offset: Int64) -> [UInt8] { Array("\(partition)@\(offset)".utf8) }

    private func read(_ record: LogRecord, _ offset: Int64, _ worker: PartitionWorker) {
        guard let index = try? worker.state.table.index(ofKey: record.key) else { return }
        switch record.content {
        case .trade(var trade):
            trade.instrument = index
            trade.offset = offset
            if world.scenario.defect == .futureTradeBelieved { trade.recordTimestampMicros = -1 }
            worker.batch.append(trade)
        case .control(let content):
            worker.batch.append(
                ControlRecord(
                    offset: offset, recordTimestampMicros: record.recordTimestampMicros, instrument: index,
                    content: content))
        }
    }

    /// What the consumer's thread does between batches.
    func tick() {
        let events = takeInbox()
        for event in events { if case .log = event { mayClaim.formUnion(engine.workers.keys) } }
        let wasPaused = engine.isBackpressured
        let before = engine.workers.mapValues { ($0.lease.owner, $0.state.watermarkMicros ?? .min) }
        engine.tick(events)
        for event in events { afterwards(event) }
        for (partition, worker) in engine.workers.sorted(by: { $0.key < $1.key }) {
            guard let (owner, watermark) = before[partition], owner == worker.lease.owner,
                worker.state.watermarkMicros ?? .min > watermark
            else { continue }
            if wasPaused, engine.isBackpressured { world.fail("partition \(partition) is idle while it is paused") }
            checkIdle(worker)
        }
        act()
    }

    func takeInbox() -> [EngineEvent] {
        defer { inbox = [] }
        return inbox
    }

    private func afterwards(_ event: EngineEvent) {
        switch event {
        case .committed(let result) where world.scenario.defect == .zombieClaimsAgain:
            for lease in result.fenced { engine.assigned([lease.partition]) }
        default: break
        }
    }

    /// Time went on without records: then there must be none.
    private func checkIdle(_ worker: PartitionWorker) {
        let partition = worker.partition
        let log = world.topic.log(partition, of: SimulatedTopic.number(worker.log.topicID))
        let next = worker.state.nextOffset
        guard next < log.end else { return }
        let waiting = world.clock.nowMicros - log.entries[Int(next)].appendedAtMicros
        if waiting > world.limits.proofAgeMicros {
            world.fail("partition \(partition) is idle while offset \(next) waits for \(waiting) us")
        }
    }

    // MARK: The group

    func takeNotice(isEager: Bool) {
        guard !notices.isEmpty, isEager || !world.random.once(in: 3) else { return }
        switch notices.removeFirst() {
        case .assigned(let partitions):
            assigned.formUnion(partitions)
            mayClaim.formUnion(partitions)
            engine.assigned(partitions)
            act()
        case .revoked(let partitions):
            draining = Draining(partitions: partitions, deadlineMicros: time.monotonicMicros + 5_000_000)
        case .lost(let partitions): drop(partitions)
        }
    }

    /// The consumer's thread waits for the last commit of partitions that go away.
    func drain() {
        guard let draining else { return }
        let events = takeInbox()
        let isDone = engine.drain(draining.partitions, events)
        for event in events { afterwards(event) }
        for job in handed.jobs { jobs.append(SimulatedJob(job)) }
        handed.jobs = []
        send(handed.rows)
        handed.rows = []
        guard isDone || time.monotonicMicros >= draining.deadlineMicros else { return }
        self.draining = nil
        drop(draining.partitions)
    }

    private func drop(_ partitions: [Int32]) {
        assigned.subtract(partitions)
        for partition in partitions {
            positions[partition] = nil
            paused.remove(partition)
        }
        engine.dropped(partitions)
        act()
        world.group.released(partitions, by: self)
    }
}
