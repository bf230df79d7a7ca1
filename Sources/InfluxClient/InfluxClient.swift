import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Writes points to one InfluxDB over HTTP.
public final class InfluxClient: Sendable {
    private let configuration: InfluxConfiguration
    private let client: HTTPClient

    /// An answer that is longer than this is cut: it is an error's text.
    private static let maxAnswerBytes = 64 << 10
    private static let timeoutSeconds: Int64 = 30

    public init(_ configuration: InfluxConfiguration) {
        self.configuration = configuration
        var settings = HTTPClient.Configuration()
        if let path = configuration.authoritiesPath {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(path)
            settings.tlsConfiguration = tls
        }
        settings.timeout.connect = .seconds(5)
        // A proxy's redirect would take the token with it.
        settings.redirectConfiguration = .disallow
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Writes all points in one request. May be repeated: the same points again change nothing.
    ///
    /// - Throws: ``InfluxError`` where the server has not said that it has all of them; `CancellationError`.
    public func write(_ points: [InfluxPoint]) async throws {
        guard !points.isEmpty else { return }
        let request = InfluxRequest(configuration, points)
        var message = HTTPClientRequest(url: request.url)
        message.method = .POST
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        message.body = .bytes(ByteBuffer(string: request.body))
        let status: Int
        var answer = ""
        do {
            let response = try await client.execute(message, timeout: .seconds(Self.timeoutSeconds))
            status = Int(response.status.code)
            if !(200..<300).contains(status) {
                let body = try await response.body.collect(upTo: Self.maxAnswerBytes)
                answer = String(decoding: body.readableBytesView.prefix(300), as: UTF8.self)
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw InfluxError(.unreachable, "\(configuration.baseURL) does not answer: \(error)")
        }
        guard (200..<300).contains(status) else {
            throw InfluxError(
                .refused(status: status), "\(configuration.baseURL) answered \(status): \(redacted(answer))")
        }
    }

    /// Ends the connections. Nothing may be written afterwards.
    public func close() async { try? await client.shutdown() }

    /// A server that repeats what it was sent must not bring the secret into a log.
    private func redacted(_ text: String) -> String {
        guard let token = configuration.token, !token.isEmpty else { return text }
        return text.replacing(token, with: "***")
    }
}
