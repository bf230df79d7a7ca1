import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Writes points to one InfluxDB over HTTP, and asks it what it has.
public final class InfluxClient: Sendable {
    private let configuration: InfluxConfiguration
    private let client: HTTPClient

    /// An answer that is longer than this is none that we asked for.
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
        _ = try await send(InfluxRequest(configuration, writing: points))
    }

    /// Asks a question in InfluxQL, which every InfluxDB knows at `/query` (2.x where the bucket has a mapping).
    ///
    /// - Returns: the answer's JSON.
    /// - Throws: as ``write(_:)``.
    public func query(_ text: String) async throws -> [UInt8] {
        try await send(InfluxRequest(configuration, asking: text))
    }

    private func send(_ request: InfluxRequest) async throws -> [UInt8] {
        var message = HTTPClientRequest(url: request.url)
        message.method = request.body.isEmpty ? .GET : .POST
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if !request.body.isEmpty { message.body = .bytes(ByteBuffer(string: request.body)) }
        let status: Int
        let answer: [UInt8]
        do {
            let response = try await client.execute(message, timeout: .seconds(Self.timeoutSeconds))
            status = Int(response.status.code)
            answer = Array(try await response.body.collect(upTo: Self.maxAnswerBytes).readableBytesView)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw InfluxError(.unreachable, "\(configuration.baseURL) does not answer: \(error)")
        }
        guard (200..<300).contains(status) else {
            throw InfluxError(
                .refused(status: status),
                "\(configuration.baseURL) answered \(status): "
                    + redacted(String(decoding: answer.prefix(300), as: UTF8.self)))
        }
        return answer
    }

    /// Ends the connections. Nothing may be written afterwards.
    public func close() async { try? await client.shutdown() }

    /// A server that repeats what it was sent must not bring the secret into a log.
    private func redacted(_ text: String) -> String {
        guard let token = configuration.token, !token.isEmpty else { return text }
        return text.replacing(token, with: "***")
    }
}
