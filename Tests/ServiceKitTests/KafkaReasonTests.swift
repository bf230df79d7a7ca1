import KafkaClient
import Testing

@testable import ServiceKit

@Suite struct KafkaReasonTests {
    /// What an administrator gets where no broker can be reached.
    private func transportError() async throws -> KafkaError {
        let admin = try KafkaAdmin(KafkaConfiguration(brokers: "127.0.0.1:1", clientID: "test"))
        let error = await #expect(throws: KafkaError.self) { try await admin.metadata(timeoutMillis: 500) }
        return try #require(error)
    }

    @Test func aRefusedCertificateIsToldAndNotTheTransport() async throws {
        let line = "sasl_ssl://a:1/bootstrap: SSL handshake failed: certificate verify failed"
        let reason = KafkaSetup.reason(try await transportError(), line)
        #expect(reason.hasPrefix(line))
        #expect(reason.contains("KAFKA_CLIENT_SSL_"))
        #expect(!reason.contains("KAFKA_BROKERS"))
    }

    @Test func otherwiseTheBrokerIsToBeLookedAt() async throws {
        let error = try await transportError()
        #expect(KafkaSetup.reason(error, "a:1: Connect failed: Connection refused").contains("Connection refused"))
        #expect(KafkaSetup.reason(error, nil) == "\(error)")
    }
}
