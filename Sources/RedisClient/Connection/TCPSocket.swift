import ClientThreads

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A connected socket that never blocks; closed when it goes.
final class TCPSocket {
    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects to the first address that answers; each gets its share of the time.
    static func connect(
        to addresses: [SocketAddress], peer: String, _ waiter: ThreadWait, untilMillis deadline: Int64
    ) throws(RedisError) -> TCPSocket {
        var reason = "its name stands for no address"
        for (index, address) in addresses.enumerated() {
            let now = waiter.nowMillis
            let share = max(0, deadline.addingClamped(-now)) / Int64(addresses.count - index)
            switch try attempt(address, waiter, untilMillis: now.addingClamped(share)) {
            case .success(let socket): return socket
            case .failure(let problem): reason = problem.reason
            }
        }
        throw RedisError(
            .connectionLost,
            "cannot connect to \(peer): \(reason). Check that Redis runs there and that the URL names host and port."
        )
    }

    private struct AttemptProblem: Error { let reason: String }

    private static func attempt(
        _ address: SocketAddress, _ waiter: ThreadWait, untilMillis deadline: Int64
    ) throws(RedisError) -> Result<TCPSocket, AttemptProblem> {
        let descriptor = socket(address.family, SocketAddress.streamType, 0)
        guard descriptor >= 0 else { return .failure(AttemptProblem(reason: SystemCallError.text(errno))) }
        let socket = TCPSocket(descriptor: descriptor)
        socket.prepare()
        let status = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { generic in
                connectTo(descriptor, generic.baseAddress, socklen_t(bytes.count))
            }
        }
        if status == 0 { return .success(socket) }
        guard status == EINPROGRESS || status == EINTR else {
            return .failure(AttemptProblem(reason: SystemCallError.text(status)))
        }
        while try waiter.wait(for: descriptor, events: Int16(POLLOUT), untilMillis: deadline) == 0 {
            if waiter.nowMillis >= deadline { return .failure(AttemptProblem(reason: "no answer in time")) }
        }
        let problem = socket.pendingError
        return problem == 0 ? .success(socket) : .failure(AttemptProblem(reason: SystemCallError.text(problem)))
    }

    private func prepare() {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // A host that vanished without a word is noticed while nothing is asked of it: after 10 s + 3 * 5 s.
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 10)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private var pendingError: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// Reads what is there.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportProgress {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .ended : Self.progress(errno, waitingFor: Int16(POLLIN))
    }

    /// Writes what goes.
    func send(_ buffer: UnsafeRawBufferPointer) -> TransportProgress {
        let count = Self.write(descriptor, buffer, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .bytes(count) : Self.progress(errno, waitingFor: Int16(POLLOUT))
    }

    private static func progress(_ code: Int32, waitingFor events: Int16) -> TransportProgress {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR
            ? .wouldBlock(events) : .failed(SystemCallError.text(code))
    }

    private static func write(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
        #if canImport(Musl)
        Musl.send(descriptor, buffer.baseAddress, buffer.count, flags)
        #else
        Glibc.send(descriptor, buffer.baseAddress, buffer.count, flags)
        #endif
    }

    /// The system's connect under another name than ours.
    ///
    /// - Returns: 0 or errno.
    private static func connectTo(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t)
        -> Int32
    {
        #if canImport(Musl)
        Musl.connect(descriptor, address, length) == 0 ? 0 : errno
        #else
        Glibc.connect(descriptor, address, length) == 0 ? 0 : errno
        #endif
    }
}

/// How far a read or a write came.
enum TransportProgress {
    case bytes(Int)
    /// Nothing for now; poll for these events.
    case wouldBlock(Int16)
    /// The other side has closed.
    case ended
    /// Why it failed.
    case failed(String)
}
