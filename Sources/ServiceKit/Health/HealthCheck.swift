import AsyncHTTPClient

/// `NAME healthcheck`: what a container's health check runs, with no shell and no curl.
enum HealthCheck {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks `/health` of the service on this machine.
    static func run(_ settings: Settings, known: [any AnySetting]) async throws {
        let url = try url(settings, known: known)
        // The certificate is the one of the name that others call this service by; it asks itself by its address.
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: .init(certificateVerification: .none))
        do {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(3))
            guard response.status == .ok else { throw Failure(description: "\(url) answered \(response.status.code)") }
            try await client.shutdown()
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// Where the service answers, from the configuration it was started with.
    static func url(_ settings: Settings, known: [any AnySetting]) throws -> String {
        let port = try known.first { ["API_PORT", "METRICS_PORT", "SIMULATOR_PORT"].contains($0.key) }.map { setting in
            try settings.value(
                .port(setting.key, help: setting.help, default: setting.defaultText ?? "0"))
        }
        guard let port, port != 0 else {
            throw Failure(description: "healthcheck needs a fixed port (API_PORT, METRICS_PORT or SIMULATOR_PORT)")
        }
        let isTLS = known.contains { setting in
            ["SIMULATOR_TLS_CERT", "API_TLS_CERTIFICATE"].contains(setting.key)
                && settings.text(forKey: setting.key) != nil
        }
        return "\(isTLS ? "https" : "http")://127.0.0.1:\(port)/health"
    }
}
