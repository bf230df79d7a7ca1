import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// One WebSocket client: what it has been sent, and what it thinks of it.
struct LoadClient {
    enum Stage { case handshake, refused, open, closed }

    let socket: Int32
    private(set) var stage = Stage.handshake
    /// Why it is refused or closed.
    private(set) var reason = ""
    /// Of each message that counts, in the order of arrival.
    private(set) var agesMicros: [Int32] = []
    /// Of the same messages.
    private(set) var messageBytes = 0
    /// The beginning of something whose end has not come. Of thousands of clients most have none.
    private var rest: [UInt8] = []

    init(socket: Int32) { self.socket = socket }

    /// Once: who is refused is not closed as well.
    mutating func close(_ reason: String) {
        stage = stage == .handshake ? .refused : .closed
        self.reason = reason
        rest = []
        // Out of epoll, too.
        Glibc.close(socket)
    }

    /// Takes what the socket brought.
    ///
    /// - Returns: what is to be sent.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ plan: LoadPlan, counts: Bool) -> [UInt8] {
        guard !rest.isEmpty else { return takeWhole(bytes, plan, counts) }
        let joined = rest + bytes
        rest = []
        return joined.withUnsafeBytes { takeWhole($0, plan, counts) }
    }

    private mutating func takeWhole(_ bytes: UnsafeRawBufferPointer, _ plan: LoadPlan, _ counts: Bool) -> [UInt8] {
        var answer: [UInt8] = []
        var taken = 0
        if stage == .handshake {
            guard let end = headEnd(bytes) else {
                rest += bytes
                return []
            }
            let line = String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self)
            guard line.hasPrefix("HTTP/1.1 101") else {
                close(line)
                return []
            }
            stage = .open
            answer = plan.request
            taken = end
        }
        let now = TimeSource.system.wallMicros
        taken += ServerFrames.take(UnsafeRawBufferPointer(rebasing: bytes[taken...])) { opcode, payload in
            if opcode == ServerFrames.ping {
                answer += ServerFrames.clientFrame(opcode: ServerFrames.pong, Array(payload))
            } else if counts, let age = plan.clock.age(of: payload, nowMicros: now) {
                agesMicros.append(Int32(clamping: age))
                messageBytes += payload.count
            }
        }
        if taken < bytes.count { rest += bytes[taken...] }
        return answer
    }

    /// Where the answer to the handshake ends, its empty line included; nil while it is not there.
    private func headEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= end.count else { return nil }
        return (end.count...bytes.count).first { bytes[($0 - end.count)..<$0].elementsEqual(end) }
    }
}
