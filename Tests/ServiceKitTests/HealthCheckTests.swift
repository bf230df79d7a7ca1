import Testing

@testable import ServiceKit

@Suite struct HealthCheckTests {
    private static let simulator: [any AnySetting] = [
        Setting<Int>.port("SIMULATOR_PORT", help: "port", default: "9443"),
        Setting<String>.text("SIMULATOR_TLS_CERT", help: "certificate", default: nil),
    ]
    private static let api: [any AnySetting] = [
        Setting<Int>.port("API_PORT", help: "port", default: "8000"),
        Setting<String>.text("API_TLS_CERTIFICATE", help: "certificate", default: nil),
    ]
    private static let processor: [any AnySetting] = [Setting<Int>.port("METRICS_PORT", help: "port", default: "9102")]

    @Test func asksThePortTheServiceWasGivenElseItsDefault() throws {
        #expect(try HealthCheck.url(Settings([:]), known: Self.processor) == "http://127.0.0.1:9102/health")
        #expect(
            try HealthCheck.url(Settings(["METRICS_PORT": "9200"]), known: Self.processor)
                == "http://127.0.0.1:9200/health")
    }

    @Test func speaksTLSWhereTheServiceDoesAndOnlyThere() throws {
        let given = Settings(["SIMULATOR_TLS_CERT": "/tls/chain.pem"])
        #expect(try HealthCheck.url(given, known: Self.simulator) == "https://127.0.0.1:9443/health")
        #expect(try HealthCheck.url(Settings([:]), known: Self.simulator) == "http://127.0.0.1:9443/health")
        let own = Settings(["API_TLS_CERTIFICATE": "/tls/chain.pem"])
        #expect(try HealthCheck.url(own, known: Self.api) == "https://127.0.0.1:8000/health")
        // Another service's environment may hold the key too; it is not its own.
        #expect(try HealthCheck.url(given, known: Self.processor) == "http://127.0.0.1:9102/health")
    }

    @Test func cannotKnowAPortThatIsAnyFreeOne() {
        #expect(throws: HealthCheck.Failure.self) {
            try HealthCheck.url(Settings(["METRICS_PORT": "0"]), known: Self.processor)
        }
    }
}
