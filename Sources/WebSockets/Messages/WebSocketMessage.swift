public import NIOCore

/// One whole message; fragments are put together before it is seen here.
public enum WebSocketMessage: Sendable, Hashable {
    /// Valid UTF-8.
    case text(ByteBuffer)
    case binary(ByteBuffer)

    /// The payload of either kind.
    public var payload: ByteBuffer {
        switch self {
        case .text(let bytes), .binary(let bytes): bytes
        }
    }

    /// The text, nil of a binary message.
    public var text: String? {
        guard case .text(let bytes) = self else { return nil }
        return String(buffer: bytes)
    }
}
