import AsyncHTTPClient

/// `NAME healthcheck`: what a container's health check runs, with no shell and no curl.
enum HealthCheck {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks `/health` of the service on this machine.
    static func run(_ settings: Settings, known: [any AnySetting]) async throws {
        let port = try known.first { ["API_PORT", "METRICS_PORT", "SIMULATOR_PORT"].contains($0.key) }.map { setting in
            try settings.value(
                .port(setting.key, help: setting.help, default: setting.defaultText ?? "0"))
        }
        guard let port, port != 0 else {
            throw Failure(description: "healthcheck needs a fixed port (API_PORT or METRICS_PORT)")
        }
        let url = "http://127.0.0.1:\(port)/health"
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(3))
        guard response.status == .ok else { throw Failure(description: "\(url) answered \(response.status.code)") }
    }
}
