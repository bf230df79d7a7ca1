import MarketCore
import MarketWire
import ServiceKit
import Synchronization
import Testing

@testable import MarketAPI

/// `/system`: what producers, processors, PostgreSQL and the broker say, put together.
@Suite struct SystemTests {
    static func processor(
        _ id: String, sentMicros: Int64, state: ProcessorStatusRecord.State = .running,
        _ partitions: [ProcessorStatusRecord.Partition] = []
    ) -> ProcessorStatusRecord {
        ProcessorStatusRecord(
            processorID: id, version: "9", state: state, startedTimeMicros: 1, sentTimeMicros: sentMicros,
            topic: "trades", counts: .init(), commit: nil, eventToStore: nil, partitions: partitions)
    }

    static func progress(_ partition: Int32, _ nextOffset: Int64) -> StoredFigures.Progress {
        .init(
            partition: partition, nextOffset: nextOffset, watermarkMicros: nil, newestTradeMicros: nil,
            committedMicros: 7)
    }

    @Test func partitionsAreMergedFromAllWhoKnowThem() async throws {
        let now = TimeSource.system.wallMicros
        var stored = StoredFigures()
        stored.progress = [Self.progress(0, 90), Self.progress(1, 5)]
        let processors = [
            Self.processor(
                "a", sentMicros: now + 60_000_000,
                [
                    .init(partition: 0, state: .running, nextOffset: 95, instruments: 3),
                    .init(partition: 2, state: .halted, reason: "the log was cut"),
                ]),
            // One that is silent has nothing, and one that stopped neither.
            Self.processor("b", sentMicros: now - 6_000_000, [.init(partition: 1, state: .running)]),
            Self.processor("c", sentMicros: now, state: .stopped),
        ]
        let watch = SystemWatch(
            time: .system, stored: { [stored] in stored }, endOffsets: { [0: 100, 1: 5, 2: 8] },
            processors: { processors })
        try await APITestServer.with(system: watch) { server in
            let body = try await server.get("/system").json()
            let partitions = try #require(body["partitions"]?.elements)
            #expect(partitions.map { $0["state"]?.text } == ["running", "unassigned", "halted"])
            // PostgreSQL's offset counts, not what the processor has in memory.
            #expect(partitions.map { $0["lag"]?.integer } == [10, 0, nil])
            #expect(partitions[0]["processor_id"]?.text == "a" && partitions[0]["instruments"]?.integer == 3)
            #expect(partitions[1]["processor_id"] == .null)
            #expect(partitions[2]["reason"]?.text == "the log was cut")
            #expect(
                body["processors"]?.elements?.map { $0["state"]?.text } == ["running", "silent", "stopped"])
            #expect(body["stores"]?.elements?.map { $0["state"]?.text } == ["ok", "ok", "ok"])
            #expect(body["api"]?["websocket_clients"]?.integer == 0)
        }
    }

    @Test func storesThatFailOrHangAreNamedAndTheRestIsTold() async throws {
        struct Refusal: Error, CustomStringConvertible { let description = "the broker is away" }
        let watch = SystemWatch(
            time: .system,
            stored: {
                try await Task.sleep(for: .seconds(600))
                return StoredFigures()
            }, endOffsets: { throw Refusal() }, processors: { [] })
        try await APITestServer.with(system: watch) { server in
            let body = try await server.get("/system").json()
            let stores = try #require(body["stores"]?.elements)
            #expect(stores.map { $0["state"]?.text } == ["waiting", "ok", "failed"])
            #expect(stores[2]["reason"]?.text == "the broker is away")
            #expect(body["stored"] == .null && body["partitions"]?.elements?.isEmpty == true)
            #expect(body["processors"]?.elements?.isEmpty == true)
        }
    }

    @Test func nothingIsAskedWhileNobodyLooks() async throws {
        let reads = Mutex(0)
        let watch = SystemWatch(
            time: .system, stored: { StoredFigures() }, endOffsets: { [:] },
            processors: {
                reads.withLock { $0 += 1 }
                return []
            })
        try await APITestServer.with(system: watch) { server in
            #expect(reads.withLock { $0 } == 0)
            // Many who look at once are one question.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await server.get("/system") } }
                try await group.waitForAll()
            }
            #expect(reads.withLock { (1...3).contains($0) })
        }
    }

    @Test func producersAreThoseOfTheLastDayAndSilentOnesAreCalledSo() async throws {
        let now = TimeSource.system.wallMicros
        let watch = SystemWatch(
            time: .system, stored: { StoredFigures() }, endOffsets: { [:] }, processors: { [] })
        for (id, age) in [("live", 0), ("silent", 11), ("forgotten", 90_000)] as [(String, Int64)] {
            watch.producers.take(
                HeartbeatRecord(
                    producerID: id, startedTimeMicros: 1, sentTimeMicros: now - age * 1_000_000,
                    connections: [
                        .init(
                            venue: "binance", name: "spot-0", state: .connected, instruments: ["BTCUSDT"],
                            connectedSinceMicros: 1, lastMessageTimeMicros: nil, lastTradeTimeMicros: nil,
                            messagesPerSecond: 1, tradesPerSecond: 2.5, reconnectCount: 0, lastError: nil)
                    ]))
        }
        try await APITestServer.with(system: watch) { server in
            let producers = try #require(try await server.get("/system").json()["producers"]?.elements)
            #expect(producers.map { $0["producer_id"]?.text } == ["live", "silent"])
            #expect(producers.map { $0["state"]?.text } == ["running", "silent"])
            #expect(producers[0]["connections"]?.elements?.first?["instruments"]?.integer == 1)
            #expect(try await server.get("/system?token=x").status == 400)
            #expect(try await server.get("/dashboard/system").headers["content-security-policy"] != nil)
        }
    }

    @Test func theBookIsBounded() {
        let book = HeartbeatBook()
        for number in 1...300 {
            book.take(
                HeartbeatRecord(
                    producerID: "p\(number)", startedTimeMicros: 1, sentTimeMicros: Int64(number), connections: []))
        }
        #expect(book.all(since: 0).count == 100 && book.all(since: 0).allSatisfy { $0.sentTimeMicros > 200 })
    }
}
