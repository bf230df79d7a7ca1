import MarketWire
import TestServers
import Testing
import WebSockets

@testable import ExchangeSimulator

/// Streams over TLS, with a certificate made for the test.
@Suite(.timeLimit(.minutes(2))) struct TLSTests {
    private func makeCertificate(_ folder: TemporaryFolder) async throws {
        let script = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem \
              -out chain.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost && touch done
            """
        let process = try await ServerProcess.start(
            name: "openssl", command: ["sh", "-c", script], workingFolder: folder.path,
            logPath: folder.path + "/openssl.log")
        try await waitUntil("a certificate is made", withinMillis: 20_000) { !process.isRunning }
    }

    @Test func streamsOverTLS() async throws {
        let folder = try TemporaryFolder("simulator-tls")
        defer { folder.remove() }
        try await makeCertificate(folder)
        let values = [
            "SIMULATOR_TLS_CERT": folder.path + "/chain.pem", "SIMULATOR_TLS_KEY": folder.path + "/key.pem",
            "SIMULATOR_RATE": "100",
        ]
        let clock = ManualClock(1_700_000_000_000_000)
        try await SimulatorServer.with(values, time: clock.source) { server in
            var trusting = WebSocketClientConfiguration()
            trusting.authoritiesPath = folder.path + "/chain.pem"
            try await server.listening("/ws/btcusdt@trade", trusting) { _, heard in
                clock.advance(.seconds(1))
                try await heard.wait("trades") { !$0.events("trade").isEmpty }
            }
            // Who does not know the authority does not get in.
            await #expect(throws: WebSocketError.self) {
                try await WebSocketClient().connect(to: server.address("/ws/btcusdt@trade"))
            }
        }
    }

    @Test func aCertificateNeedsItsKey() async throws {
        for (given, missing) in [
            ("SIMULATOR_TLS_CERT", "SIMULATOR_TLS_KEY"), ("SIMULATOR_TLS_KEY", "SIMULATOR_TLS_CERT"),
        ] {
            let error = await #expect(throws: (any Error).self) {
                try await SimulatorServer.with([given: "/x.pem"]) { _ in }
            }
            #expect(error.map { "\($0)" }?.contains(missing) == true)
        }
    }
}
