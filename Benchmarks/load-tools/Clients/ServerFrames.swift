import NIOCore

/// Cuts what a WebSocket server sends into frames. A generator must cost little beside what it measures, and a server
/// masks nothing: a few bytes of header are all there is to read.
struct ServerFrames {
    struct Frame {
        let opcode: UInt8
        let payload: ByteBuffer
    }

    static let text: UInt8 = 1
    static let ping: UInt8 = 9

    private var bytes = ByteBuffer()

    /// Takes what the socket brought.
    mutating func append(_ part: inout ByteBuffer) {
        if bytes.readableBytes == 0 { swap(&bytes, &part) } else { bytes.writeBuffer(&part) }
    }

    /// The bytes up to and with the empty line that ends the answer to the handshake; nil while it is not there.
    mutating func takeHead() -> String? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let range = bytes.readableBytesView.firstRange(of: end) else { return nil }
        return bytes.readString(length: range.upperBound - bytes.readerIndex)
    }

    /// The next whole frame.
    mutating func next() -> Frame? {
        let start = bytes.readerIndex
        guard let first: UInt8 = bytes.getInteger(at: start), let second: UInt8 = bytes.getInteger(at: start + 1)
        else { return released() }
        var header = 2
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let long: UInt16 = bytes.getInteger(at: start + 2) else { return nil }
            (header, length) = (4, Int(long))
        } else if length == 127 {
            guard let long: UInt64 = bytes.getInteger(at: start + 2) else { return nil }
            (header, length) = (10, Int(clamping: long))
        }
        guard bytes.readableBytes >= header + length, let payload = bytes.getSlice(at: start + header, length: length)
        else { return nil }
        bytes.moveReaderIndex(forwardBy: header + length)
        return Frame(opcode: first & 0x0F, payload: payload)
    }

    /// Of thousands of clients most are empty most of the time, and need no buffer then.
    private mutating func released() -> Frame? {
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
        return nil
    }
}
