import Exchanges
import KafkaClient
import Logging
import MarketCore
import MarketWire
import Metrics
import ServiceKit

/// Brings trades to Kafka. A trade counts as sent only when the broker acknowledged it, and none that was accepted is
/// given up while the process lives: what comes back undelivered is sent again.
///
/// What waits is bounded by librdkafka's queue. Full, or something came back, means: ``send(_:)`` suspends (policy:
/// block), the connection is not read, and the venue's own buffer fills. A second copy of a trade is harmless and its
/// place in the log too: trades are known by their ids.
final class TradePublisher: Sendable {
    private let topic: String
    private let partitions: Int32
    private let logger: Logger
    private let health: HealthBoard
    let producer: LastingProducer
    private let returned: ReturnedTrades
    private let random: @Sendable () -> Double

    private static let accepted = Counter(label: "producer_trades_accepted_total")
    private static let acknowledged = Counter(label: "producer_trades_acknowledged_total")
    private static let comeBack = Counter(label: "producer_trades_returned_total")
    private static let lost = Counter(label: "producer_trades_lost_total")
    private static let waits = Counter(label: "producer_queue_full_waits_total")
    private static let headers = [KafkaHeader(WireSchema.headerName, WireSchema.version)]

    /// How often one that is blocked looks whether it may go on.
    private static let blockedPause = Duration.milliseconds(20)

    /// Longer than any restart of a broker: a message that is given up goes the longer way round.
    static let messageTimeoutMillis = 600_000

    /// - Parameters:
    ///   - partitions: of the topic.
    ///   - random: uniform in 0..<1, for the jitter of pauses.
    /// - Throws: `KafkaError` where librdkafka refuses the configuration.
    init(
        _ configuration: KafkaConfiguration, topic: String, partitions: Int32, logger: Logger, health: HealthBoard,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) throws(KafkaError) {
        self.topic = topic
        self.partitions = partitions
        self.logger = logger
        self.health = health
        self.random = random
        let returned = ReturnedTrades()
        self.returned = returned
        var options = ProducerOptions()
        options.messageTimeoutMillis = Self.messageTimeoutMillis
        producer = try LastingProducer(configuration, options: options, logger: logger) { batch in
            Self.delivered(batch, returned, logger)
        }
    }

    /// Trades that were accepted and that no broker has acknowledged.
    var openCount: Int {
        while true {
            let leavings = returned.leavings
            let count = producer.current.counters.queued + returned.count
            // What was handed over between the two looks would be in neither.
            if returned.leavings == leavings { return count }
        }
    }

    /// Hands trades over, in order; suspends while there is no room. All of them are accepted, even where it throws.
    ///
    /// - Throws: `CancellationError`, or what makes going on impossible.
    func send(_ trades: [Trade]) async throws {
        Self.accepted.increment(by: trades.count)
        var routes = RouteCache(partitions: partitions)
        var value: [UInt8] = []
        var taken = 0
        do {
            try await waitUntilNothingIsReturned()
            for trade in trades {
                value.removeAll(keepingCapacity: true)
                TradeRecord.encode(trade, into: &value)
                let route = routes.route(of: trade.instrument)
                do throws(KafkaError) {
                    try await handOver(route, value)
                    taken += 1
                } catch {
                    guard !error.endsPublishing else { throw error }
                    // The one who mends sends it again; the next trade waits for that.
                    returned.add([TradeMessage(key: route.key, value: value)])
                    taken += 1
                    try await waitUntilNothingIsReturned()
                }
            }
        } catch {
            returned.add(trades[taken...].map(Self.message))
            if let error = error as? KafkaError, error.code == .cancelled { throw CancellationError() }
            throw error
        }
    }

    /// Hands over what a venue's history gave, and waits until the broker has it.
    ///
    /// - Parameter page: with one trade or one gap at least.
    /// - Returns: the offset of the last record.
    /// - Throws: where part of it may not be in the log: to be asked for and sent again.
    func send(_ page: HistoryPage, of instrument: Instrument) async throws -> Int64 {
        try await waitUntilNothingIsReturned()
        let route = Route(key: Array(instrument.key.utf8), partitions: partitions)
        let values = page.unavailable.map(Self.value) + page.trades.map(Self.value)
        for value in values.dropLast() { try await handOver(route, value) }
        let report = try await producer.current.deliver(
            topic: topic, partition: route.partition, key: route.key, value: values.last, headers: Self.headers)
        return report.offset
    }

