import NIOCore
import NIOWebSocket

/// The protocol of one connection as a pure value: frames in, actions out (RFC 6455, sections 5 to 7).
struct WebSocketStateMachine {
    enum Role: Sendable {
        case server
        case client
    }

    /// What the channel's handler has to do.
    enum Action: Equatable {
        case none
        case deliver(WebSocketMessage)
        case sendPong(ByteBuffer)
        /// Send a close frame with this payload; then wait for the peer's.
        case sendClose(ByteBuffer)
        /// The peer began: answer with this payload, then the connection is over.
        case answerClose(ByteBuffer)
        /// The peer broke the protocol: say so and read no further.
        case fail(ByteBuffer)
        /// The peer answered our close frame: the connection is over.
        case finish
    }

    private enum State {
        case open
        /// Our close frame is out; what still comes in is dropped.
        case closing
        case closed
    }

    private let role: Role
    private let maxMessageBytes: Int
    private var state = State.open
    private var fragments: ByteBuffer?
    private var fragmentsAreText = false
    /// How the connection ended, or is about to.
    private(set) var closure: WebSocketClosure?

    init(role: Role, maxMessageBytes: Int) {
        self.role = role
        self.maxMessageBytes = maxMessageBytes
    }

    /// Whether messages may still be sent.
    var isOpen: Bool { if case .open = state { true } else { false } }

    mutating func receive(_ frame: WebSocketFrame) -> Action {
        if case .closed = state { return .none }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return fail(.protocolError, "reserved bits are set, but no extension was agreed on")
        }
        guard (frame.maskKey != nil) == (role == .server) else {
            return fail(.protocolError, role == .server ? "a client's frames must be masked" : "a server masks nothing")
        }
        switch frame.opcode {
        case .ping: return isOpen ? .sendPong(frame.unmaskedData) : .none
        case .pong: return .none
        case .connectionClose: return receiveClose(frame.unmaskedData)
        case .text, .binary: return isOpen ? receiveFirst(frame) : .none
        case .continuation: return isOpen ? receiveContinuation(frame) : .none
        default: return fail(.protocolError, "an unknown kind of frame")
        }
    }

    /// The bytes could not be cut into frames.
    mutating func decodingFailed(_ error: NIOWebSocketError) -> Action {
        switch error {
        case .invalidFrameLength: fail(.tooBig, "at most \(maxMessageBytes) bytes are taken")
        case .fragmentedControlFrame: fail(.protocolError, "a fragmented control frame")
        case .multiByteControlFrameLength: fail(.protocolError, "a control frame of more than 125 bytes")
        }
    }

    /// This side wants to end the connection. The first wish counts.
    mutating func close(_ code: WebSocketCloseCode, _ reason: String) -> Action {
        guard isOpen else { return .none }
        state = .closing
        let code = code.isSendable ? code : .normal
        closure = WebSocketClosure(code: code, reason: Self.cut(reason), isByPeer: false)
        return .sendClose(Self.payload(code, reason))
    }

    /// The socket is gone.
    mutating func connectionLost() {
        state = .closed
        fragments = nil
        closure = closure ?? WebSocketClosure(code: .abnormal, reason: "the connection was lost", isByPeer: true)
    }

    private mutating func receiveFirst(_ frame: WebSocketFrame) -> Action {
        guard fragments == nil else { return fail(.protocolError, "a new message inside a fragmented one") }
        let isText = frame.opcode == .text
        if frame.fin { return deliver(frame.unmaskedData, isText: isText) }
        fragmentsAreText = isText
        fragments = frame.unmaskedData
        return .none
    }

    private mutating func receiveContinuation(_ frame: WebSocketFrame) -> Action {
        guard var collected = fragments else { return fail(.protocolError, "a continuation of nothing") }
        fragments = nil
        guard collected.readableBytes + frame.length <= maxMessageBytes else {
            return fail(.tooBig, "at most \(maxMessageBytes) bytes are taken")
        }
        collected.writeImmutableBuffer(frame.unmaskedData)
        if frame.fin { return deliver(collected, isText: fragmentsAreText) }
        fragments = collected
        return .none
    }

    private mutating func deliver(_ payload: ByteBuffer, isText: Bool) -> Action {
        guard payload.readableBytes <= maxMessageBytes else {
            return fail(.tooBig, "at most \(maxMessageBytes) bytes are taken")
        }
        guard isText else { return .deliver(.binary(payload)) }
        guard Self.isUTF8(payload) else { return fail(.notUTF8, "a text that is not UTF-8") }
        return .deliver(.text(payload))
    }

    private mutating func receiveClose(_ payload: ByteBuffer) -> Action {
        var payload = payload
        var code = WebSocketCloseCode.noStatus
        if payload.readableBytes > 0 {
            guard let number = payload.readInteger(as: UInt16.self) else {
                return fail(.protocolError, "a close frame of one byte")
            }
            code = WebSocketCloseCode(rawValue: number)
            guard code.isSendable else { return fail(.protocolError, "\(number) is no code to close with") }
            guard Self.isUTF8(payload) else { return fail(.notUTF8, "a reason that is not UTF-8") }
        }
        let wasOpen = isOpen
        state = .closed
        fragments = nil
        guard wasOpen else { return .finish }
        closure = WebSocketClosure(code: code, reason: String(buffer: payload), isByPeer: true)
        return .answerClose(code == .noStatus ? ByteBuffer() : Self.payload(code, ""))
    }

    private mutating func fail(_ code: WebSocketCloseCode, _ reason: String) -> Action {
        let wasOpen = isOpen
        state = .closed
        fragments = nil
        // Already closing: our one close frame is out.
        guard wasOpen else { return .finish }
        closure = WebSocketClosure(code: code, reason: reason, isByPeer: false)
        return .fail(Self.payload(code, reason))
    }

    private static func payload(_ code: WebSocketCloseCode, _ reason: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(code.rawValue)
        buffer.writeString(cut(reason))
        return buffer
    }

    /// A control frame holds 125 bytes, 2 of them for the code; a character is never cut in two.
    private static func cut(_ reason: String) -> String {
        var result = ""
        var room = 123
        for character in reason {
            room -= character.utf8.count
            guard room >= 0 else { break }
            result.append(character)
        }
        return result
    }

    private static func isUTF8(_ buffer: ByteBuffer) -> Bool {
        (try? UTF8Span(validating: buffer.readableBytesUInt8Span)) != nil
    }
}
