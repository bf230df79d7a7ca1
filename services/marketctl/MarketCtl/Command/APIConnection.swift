import AsyncHTTPClient
import HTTPTypes
import MarketWire
import NIOCore
import NIOHTTP1
import ServiceKit

/// market-api, as a client of it.
struct APIConnection: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]

        /// The body as JSON; null where it is none.
        var json: JSONValue? { try? JSONValue(parsing: body) }

        /// What a problem document says, or the status alone.
        var problem: String { json?["detail"]?.text ?? json?["title"]?.text ?? "HTTP \(status)" }
    }

    /// Without a slash at its end.
    let url: String
    let token: String?

    private static let timeout = TimeAmount.seconds(10)
    private static let bodyLimit = 16 << 20

    /// - Throws: `SettingsError`.
    init(_ settings: Settings) throws(SettingsError) {
        let text = try settings.value(CtlSettings.apiURL)
        url = text.hasSuffix("/") ? String(text.dropLast()) : text
        token = settings.text(forKey: "API_TOKEN")
    }

    func get(_ path: String) async throws -> Answer { try await send(.GET, path) }

    func post(_ path: String) async throws -> Answer { try await send(.POST, path) }

    private func send(_ method: HTTPMethod, _ path: String) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if method == .POST, let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.bodyLimit)
            return Answer(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch {
            throw CommandError(
                "market-api does not answer at \(url): \(error). Is it running? API_URL says where it is.")
        }
    }
}
