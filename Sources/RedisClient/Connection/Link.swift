#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An open connection: bytes out, replies in, never blocking. Used by one thread.
final class Link {
    private static let chunkBytes = 64 << 10

    let peer: String
    private let socket: TCPSocket
    private let tls: TLSSession?
    private let reader: ReplyReader
    private var output: [UInt8] = []
    private var writtenCount = 0
    private var input = [UInt8](repeating: 0, count: chunkBytes)
    /// TLS may have to write in order to read, and the other way round.
    private var readEvents = Int16(POLLIN)
    private var writeEvents = Int16(POLLOUT)

    init(peer: String, socket: TCPSocket, tls: TLSSession?) throws(RedisError) {
        self.peer = peer
        self.socket = socket
        self.tls = tls
        reader = try ReplyReader()
    }

    var descriptor: Int32 { socket.descriptor }

    /// What to poll for.
    var events: Int16 { hasOutput ? readEvents | writeEvents : readEvents }

    private var hasOutput: Bool { writtenCount < output.count }

    /// Adds to what is to be written.
    func append(_ bytes: [UInt8]) {
        if !hasOutput {
            output = bytes
            writtenCount = 0
        } else {
            // A server that takes as much as comes never lets the buffer run empty; what is written must go all the
            // same.
            if writtenCount >= output.count / 2 {
                output.removeFirst(writtenCount)
                writtenCount = 0
            }
            output += bytes
        }
    }

    /// Writes as much as goes now.
    func flush() throws(RedisError) {
        while hasOutput {
            let progress = output.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[writtenCount...])
                return tls?.send(rest) ?? socket.send(rest)
            }
            switch progress {
            case .bytes(let count): writtenCount += count
            case .wouldBlock(let events):
                writeEvents = events
                return
            case .ended: throw lost("the server closed the connection")
            case .failed(let reason): throw lost(reason)
            }
        }
        output = []
        writtenCount = 0
    }

    /// Reads one chunk of what is there.
    ///
    /// - Returns: Whether there may be more at once: poll does not know what TLS holds already.
    func receive() throws(RedisError) -> Bool {
        let progress = input.withUnsafeMutableBytes { tls?.receive(into: $0) ?? socket.receive(into: $0) }
        switch progress {
        case .bytes(let count):
            readEvents = Int16(POLLIN)
            try reader.feed(input, count: count)
            return tls != nil || count == input.count
        case .wouldBlock(let events):
            readEvents = events
            return false
        case .ended: throw lost("the server closed the connection")
        case .failed(let reason): throw lost(reason)
        }
    }

    /// The next complete reply of what was read.
    func nextReply() throws(RedisError) -> RedisReply? { try reader.next() }

    private func lost(_ reason: String) -> RedisError {
        RedisError(.connectionLost, "the connection to \(peer) was lost: \(reason)")
    }
}
