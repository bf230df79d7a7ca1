import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit
import ServiceLifecycle

/// All parts of the processor, wired: consumer and engine on librdkafka's thread, everything that waits in tasks.
struct ProcessorPipeline: Sendable {
    private let context: ServiceContext
    private let stores: ProcessorStores
    private let consumer: KafkaConsumer
    private let handler: TradeConsumer
    private let runner: EngineJobRunner
    private let jobs: AsyncStream<EngineJob>
    private let jobsEnd: AsyncStream<EngineJob>.Continuation
    private let live: LivePublisher
    private let candles: CandlePublisher
    private let progress: ProgressPublisher
    private let quarantine: QuarantinePublisher
    private let instruments: DirectoryFollower<InstrumentsTable>
    private let subscriptions: DirectoryFollower<SubscriptionsTable>
    private let producer: OutgoingProducer
    private let failure: AsyncStream<KafkaError>
    private let influx: InfluxSink?
    private let status: StatusReporter
    /// Nil: everything is kept.
    private let retention: RetentionKeeper?

    /// More jobs than this never wait: one commit and a few questions per partition.
    private static let jobLimit = 100_000
    /// Of the 10 s that a stop may take; without a broker the group cannot be left, and all of it is used up.
    private static let closeMillis = 4_000

    init(
        _ context: ServiceContext, _ settings: ProcessorSettings, _ stores: ProcessorStores, _ time: TimeSource
    ) throws(KafkaError) {
        self.context = context
        self.stores = stores
        let store = ProcessorStore(pool: stores.pool, topic: settings.topic)
        let mailbox = LiveMailbox()
        let assigned = AssignedPartitions()
        let logger = context.logger(for: "engine")
        var options = ConsumerOptions(groupID: settings.groupID, topics: [settings.topic])
        options.sessionTimeoutMillis = Int(settings.sessionTimeoutMillis)
        options.heartbeatMillis = min(3_000, Int(settings.sessionTimeoutMillis) / 3)
        options.tickMillis = 10
        // Few enough that a message is still in the processor's cache when it is given back.
        options.batchMessages = 1_000
        let consumer = try KafkaConsumer(stores.kafka.configuration, options: options)
        // The next commit need not wait for a tick to hear that the last one has ended. Not taken (10,000 wishes wait):
        // the tick that is due comes all the same.
        let inbox = EngineInbox(wake: { [weak consumer] in consumer?.perform { $0.tickNow() } })
        let (jobs, jobsEnd) = AsyncStream.makeStream(
            of: EngineJob.self, bufferingPolicy: .bufferingOldest(Self.jobLimit))
        let (failure, failureEnd) = AsyncStream.makeStream(of: KafkaError.self, bufferingPolicy: .bufferingOldest(1))
        let candles = CandlePublisher(
            store: store, topic: stores.catalog.candles.name, partitions: stores.candlesPartitions,
            time: time, logger: context.logger(for: "candles"))
        let producer = try OutgoingProducer(
            stores.kafka.configuration, logger: context.logger(for: "candles"), onDelivery: { candles.delivered($0) })
        let progress = ProgressPublisher(topic: stores.catalog.progress.name, logger: context.logger(for: "progress"))
        let figures = EngineFigures()
        status = StatusReporter(
            redis: stores.redis, figures: figures, processorID: settings.processorID, topic: settings.topic, time: time,
            logger: context.logger(for: "status"))
        retention =
            settings.retentionSeconds.isEmpty
            ? nil
            : RetentionKeeper(
                pool: stores.pool, topic: settings.topic, ages: settings.retentionSeconds,
                logger: context.logger(for: "retention"))
        let engine = ProcessingEngine(
            settings: settings, limits: EngineLimits(), time: time, mailbox: mailbox, health: context.health,
            logger: logger, figures: figures, submit: { jobsEnd.yield($0) },
            publish: { result, records in
                candles.send(result.rows, through: producer)
                progress.put(records)
            },
            // What was fetched ahead and decoded is more than live trades ever need.
            backlogEnded: { FetchedMemory.giveBack() })
        handler = TradeConsumer(
            engine: engine, decoder: TradeBatchDecoder(partitions: stores.tradesPartitions),
            inbox: inbox, assigned: assigned, publisher: candles, topic: settings.topic,
            drainMillis: min(5_000, Int(settings.sessionTimeoutMillis) / 2), logger: logger,
            onFatal: { failureEnd.yield($0) })
        runner = EngineJobRunner(
            store: store,
            committer: Committer(
                store: store, time: time, health: context.health, logger: context.logger(for: "commits"),
                random: { Double.random(in: 0..<1) }),
            claimer: PartitionClaimer(
                store: store, admin: stores.admin, redis: stores.redis, topic: settings.topic,
                onNewLog: settings.onNewLog, health: context.health, logger: context.logger(for: "claims"),
                makeOwner: { RandomUUID.text() }),
            consumer: consumer, inbox: inbox, mailbox: mailbox, time: time, logger: logger, assigned: assigned)
        live = LivePublisher(
            redis: stores.redis, mailbox: mailbox, topic: settings.topic, flushInterval: settings.liveFlushInterval,
            time: time, health: context.health, logger: context.logger(for: "live"),
            republish: { inbox.post(.liveStateLost($0)) })
        quarantine = QuarantinePublisher(
            store: store, topic: stores.catalog.quarantine.name, assigned: assigned,
            logger: context.logger(for: "quarantine"))
        instruments = DirectoryFollower(
            topic: stores.catalog.instruments.name, pool: stores.pool, kafka: stores.kafka.configuration,
            admin: stores.admin, producer: producer, logger: context.logger(for: "instruments"))
        subscriptions = DirectoryFollower(
            topic: stores.catalog.subscriptions.name, pool: stores.pool, kafka: stores.kafka.configuration,
            admin: stores.admin, producer: producer, logger: context.logger(for: "subscriptions"))
        self.consumer = consumer
        self.jobs = jobs
        self.jobsEnd = jobsEnd
        self.candles = candles
        self.producer = producer
        self.progress = progress
        self.failure = failure
        influx = settings.influx.map { influx in
            InfluxSink(
                settings: influx, database: stores.database, time: time, health: context.health,
                logger: context.logger(for: "influxdb"), random: { Double.random(in: 0..<1) })
        }
    }

