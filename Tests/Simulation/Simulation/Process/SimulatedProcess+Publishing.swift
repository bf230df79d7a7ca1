import MarketWire
import TradeProcessor

extension SimulatedProcess {
    /// As LivePublisher does, but always with all candles.
    func flushRedis() {
        let contents = mailbox.take()
        let now = time.monotonicMicros
        guard contents.hasNews || now - lastFlushMicros >= 1_000_000 else { return }
        lastFlushMicros = now
        let redis = world.redis
        guard !redis.isDown else {
            mailbox.giveBack(contents)
            return
        }
        // The connection may break after any of them.
        var left = world.inject(.redisOutage, onceIn: 20) ? world.random.int(0...10) : Int64.max
        func goesOn() -> Bool {
            left -= 1
            return left >= 0
        }
        for (_, update) in contents.updates.sorted(by: { $0.key < $1.key }) where goesOn() { redis.put(update) }
        for candle in contents.closed where goesOn() { redis.put(candle) }
        let sentinels = contents.sentinels.sorted { $0.key < $1.key }
        var found: [LiveMailbox.Sentinel?] = []
        var flushes: [Int64] = []
        for (partition, sentinel) in sentinels where goesOn() {
            found.append(redis.put(sentinel, partition: partition))
        }
        for (partition, _) in sentinels where goesOn() { flushes.append(redis.countFlush(partition)) }
        guard left >= 0 else {
            mailbox.giveBack(contents)
            return
        }
        for (index, (partition, sentinel)) in sentinels.enumerated() {
            let isLost = lossWatch.isLost(
                partition, found: found[index], flushes: flushes[index], written: sentinel)
            if isLost, world.scenario.defect != .redisLossUnnoticed { inbox.append(.liveStateLost(partition)) }
        }
    }

    func send(_ rows: [StoredCandle]) {
        for row in rows {
            guard let token = outbox.send(row) else { continue }
            messages.append(Message(token: token, record: row.record, sentAtMicros: time.monotonicMicros))
            if world.scenario.defect == .outboxClearedBeforeAck, let id = row.outboxID {
                try? world.store.markPublished(row.partition, [id])
            }
        }
    }

    /// The network carries some messages to the topic `candles`, in order.
    func moveMessages(isEager: Bool) {
        var left = isEager ? Int64.max : world.random.int(0...30)
        let now = time.monotonicMicros
        var sent = 0
        while left > 0, sent < messages.count {
            let message = messages[sent]
            if world.topic.isDown {
                let patience = Int64(CandleOutbox.messageTimeoutMillis) * 1_000
                guard now - message.sentAtMicros > patience else { break }
                outbox.settled(message.token, isDelivered: false)
            } else {
                let isLost = world.inject(.lostAcks, onceIn: 15)
                if !isLost || world.random.once(in: 2) { world.candles.append(message.record) }
                outbox.settled(message.token, isDelivered: !isLost)
            }
            sent += 1
            left -= 1
        }
        messages.removeFirst(sent)
    }

    /// As CandlePublisher does.
    func keepOutboxShort() {
        let now = time.monotonicMicros
        for delivered in outbox.takeDelivered(nowMicros: now) {
            try? world.store.markPublished(delivered.lease.partition, delivered.ids, by: delivered.lease.owner)
        }
        for sweep in outbox.takeSweeps(nowMicros: now) {
            guard
                let rows = try? world.store.unpublished(
                    sweep.partition, lineage: sweep.lineage, limit: CandleOutbox.sweepRows)
            else { continue }
            send(rows)
            if rows.count == CandleOutbox.sweepRows { outbox.sweepAgain(sweep, nowMicros: now) }
        }
    }

    /// As QuarantinePublisher does; what it sends is marked once the broker has it.
    func publishQuarantine() {
        guard !world.topic.isDown, !world.store.isDown else { return }
        for id in world.store.database.quarantine.keys where assigned.contains(id.partition) {
            world.store.database.quarantine[id]?.isPublished = true
        }
    }
}
