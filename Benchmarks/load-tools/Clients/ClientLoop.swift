import CEpoll
import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// All clients on one thread, with the system's calls and nothing between: a message takes 9 us, with NIO 14, of the
/// processors that the server needs as well.
struct ClientLoop: ~Copyable {
    private(set) var clients: [LoadClient] = []
    /// Whether what arrives is counted: not while clients still connect.
    var counts = false
    private let plan: LoadPlan
    private let epoll: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 256)
    /// What one call reads. By its address: a client takes what is in it while others stand beside it.
    private let buffer: UnsafeMutableRawBufferPointer

    init(_ plan: LoadPlan) throws {
        self.plan = plan
        epoll = epoll_create1(0)
        buffer = .allocate(byteCount: 1 << 16, alignment: 16)
        guard epoll >= 0 else { throw LoadError("no epoll: \(systemError())") }
    }

    // The sockets end with the process.
    deinit {
        close(epoll)
        buffer.deallocate()
    }

    /// Connects so many more, and waits for the server's answers.
    ///
    /// - Returns: whether all were agreed to.
    mutating func connect(_ count: Int) throws -> Bool {
        let first = clients.count
        for _ in 0..<count { try connect() }
        let deadline = TimeSource.system.monotonicMicros + 10_000_000
        while clients[first...].contains(where: { $0.stage == .handshake }) {
            guard TimeSource.system.monotonicMicros < deadline else { throw LoadError("no answer in 10 s") }
            try turn(waitMillis: 100)
        }
        return clients[first...].allSatisfy { $0.stage == .open }
    }

    /// Reads for so long.
    mutating func run(seconds: Double) throws {
        let end = TimeSource.system.monotonicMicros + Int64(seconds * 1e6)
        while case let left = end - TimeSource.system.monotonicMicros, left > 0 {
            try turn(waitMillis: Int32(clamping: left / 1_000 + 1))
        }
    }

    private mutating func connect() throws {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw LoadError("no socket: \(systemError())") }
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        // Of connecting, too. A server's queue of connections can be full for a moment.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = plan.port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw LoadError("not connected: \(systemError())") }
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u32 = UInt32(clients.count)
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 else {
            throw LoadError("epoll does not take a socket: \(systemError())")
        }
        clients.append(LoadClient(socket: socket))
        send(plan.handshake, of: clients.count - 1)
    }

    /// Waits until something can be read, and reads it.
    private mutating func turn(waitMillis: Int32) throws {
        let ready = epoll_wait(epoll, &events, Int32(events.count), waitMillis)
        guard ready >= 0 || errno == EINTR else { throw LoadError("epoll: \(systemError())") }
        for event in 0..<Int(max(0, ready)) { read(Int(events[event].data.u32)) }
    }

    private mutating func read(_ client: Int) {
        // What was ready before its socket was closed.
        guard clients[client].stage == .handshake || clients[client].stage == .open else { return }
        let count = recv(clients[client].socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            return clients[client].close(count == 0 ? "the server closed" : systemError())
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        let answer = clients[client].take(bytes, plan, counts: counts)
        if !answer.isEmpty { send(answer, of: client) }
    }

    /// A few bytes: the socket has room for them, or its server has not read for long.
    private mutating func send(_ bytes: [UInt8], of client: Int) {
        let sent = Glibc.send(clients[client].socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        if sent != bytes.count { clients[client].close(sent < 0 ? systemError() : "the server reads nothing") }
    }
}

/// Why there is no load.
struct LoadError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

private func systemError() -> String { String(cString: strerror(errno)) }
