/// Cuts what a WebSocket server sends into frames. A generator must cost little beside what it measures, and a server
/// masks nothing: a few bytes of header are all there is to read.
enum ServerFrames {
    static let text: UInt8 = 1
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10

    /// Takes the whole frames that bytes begin with.
    ///
    /// - Returns: how many bytes they are.
    static func take(_ bytes: UnsafeRawBufferPointer, each frame: (UInt8, UnsafeRawBufferPointer) -> Void) -> Int {
        var start = 0
        while let header = header(of: UnsafeRawBufferPointer(rebasing: bytes[start...])) {
            let end = start + header.size + header.payload
            guard end <= bytes.count else { break }
            frame(bytes[start] & 0x0F, UnsafeRawBufferPointer(rebasing: bytes[start + header.size..<end]))
            start = end
        }
        return start
    }

    /// A client's frame of less than 64 KiB. Masked with zeros, which leaves the payload as it is.
    static func clientFrame(opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var frame = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            let length = UInt16(clamping: payload.count)
            frame += [0xFE, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
        }
        return frame + [0, 0, 0, 0] + payload
    }

    /// Bytes of a frame's header and its payload; nil while the header is not whole.
    private static func header(of bytes: UnsafeRawBufferPointer) -> (size: Int, payload: Int)? {
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7F)
        let size = short == 127 ? 10 : short == 126 ? 4 : 2
        guard bytes.count >= size else { return nil }
        return (size, size == 2 ? short : bytes[2..<size].reduce(0) { $0 << 8 | Int($1) })
    }
}
