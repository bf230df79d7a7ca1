import CRdKafka
import Synchronization
import Testing

@testable import KafkaClient

/// What a fatal error of the idempotent producer does. librdkafka raises one on demand, for tests, given its handle.
@Suite("Kafka producer's fatal errors", .timeLimit(.minutes(1)))
struct ProducerFailureTests {
    @Test(
        "a fatal error becomes the producer's state, frees whoever waits, refuses the rest; it can be closed"
    )
    func fatal() async throws {
        let told = Mutex<[KafkaError]>([])
        // Nobody answers there, so that messages stay in the queue.
        let configuration = KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test") { event in
            if case .error(let error) = event, error.isFatal { told.withLock { $0.append(error) } }
        }
        var options = ProducerOptions()
        options.maxQueuedMessages = 1
        let failures = Mutex<[KafkaError.Code?]>([])
        let undelivered = Mutex<[UndeliveredMessage]>([])
        let core = try ProducerCore(configuration, options: options) { batch in
            failures.withLock { $0 += batch.deliveries.map(\.failure) }
            undelivered.withLock { $0 += batch.undelivered }
        }
        try core.start()
        #expect(core.state == .running)
        func send() throws {
            try core.send(
                topic: "t", partition: nil, key: [2, 3], value: [1], headers: [], timestampMillis: nil, token: 7)
        }
        try send()
        #expect(throws: KafkaError.self) { try send() }
        let waiting = Task { try await core.waitForRoom() }
        let number = rd_kafka_test_fatal_error(
            core.client.pointer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as the test wants")
        #expect(number == RD_KAFKA_RESP_ERR_NO_ERROR)

        // Whether the wait began before or after the error was noticed: it ends with it.
        let refusal = await #expect(throws: KafkaError.self) { try await waiting.value }
        #expect(refusal?.code == .fatal)
        guard case .failed(let error) = core.state else {
            Issue.record("\(core.state)")
            return
        }
        #expect(error.isFatal && !error.isRetriable && error.message.contains("as the test wants"))
        #expect(error.advice.contains("new one"))
        let later = #expect(throws: KafkaError.self) { try send() }
        #expect(later == error)
        #expect(told.withLock { $0 } == [error])
        core.beginClose(timeoutMillis: 100)
        #expect(await core.ended.wait(timeoutMillis: 10_000))
        #expect(core.counters.queued == 0 && core.counters.failed == 1)
        #expect(failures.withLock { $0.count } == 1)
        // What failed comes back with its bytes, to be sent again.
        let returned = undelivered.withLock { $0 }
        #expect(returned.map(\.key) == [[2, 3]] && returned.map(\.value) == [[1]])
        #expect(returned.map(\.failure) == failures.withLock { $0 })
    }
}
