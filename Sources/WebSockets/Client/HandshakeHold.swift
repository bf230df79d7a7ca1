import NIOCore

/// Lets the answer to a handshake through to HTTP's decoder, and holds what comes behind it: that is frames, and the
/// decoder is in their way until it is gone.
///
/// Its own leftover bytes the decoder drops when the connection ends with them. A server that agrees, sends a close
/// frame and leaves is to be read all the same.
final class HandshakeHold: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let headEnd: [UInt8] = [13, 10, 13, 10]
    /// How many bytes of the end have come.
    private var matched = 0
    private var isHolding = false
    /// Bounded by what the socket gives until the loop has run the task that removes the decoder.
    private var held = ByteBuffer()

    /// The server has agreed: the rest is frames.
    func begin() { isHolding = true }

    /// Holds nothing any more.
    ///
    /// - Returns: what was held; nil if nothing came.
    func release() -> ByteBuffer? {
        isHolding = false
        defer { held = ByteBuffer() }
        return held.readableBytes > 0 ? held : nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if matched < Self.headEnd.count, let head = takeHead(&bytes) {
            // Whoever reads it begins to hold before this returns.
            context.fireChannelRead(wrapInboundOut(head))
        }
        guard bytes.readableBytes > 0 else { return }
        if isHolding {
            held.writeBuffer(&bytes)
        } else {
            context.fireChannelRead(wrapInboundOut(bytes))
        }
    }

    /// The bytes up to the end of the head; nil if it does not end here.
    private func takeHead(_ bytes: inout ByteBuffer) -> ByteBuffer? {
        var length = 0
        for byte in bytes.readableBytesView {
            length += 1
            matched = byte == Self.headEnd[matched] ? matched + 1 : byte == Self.headEnd[0] ? 1 : 0
            if matched == Self.headEnd.count { return bytes.readSlice(length: length) }
        }
        return nil
    }
}
