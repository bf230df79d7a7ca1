import KafkaClient
import Testing

/// What needs no broker.
@Suite("Kafka configuration")
struct ConfigurationTests {
    private func configuration(_ properties: [String: String]) -> KafkaConfiguration {
        KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test", properties: properties)
    }

    private func failure(of properties: [String: String]) -> KafkaError? {
        do throws(KafkaError) {
            _ = try KafkaProducer(configuration(properties))
            return nil
        } catch {
            return error
        }
    }

    @Test("properties are looked up in the environment by librdkafka's own names")
    func environment() {
        let environment = [
            "KAFKA_CLIENT_SECURITY_PROTOCOL": "sasl_ssl", "KAFKA_CLIENT_SASL_PASSWORD": "secret",
            "KAFKA_CLIENT_LINGER_MS": "7", "KAFKA_CLIENT_NO_SUCH_THING": "1", "SECURITY_PROTOCOL": "ssl",
        ]
        let found = KafkaConfiguration.properties { environment[$0] }
        #expect(found == ["security.protocol": "sasl_ssl", "sasl.password": "secret", "linger.ms": "7"])
        #expect(KafkaConfiguration.environmentKeys.contains("KAFKA_CLIENT_SSL_CA_LOCATION"))
        #expect(KafkaConfiguration.environmentKeys.count > 100)
        #expect(!KafkaConfiguration.environmentKeys.contains { $0.hasSuffix("_CB") })
    }

    @Test("what belongs to a group brings no reader into contradiction with itself")
    func groupProperties() async throws {
        let properties = [
            "max.poll.interval.ms": "5000", "session.timeout.ms": "4000", "heartbeat.interval.ms": "1000",
        ]
        let reader = try KafkaReader(configuration(properties), topic: "t")
        await reader.close()
    }

    @Test("nothing is found in an empty environment")
    func emptyEnvironment() {
        #expect(KafkaConfiguration.properties { _ in nil }.isEmpty)
    }

    @Test("a refused property is named with its value and librdkafka's words")
    func refusedProperty() throws {
        let error = try #require(failure(of: ["linger.ms": "soon"]))
        #expect(error.code == .configuration)
        #expect(error.message.contains("linger.ms=soon"))
        #expect(error.message.contains("Invalid value"))
        let unknown = try #require(failure(of: ["no.such.thing": "1"]))
        #expect(unknown.message.contains("No such configuration property"))
    }

    @Test(
        "a secret's value is never shown",
        arguments: [
            "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
        ])
    func secrets(name: String) throws {
        #expect(KafkaConfiguration.isSecret(property: name))
        #expect(!KafkaConfiguration.isSecret(property: "sasl.username"))
        // Refused because there is no such property; the value must not come with the refusal.
        let error = try #require(failure(of: ["x." + name: "hunter2"]))
        #expect(!error.description.contains("hunter2"))
        #expect(error.description.contains("x.\(name)=***"))
    }

    @Test("what exactness rests on cannot be changed, only repeated")
    func ownedProperties() throws {
        let error = try #require(failure(of: ["enable.idempotence": "false"]))
        #expect(error.code == .configuration)
        #expect(error.message.contains("enable.idempotence=true"))
        #expect(failure(of: ["acks": "-1", "enable.idempotence": "true"]) == nil)
        #expect(failure(of: ["acks": "1"])?.code == .configuration)
        #expect(failure(of: ["bootstrap.servers": "elsewhere:9092"])?.message.contains("KAFKA_BROKERS") == true)
        let options = ConsumerOptions(groupID: "g", topics: ["t"])
        for property in ["enable.auto.commit", "auto.offset.reset", "check.crcs"] {
            #expect(throws: KafkaError.self) {
                _ = try KafkaConsumer(configuration([property: "latest"]), options: options)
            }
        }
    }

    @Test("an empty list of brokers and a consumer without topics are refused")
    func emptiness() {
        #expect(throws: KafkaError.self) { _ = try KafkaAdmin(KafkaConfiguration(brokers: "", clientID: "test")) }
        #expect(throws: KafkaError.self) {
            _ = try KafkaConsumer(configuration([:]), options: ConsumerOptions(groupID: "g", topics: []))
        }
    }

    @Test("the library's version is known, and an old one is warned of")
    func version() {
        #expect(KafkaVersion.runtime >= KafkaVersion(major: 2, minor: 0, patch: 0))
        #expect(KafkaVersion(major: 2, minor: 0, patch: 2).warning?.contains("2.0.2") == true)
        #expect(KafkaVersion(major: 2, minor: 2, patch: 0).warning == nil)
        #expect(KafkaVersion(major: 2, minor: 14, patch: 2) > KafkaVersion(major: 2, minor: 2, patch: 9))
    }

    @Test("without a broker, errors come as events, sends are bounded, and everything can be closed in time")
    func nobodyAnswers() async throws {
        var configuration = configuration([:])
        let (events, continuation) = AsyncStream.makeStream(of: KafkaError.self, bufferingPolicy: .bufferingNewest(10))
        configuration.onEvent = { if case .error(let error) = $0 { continuation.yield(error) } }
        var options = ProducerOptions()
        options.maxQueuedMessages = 10
        let producer = try KafkaProducer(configuration, options: options)
        for _ in 0..<10 { try producer.send(topic: "t", key: nil, value: [1]) }
        let full = #expect(throws: KafkaError.self) { try producer.send(topic: "t", key: nil, value: [1]) }
        #expect(full?.code == .queueFull)
        #expect(full?.isRetriable == true)
        for await error in events {
            #expect([.transport, .allBrokersDown].contains(error.code))
            break
        }
        let late = await #expect(throws: KafkaError.self) { try await producer.flush(timeoutMillis: 50) }
        #expect(late?.code == .timedOut)
        let start = ContinuousClock.now
        await producer.close(timeoutMillis: 200)
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(producer.state == .closed)
        #expect(producer.counters == ProducerCounters(accepted: 10, acknowledged: 0, failed: 10, queueFull: 1))

        let consumer = try KafkaConsumer(self.configuration([:]), options: quickOptions("g", "t"))
        try consumer.start(RecordingHandler())
        await consumer.close(timeoutMillis: 2_000)
        #expect(consumer.state == .closed)
        let reader = try KafkaReader(self.configuration([:]), topic: "t")
        async let nothing = reader.next()
        await reader.close()
        #expect(try await nothing == nil)
        let admin = try KafkaAdmin(self.configuration([:]))
        await #expect(throws: KafkaError.self) { _ = try await admin.metadata(timeoutMillis: 200) }
        await admin.close()
        let closed = await #expect(throws: KafkaError.self) { _ = try await admin.metadata(timeoutMillis: 200) }
        #expect(closed?.code == .closed)
    }
}
