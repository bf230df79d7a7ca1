public import NIOCore
import NIOWebSocket

/// One frame or several in a row as a server sends them, headers included: encoded once, then shared by all sessions
/// without a copy.
public struct WebSocketFrameBytes: Sendable {
    /// The bytes for the socket. A client masks a copy of the payloads.
    private(set) var encoded: ByteBuffer
    /// Where the payloads begin and end in `encoded`, with their opcodes: clients need it to mask.
    private(set) var frames: [Frame]

    struct Frame: Sendable {
        let opcode: WebSocketOpcode
        let payload: Range<Int>
    }

    /// No frame yet; see ``append(text:)-(RawSpan)``.
    public init() {
        encoded = ByteBuffer()
        frames = []
    }

    public static func text(_ text: String) -> Self { Self(.text, ByteBuffer(string: text)) }
    /// - Parameter bytes: UTF-8.
    public static func text(_ bytes: [UInt8]) -> Self { Self(.text, ByteBuffer(bytes: bytes)) }
    /// - Parameter bytes: UTF-8.
    public static func text(_ bytes: ByteBuffer) -> Self { Self(.text, bytes) }
    public static func binary(_ bytes: [UInt8]) -> Self { Self(.binary, ByteBuffer(bytes: bytes)) }
    public static func binary(_ bytes: ByteBuffer) -> Self { Self(.binary, bytes) }

    /// Adds a text frame behind what is there: many small messages then cost one write.
    ///
    /// - Parameter bytes: UTF-8.
    public mutating func append(text bytes: RawSpan) {
        appendHeader(.text, payloadBytes: bytes.byteCount)
        encoded.writeBytes(bytes)
    }

    /// The messages without their headers, for those who carry them by other means. No copy.
    public var payloads: [ByteBuffer] {
        frames.compactMap { encoded.getSlice(at: $0.payload.lowerBound, length: $0.payload.count) }
    }

    /// Bytes on the wire of a server.
    public var count: Int { encoded.readableBytes }

    /// How many messages.
    public var messageCount: Int { frames.count }

    public var isEmpty: Bool { frames.isEmpty }

    init(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        encoded = ByteBuffer()
        encoded.reserveCapacity(payload.readableBytes + Self.longestHeader)
        frames = []
        appendHeader(opcode, payloadBytes: payload.readableBytes)
        encoded.writeImmutableBuffer(payload)
    }

    private static let longestHeader = 14

    private mutating func appendHeader(_ opcode: WebSocketOpcode, payloadBytes: Int) {
        Self.writeHeader(opcode, payloadBytes: payloadBytes, mask: nil, to: &encoded)
        frames.append(Frame(opcode: opcode, payload: encoded.writerIndex..<encoded.writerIndex + payloadBytes))
    }

    /// The same frames as a client sends them, each masked with a key of its own.
    func masked() -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(count + 4 * frames.count)
        for frame in frames {
            let key = WebSocketMaskingKey.random()
            Self.writeHeader(frame.opcode, payloadBytes: frame.payload.count, mask: key, to: &result)
            var payload = encoded.getSlice(at: frame.payload.lowerBound, length: frame.payload.count) ?? ByteBuffer()
            payload.webSocketMask(key)
            result.writeImmutableBuffer(payload)
        }
        return result
    }

    private static func writeHeader(
        _ opcode: WebSocketOpcode, payloadBytes: Int, mask: WebSocketMaskingKey?, to buffer: inout ByteBuffer
    ) {
        // Always final: this side never fragments.
        buffer.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch payloadBytes {
        case 0...125:
            buffer.writeInteger(UInt8(payloadBytes) | maskBit)
        case 126...65_535:
            buffer.writeInteger(126 | maskBit)
            buffer.writeInteger(UInt16(payloadBytes))
        default:
            buffer.writeInteger(127 | maskBit)
            buffer.writeInteger(UInt64(payloadBytes))
        }
        if let mask { buffer.writeBytes(mask) }
    }
}
