import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Questions to venues over HTTP, with connections that are kept.
final class VenueHTTP: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        func integer(_ header: String) -> Int? { headers.first(name: header).flatMap { Int($0) } }

        /// The beginning of the body, for messages.
        var excerpt: String { String(decoding: body.prefix(200), as: UTF8.self) }
    }

    private let authoritiesPath: String?
    /// Made with the first question.
    private let client = Mutex<HTTPClient?>(nil)

    /// Metadata of 100 symbols is about 300 KB, 1000 trades are about 200 KB.
    private static let maxBodyBytes = 8 << 20

    /// - Parameter authoritiesPath: certificates to trust instead of the system's (PEM file).
    init(authoritiesPath: String?) { self.authoritiesPath = authoritiesPath }

    deinit {
        guard let client = client.withLock({ $0 }) else { return }
        // The library wants it shut down before it goes.
        Task { try? await client.shutdown() }
    }

    /// Ends the connections. A later question makes new ones.
    func close() async {
        let old = client.withLock { client in
            defer { client = nil }
            return client
        }
        try? await old?.shutdown()
    }

    /// - Throws: ``VenueError`` where no answer comes, or `CancellationError`.
    func get(_ url: String) async throws -> Answer {
        do {
            var request = HTTPClientRequest(url: url)
            // Some venues answer nobody who does not say who they are.
            request.headers.add(name: "User-Agent", value: "market-stream")
            let response = try await connected().execute(request, timeout: .seconds(10))
            let body = Array(buffer: try await response.body.collect(upTo: Self.maxBodyBytes))
            return Answer(status: Int(response.status.code), headers: response.headers, body: body)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let host = url.split(separator: "/").dropFirst().first ?? ""
            throw VenueError(.unreachable, "\(host) does not answer: \(error)")
        }
    }

    private func connected() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            var settings = HTTPClient.Configuration()
            if let authoritiesPath {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .file(authoritiesPath)
                settings.tlsConfiguration = tls
            }
            settings.timeout.connect = .seconds(5)
            let new = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            client = new
            return new
        }
    }
}
