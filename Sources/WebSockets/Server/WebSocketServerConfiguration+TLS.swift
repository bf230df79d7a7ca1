import NIOPosix
import NIOSSL

extension WebSocketServerConfiguration {
    /// Speaks TLS with what PEM files hold, which are read here, off the cooperative pool.
    ///
    /// - Parameters:
    ///   - certificate: path of the server's certificate, and those that lead to its authority behind it.
    ///   - key: path of its private key.
    /// - Throws: ``WebSocketError`` with code `tlsConfiguration` where they cannot be used.
    public mutating func useTLS(certificate: String, key: String) async throws {
        do {
            tls = try await NIOThreadPool.singleton.runIfActive {
                var configuration = TLSConfiguration.makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
                configuration.applicationProtocols = ["http/1.1"]
                return try NIOSSLContext(configuration: configuration)
            }
        } catch {
            throw WebSocketError(
                .tlsConfiguration, "the certificate \(certificate) with the key \(key) cannot be used: \(error)")
        }
    }
}
