import KafkaClient
import TestServers
import Testing

extension BrokerTests {
    @Suite("Kafka reader") struct ReaderTests {
        @Test("it reads to the end, then follows; ends are told")
        func follow() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("follow", partitions: 3)
            try await fill(broker, topic, partition: 0, (0..<500).map(String.init))
            try await fill(broker, topic, partition: 2, (0..<700).map(String.init))
            var options = ReaderOptions()
            options.bufferedRecords = 50
            let reader = try KafkaReader(broker.configuration(), topic: topic, options: options)
            var offsets: [Int32: Int64] = [:]
            try await reader.readToEnd(timeoutMillis: 120_000) { record in
                #expect(record.offset == offsets[record.partition, default: 0])
                offsets[record.partition] = record.offset + 1
            }
            #expect(offsets == [0: 500, 2: 700])
            // Nothing new: at once.
            try await reader.readToEnd(timeoutMillis: 120_000) { Issue.record("unexpected \($0)") }
            try await fill(broker, topic, partition: 1, ["new"])
            var seen: [ReaderEvent] = []
            while seen.last != .reachedEnd(partition: 1, offset: 1) {
                seen.append(try #require(try await reader.next()))
            }
            #expect(seen.contains { if case .record(let record) = $0 { record.value == bytes("new") } else { false } })
            await reader.close()
            #expect(try await reader.next() == nil)
        }

        @Test("a batch is all that waits, in order; gathering at the broker loses nothing")
        func batches() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("batches", partitions: 3)
            for partition: Int32 in 0..<3 {
                try await fill(broker, topic, partition: partition, (0..<400).map(String.init))
            }
            var options = ReaderOptions()
            options.fetchMinBytes = 65_536
            options.fetchWaitMillis = 20
            let reader = try KafkaReader(broker.configuration(), topic: topic, options: options)
            var offsets: [Int32: Int64] = [:]
            var ended: Set<Int32> = []
            var batchCount = 0
            while ended.count < 3 {
                let batch = try #require(try await reader.nextBatch())
                #expect(!batch.isEmpty)
                batchCount += 1
                for event in batch {
                    switch event {
                    case .record(let record):
                        #expect(record.offset == offsets[record.partition, default: 0])
                        offsets[record.partition] = record.offset + 1
                    case .reachedEnd(let partition, let offset):
                        #expect(offset == offsets[partition])
                        if offset == 400 { ended.insert(partition) }
                    }
                }
            }
            #expect(offsets == [0: 400, 1: 400, 2: 400])
            #expect(batchCount < 1_200)
            try await fill(broker, topic, partition: 1, ["late"])
            guard case .record(let late)? = try await reader.next() else {
                Issue.record("no record came")
                return
            }
            #expect(late.value == bytes("late"))
            await reader.close()
            // The end behind it may still wait.
            while let rest = try await reader.nextBatch() {
                #expect(rest == [.reachedEnd(partition: 1, offset: 401)])
            }
        }

        @Test("it begins where it is told")
        func starts() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("starts", partitions: 2)
            try await fill(broker, topic, partition: 0, (0..<10).map(String.init))
            try await fill(broker, topic, partition: 1, (0..<10).map(String.init))
            func read(_ start: StartOffset, partitions: [Int32]? = nil, offsets: [Int32: Int64] = [:]) async throws
                -> [Int32: [Int64]]
            {
                let reader = try KafkaReader(
                    broker.configuration(), topic: topic, from: start, partitions: partitions, offsets: offsets)
                var found: [Int32: [Int64]] = [:]
                try await reader.readToEnd(timeoutMillis: 120_000) {
                    found[$0.partition, default: []].append($0.offset)
                }
                await reader.close()
                return found
            }
            #expect(try await read(.end) == [:])
            #expect(try await read(.tail(3)) == [0: [7, 8, 9], 1: [7, 8, 9]])
            #expect(try await read(.tail(30), partitions: [1]) == [1: Array(0..<10)])
            #expect(try await read(.end, offsets: [1: 8]) == [1: [8, 9]])
            #expect(try await read(.offset(9), partitions: [0]) == [0: [9]])
        }

        @Test("an offset that the log does not hold is an error, not a jump")
        func outOfRange() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("reader-range")
            try await fill(broker, topic, ["a", "b"])
            let reader = try KafkaReader(broker.configuration(), topic: topic, from: .offset(77))
            let error = await #expect(throws: KafkaError.self) { _ = try await reader.next() }
            #expect(error?.code == .offsetOutOfRange)
            #expect(error?.topic == topic && error?.partition == 0)
            await reader.close()
        }

        @Test("a topic that comes later is waited for; waiting can be cancelled and bounded")
        func lateTopic() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = broker.uniqueTopic("late")
            let reader = try KafkaReader(broker.configuration(), topic: topic)
            let late = await #expect(throws: KafkaError.self) {
                try await reader.readToEnd(timeoutMillis: 100) { _ in }
            }
            #expect(late?.code == .timedOut)
            let waiting = Task { () throws(KafkaError) in try await reader.next() }
            waiting.cancel()
            let cancelled = await #expect(throws: KafkaError.self) { _ = try await waiting.value }
            #expect(cancelled?.code == .cancelled)
            let admin = try KafkaAdmin(broker.configuration())
            _ = try await admin.createTopics([NewTopic(topic, partitions: 1)], timeoutMillis: patience)
            await admin.close()
            try await fill(broker, topic, ["here"])
            var found: [KafkaRecord] = []
            while found.isEmpty {
                if case .record(let record)? = try await reader.next() { found.append(record) }
            }
            #expect(found.map(\.value) == [bytes("here")])
            await reader.close()
        }

        @Test("a slow reader holds fetching back and loses nothing")
        func backpressure() async throws {
            let broker = try await KafkaBroker.shared.get()
            let topic = try await broker.makeTopic("slow")
            try await fill(broker, topic, (0..<20_000).map(String.init))
            var options = ReaderOptions()
            options.bufferedRecords = 10
            options.prefetchKilobytes = 16
            let reader = try KafkaReader(broker.configuration(), topic: topic, options: options)
            var next: Int64 = 0
            try await reader.readToEnd(timeoutMillis: 120_000) { record in
                #expect(record.offset == next)
                next += 1
            }
            #expect(next == 20_000)
            await reader.close()
        }
    }
}
