import COpenSSL
import ClientThreads

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// TLS over a connected socket, by OpenSSL; it never blocks. Used by one thread.
final class TLSSession {
    private let context: TLSContext
    private let session: OpaquePointer
    /// Closed only after the session has gone: OpenSSL knows no more than its number.
    private let socket: TCPSocket

    /// - Parameter host: Whom the certificate must name.
    init(_ files: RedisTLS, host: String, over socket: TCPSocket) throws(RedisError) {
        context = try TLSContext(files)
        self.socket = socket
        guard let session = SSL_new(context.pointer) else {
            throw RedisError(.tls, "no TLS session: \(TLSContext.lastProblem())")
        }
        self.session = session
        try name(host)
        guard SSL_set_fd(session, socket.descriptor) == 1 else {
            throw RedisError(.tls, "no TLS session: \(TLSContext.lastProblem())")
        }
        SSL_set_connect_state(session)
    }

    deinit { SSL_free(session) }

    /// The certificate must be for this host; servers with several choose by the name too.
    private func name(_ host: String) throws(RedisError) {
        var isSet = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        if !isSet {
            ERR_clear_error()
            isSet = SSL_set1_host(session, host) == 1
            // SSL_set_tlsext_host_name is a macro, which is not imported. OpenSSL copies the name.
            _ = host.withCString { text in
                SSL_ctrl(
                    session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: text))
            }
        }
        guard isSet else { throw RedisError(.tls, "the host \(host) cannot be checked against a certificate") }
    }

    /// Agrees on keys and checks the server's certificate.
    func handshake(peer: String, _ waiter: ThreadWait, untilMillis deadline: Int64) throws(RedisError) {
        while true {
            ERR_clear_error()
            let status = SSL_do_handshake(session)
            if status == 1 { return }
            switch progress(status) {
            case .wouldBlock(let events):
                guard waiter.nowMillis < deadline else {
                    throw RedisError(.tls, "\(peer) did not finish the TLS handshake in time; does it speak TLS?")
                }
                _ = try waiter.wait(for: socket.descriptor, events: events, untilMillis: deadline)
            case .failed(let reason): throw RedisError(.tls, "TLS with \(peer) failed: \(certificateProblem ?? reason)")
            case .ended, .bytes: throw RedisError(.tls, "\(peer) closed during the TLS handshake; does it speak TLS?")
            }
        }
    }

    private var certificateProblem: String? {
        let result = SSL_get_verify_result(session)
        guard result != Int(X509_V_OK) else { return nil }
        let reason = X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "code \(result)"
        let isOther = [X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH].map(Int.init).contains(result)
        let advice = isOther ? "use a name that stands in it" : "name the authority that signed it: ?cacert=FILE"
        return "its certificate is not accepted (\(reason)); \(advice)"
    }

    /// Reads what is there.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress {
        ERR_clear_error()
        let count = SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
        return count > 0 ? .bytes(Int(count)) : progress(count)
    }

    /// Writes what goes.
    func send(_ buffer: UnsafeRawBufferPointer) -> TransportProgress {
        guard !buffer.isEmpty else { return .bytes(0) }
        ERR_clear_error()
        let count = SSL_write(session, buffer.baseAddress, Int32(clamping: buffer.count))
        return count > 0 ? .bytes(Int(count)) : progress(count)
    }

    private func progress(_ status: Int32) -> TransportProgress {
        let code = errno
        switch SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ: return .wouldBlock(Int16(POLLIN))
        case SSL_ERROR_WANT_WRITE: return .wouldBlock(Int16(POLLOUT))
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL: return code == 0 ? .ended : .failed(SystemCallError.text(code))
        default: return .failed(TLSContext.lastProblem())
        }
    }
}

/// What a session trusts and shows.
final class TLSContext {
    let pointer: OpaquePointer

    init(_ files: RedisTLS) throws(RedisError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw RedisError(.tls, "OpenSSL cannot be used: \(Self.lastProblem())")
        }
        self.pointer = pointer
        // These three are macros, which are not imported.
        _ = SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        let mode = Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        _ = SSL_CTX_ctrl(pointer, SSL_CTRL_MODE, mode, nil)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        try trust(files)
        try show(files)
    }

    deinit { SSL_CTX_free(pointer) }

    private func trust(_ files: RedisTLS) throws(RedisError) {
        if let path = files.caCertificatePath {
            guard SSL_CTX_load_verify_locations(pointer, path, nil) == 1 else {
                throw RedisError(.configuration, "the authorities in \(path) cannot be read: \(Self.lastProblem())")
            }
        } else if SSL_CTX_set_default_verify_paths(pointer) != 1 {
            throw RedisError(
                .configuration, "the system's certificate authorities cannot be read: \(Self.lastProblem())")
        }
    }

    private func show(_ files: RedisTLS) throws(RedisError) {
        guard let certificate = files.certificatePath, let key = files.keyPath else { return }
        guard SSL_CTX_use_certificate_chain_file(pointer, certificate) == 1 else {
            throw RedisError(.configuration, "the certificate \(certificate) cannot be read: \(Self.lastProblem())")
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1 else {
            throw RedisError(.configuration, "the key \(key) cannot be used with \(certificate): \(Self.lastProblem())")
        }
    }

    /// The newest complaint of OpenSSL on this thread.
    static func lastProblem() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
        return String(cString: reason)
    }
}
