import Logging
import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import Testing

@testable import TradeProcessor

/// When the engine hands prices over: the first at once, those after it once a pause.
@Suite struct LiveTimingTests {
    /// The engine with one partition, beside a clock that is set by hand.
    private final class Desk {
        let mailbox = LiveMailbox()
        let engine: ProcessingEngine
        private let time = OwnClock()
        private let decoder = TradeBatchDecoder(partitions: 1)
        private var offset: Int64 = 0

        init(_ settings: [String: String]) throws {
            let time = time
            engine = ProcessingEngine(
                settings: try ProcessorSettings(Settings(settings)), limits: EngineLimits(),
                time: TimeSource(wallMicros: { time.micros }, monotonicMicros: { time.micros }), mailbox: mailbox,
                health: HealthBoard(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                submit: { _ in }, publish: { _, _ in })
            engine.assigned([0])
            let lease = PartitionLease(partition: 0, owner: "test", epoch: 1, commitSequence: 0, lineage: 1)
            let claim = PartitionClaim(
                lease: lease, topicID: "log", partitionCount: 1, nextOffset: 0, watermarkMicros: nil,
                maxEventMicros: nil, instruments: [])
            engine.tick([.claimed(claim, LogIdentity(topicID: "log", partitionCount: 1))])
        }

        /// A trade comes in.
        func trade(_ instrument: String = "BTCUSDT") throws {
            let worker = try #require(engine.worker(0))
            let key = Array(instrument.utf8)
            var value: [UInt8] = []
            TradeRecord.encode(
                Trade(
                    instrument: try Instrument(key: instrument), tradeID: offset + 1, price: Price(raw: 100 + offset),
                    quantity: Quantity(raw: 1), takerSide: .buy, eventTimeMicros: 1_700_000_000_000_000 + offset,
                    receivedTimeMicros: 1_700_000_000_000_000 + offset), into: &value)
            decoder.decodeGeneral(
                key: key.span.bytes, value: value.span.bytes, partition: 0, offset: offset,
                timestampMillis: 1_700_000_000_000, schemaVersion: nil, table: &worker.state.table,
                into: &worker.batch)
            offset += 1
            engine.step(worker, rawMessage: { _ in nil })
        }

        /// Time goes on, and the engine looks.
        ///
        /// - Returns: the ids of the trades whose prices it hands over.
        func tick(afterMillis millis: Int64) -> [Int64] {
            time.advance(byMicros: millis * 1_000)
            engine.tick([])
            return mailbox.take().updates.values.map(\.record.tradeID).sorted()
        }
    }

    private final class OwnClock: Sendable {
        private let value = Atomic<Int64>(1_000_000_000)
        var micros: Int64 { value.load(ordering: .relaxed) }
        func advance(byMicros micros: Int64) { value.add(micros, ordering: .relaxed) }
    }

    @Test func theFirstPriceAfterAQuietTimeGoesOutAtOnce() throws {
        let desk = try Desk(["LIVE_FLUSH_INTERVAL": "50ms"])
        #expect(desk.tick(afterMillis: 1_000) == [])
        // Ticks without news start no pause.
        for _ in 0..<10 { #expect(desk.tick(afterMillis: 10) == []) }
        try desk.trade()
        #expect(desk.tick(afterMillis: 0) == [1])
    }

    @Test func thoseThatFollowComeOnceAPauseAndTheNewestAlone() throws {
        let desk = try Desk(["LIVE_FLUSH_INTERVAL": "50ms"])
        try desk.trade()
        #expect(desk.tick(afterMillis: 1_000) == [1])
        try desk.trade()
        #expect(desk.tick(afterMillis: 20) == [])
        try desk.trade()
        #expect(desk.tick(afterMillis: 29) == [])
        #expect(desk.tick(afterMillis: 1) == [3])
        // Another instrument waits for the same pause, and no longer.
        try desk.trade("ETHUSDT")
        try desk.trade()
        #expect(desk.tick(afterMillis: 49) == [])
        #expect(desk.tick(afterMillis: 1) == [4, 5])
        #expect(desk.tick(afterMillis: 100) == [])
    }
}
