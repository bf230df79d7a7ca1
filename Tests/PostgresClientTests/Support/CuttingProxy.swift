import Foundation
import Synchronization
import TestServers

/// A TCP proxy before PostgreSQL that can break a connection at the worst moment.
final class CuttingProxy: Sendable {
    enum Mode: Sendable {
        case pass
        /// Lets COMMIT through, waits until the server has confirmed it, and cuts the connection without passing that
        /// on.
        case cutAfterCommit
        /// Cuts the connection when COMMIT is on its way to the server, which never sees it.
        case cutBeforeCommit
        /// Keeps the connection and lets nothing of the server through.
        case swallowReplies
    }

    let port: Int
    private let serverPort: Int
    private let mode = Mutex(Mode.pass)
    private let listener: Int32

    init(serverPort: Int) throws {
        self.serverPort = serverPort
        port = try FreePort.next()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(listener, 16) == 0 else { throw ServerProblem("the proxy cannot listen on \(port)") }
        Thread.detachNewThread { [listener, self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                self.serve(client)
            }
        }
    }

    func set(_ new: Mode) { mode.withLock { $0 = new } }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Foundation.close(listener)
    }

    private func serve(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(serverPort)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            Foundation.close(client)
            Foundation.close(server)
            return
        }
        // Both sockets are closed when both directions have ended.
        let open = DispatchGroup()
        open.enter()
        open.enter()
        Thread.detachNewThread {
            self.pump(from: client, to: server, isToServer: true, client: client, server: server)
            open.leave()
        }
        Thread.detachNewThread {
            self.pump(from: server, to: client, isToServer: false, client: client, server: server)
            open.leave()
        }
        Thread.detachNewThread {
            open.wait()
            Foundation.close(client)
            Foundation.close(server)
        }
    }

    private func pump(from source: Int32, to sink: Int32, isToServer: Bool, client: Int32, server: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var tail: [UInt8] = []
        loop: while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count <= 0 { break }
            tail = tail.suffix(5) + buffer[..<count]
            let hasCommit = tail.firstRange(of: Array("COMMIT".utf8)) != nil
            switch (mode.withLock { $0 }, isToServer) {
            case (.cutBeforeCommit, true) where hasCommit: break loop
            case (.cutAfterCommit, false):
                if hasCommit { break loop }
                continue
            case (.swallowReplies, false): continue
            default: break
            }
            var sent = 0
            while sent < count {
                let step = buffer.withUnsafeBytes { bytes in
                    send(sink, bytes.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                if step <= 0 { break loop }
                sent += step
            }
        }
        for end in [client, server] { shutdown(end, Int32(SHUT_RDWR)) }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }
}