    /// Runs until a graceful shutdown: then the group is left, and what waits is committed and published.
    ///
    /// - Throws: `KafkaError` where the consumer cannot go on.
    func run() async throws {
        try consumer.start(handler)
        context.health.set("kafka", .ok)
        let fatal = await withTaskGroup(of: KafkaError?.self) { group in
            group.addTask {
                await runner.run(jobs)
                return nil
            }
            group.addTask {
                await runner.watchLog(every: .seconds(5))
                return nil
            }
            group.addTask {
                await live.run()
                return nil
            }
            group.addTask {
                await candles.run(through: producer)
                return nil
            }
            group.addTask {
                await progress.run(through: producer)
                return nil
            }
            group.addTask {
                await quarantine.run(through: producer)
                return nil
            }
            group.addTask {
                await status.run()
                return nil
            }
            if let retention {
                group.addTask {
                    await retention.run()
                    return nil
                }
            }
            group.addTask {
                await instruments.run()
                return nil
            }
            group.addTask {
                await subscriptions.run()
                return nil
            }
            if let influx {
                group.addTask {
                    var sink = influx
                    await sink.run()
                    return nil
                }
            }
            group.addTask { await stop() }
            var fatal: KafkaError?
            for await error in group {
                fatal = fatal ?? error
                group.cancelAll()
            }
            return fatal
        }
        // Only now does nobody write `running` any more, and the last word is the last.
        await status.stop()
        if let fatal { throw fatal }
    }

    /// Waits for the shutdown or the consumer's end, then closes in the order in which parts need each other.
    private func stop() async -> KafkaError? {
        let fatal = await withTaskGroup(of: KafkaError?.self) { group in
            group.addTask {
                try? await gracefulShutdown()
                return nil
            }
            group.addTask {
                for await error in failure { return error }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        await consumer.close(timeoutMillis: Self.closeMillis)
        await live.flushRemaining()
        await producer.close()
        jobsEnd.finish()
        return fatal
    }
}

/// Version 4 UUIDs, as PostgreSQL reads them.
enum RandomUUID {
    static func text(using generator: inout some RandomNumberGenerator) -> String {
        var high = UInt64.random(in: .min ... .max, using: &generator)
        var low = UInt64.random(in: .min ... .max, using: &generator)
        high = high & ~0xF000 | 0x4000
        low = low & ~(0xC000 << 48) | (0x8000 << 48)
        let digits = hex(high) + hex(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    static func text() -> String {
        var generator = SystemRandomNumberGenerator()
        return text(using: &generator)
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