    /// Sends again what comes back, and replaces a producer that failed, until the task is cancelled.
    func run() async {
        var backoff = Backoff(first: .milliseconds(200), longest: .seconds(10), random: random)
        for await _ in returned.arrivals {
            let count = returned.count
            guard count > 0 else { continue }
            report(count)
            do {
                try await mend()
            } catch {
                logger.warning("trades that came back cannot be sent again yet", metadata: ["error": "\(error)"])
            }
            // What comes back at once (there is no such topic, say) must not go round without a pause.
            try? await Task.sleep(for: backoff.next())
            if returned.count == 0 {
                backoff.reset()
                health.set("kafka", .ok)
            }
        }
    }

    /// Waits for the broker to acknowledge all that was accepted. Nothing is sent, and ``run()`` has ended, by then.
    ///
    /// - Returns: how many trades it did not.
    @discardableResult
    func flush(timeoutMillis: Int) async -> Int {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    do {
                        try await self.mend()
                        try await self.producer.current.flush(timeoutMillis: timeoutMillis)
                        if self.openCount == 0 { return }
                    } catch {
                        self.logger.debug("still waiting", metadata: ["error": "\(error)"])
                    }
                    try? await Task.sleep(for: Self.blockedPause)
                }
            }
            group.addTask { try? await Task.sleep(for: .milliseconds(timeoutMillis)) }
            await group.next()
            group.cancelAll()
        }
        let open = openCount
        if open > 0 {
            Self.lost.increment(by: open)
            logger.error(
                "some trades were not acknowledged and are lost with this process; the venue still has them",
                metadata: ["count": "\(open)"])
        }
        return open
    }

    func close() async { await producer.close(timeoutMillis: 1_000) }

    // MARK: Inside

    private func mend() async throws {
        try await producer.replaceIfFailed()
        let messages = returned.take()
        for (place, message) in messages.enumerated() {
            do {
                try await handOver(Route(key: message.key, partitions: partitions), message.value)
                returned.handedOver()
            } catch {
                returned.putBack(messages[place...])
                throw error
            }
        }
    }

    private func handOver(_ route: Route, _ value: [UInt8]) async throws(KafkaError) {
        while true {
            let producer = producer.current
            do throws(KafkaError) {
                try producer.send(
                    topic: topic, partition: route.partition, key: route.key, value: value, headers: Self.headers)
                return
            } catch {
                guard error.code == .queueFull else { throw error }
                Self.waits.increment()
                health.set("kafka", .failed("the broker does not keep up; trades wait", blocksReadiness: false))
                try await producer.waitForRoom()
                health.set("kafka", .ok)
            }
        }
    }

    private func waitUntilNothingIsReturned() async throws {
        while returned.count > 0 { try await Task.sleep(for: Self.blockedPause) }
    }

    private func report(_ count: Int) {
        health.set(
            "kafka", .failed("\(count) trades came back from the broker; they are sent again", blocksReadiness: false))
    }

    private static func delivered(_ batch: DeliveryBatch, _ returned: ReturnedTrades, _ logger: Logger) {
        acknowledged.increment(by: batch.deliveries.count - batch.undelivered.count)
        guard let first = batch.undelivered.first else { return }
        comeBack.increment(by: batch.undelivered.count)
        logger.error(
            "trades were not acknowledged; they are sent again",
            metadata: ["count": "\(batch.undelivered.count)", "cause": "\(first.failure)"])
        returned.add(batch.undelivered.map { TradeMessage(key: $0.key ?? [], value: $0.value ?? []) })
    }

    private static func message(_ trade: Trade) -> TradeMessage {
        TradeMessage(key: Array(trade.instrument.key.utf8), value: value(trade))
    }

    private static func value(_ trade: Trade) -> [UInt8] {
        var value: [UInt8] = []
        TradeRecord.encode(trade, into: &value)
        return value
    }

    private static func value(_ gap: UnavailableTrades) -> [UInt8] {
        var value: [UInt8] = []
        TradeRecord.encode(gap, into: &value)
        return value
    }
}

/// Where an instrument's trades go.
private struct Route {
    let key: [UInt8]
    let partition: Int32

    init(key: [UInt8], partitions: Int32) {
        self.key = key
        partition = Murmur2.partition(key: key.span.bytes, partitions: partitions)
    }
}

/// The last instrument's route: trades come in runs of one.
private struct RouteCache {
    let partitions: Int32
    private var last: (instrument: Instrument, route: Route)?

    init(partitions: Int32) { self.partitions = partitions }

    mutating func route(of instrument: Instrument) -> Route {
        if let last, last.instrument == instrument { return last.route }
        let route = Route(key: Array(instrument.key.utf8), partitions: partitions)
        last = (instrument, route)
        return route
    }
}

extension KafkaError {
    /// Whether sending the same trade again cannot help, or is not wanted any more.
    fileprivate var endsPublishing: Bool {
        switch code {
        case .cancelled, .closed, .configuration, .invalidArgument, .messageTooLarge: true
        default: false
        }
    }
}
