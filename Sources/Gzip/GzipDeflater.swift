import CZlib

/// Compresses bytes into one gzip member (RFC 1952) piece by piece.
public struct GzipDeflater: ~Copyable {
    /// What is to be had of the bytes that were given so far.
    public enum Flush: Sendable {
        /// Whatever is full.
        case none
        /// All of them can be uncompressed: a file that is cut off behind that has lost nothing of them.
        case sync
        /// All of them, and the member's end. Nothing is compressed after that.
        case finish
    }

    // zlib keeps the address of its state: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    private static let pieceBytes = 64 << 10
    /// zlib's own choice between memory and speed.
    private static let memoryLevel: Int32 = 8

    /// - Throws: ``GzipError`` where there is no memory for it, or the library is too old.
    public init() throws(GzipError) {
        let new = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        new.initialize(to: z_stream())
        let status = deflateInit2_(
            new, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GzipInflater.gzipWindowBits, Self.memoryLevel,
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            new.deallocate()
            throw GzipError("zlib cannot begin to compress (its code \(status))")
        }
        stream = new
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses these bytes.
    ///
    /// - Parameter output: what comes out is appended.
    /// - Throws: ``GzipError`` after the member's end.
    public mutating func deflate(
        _ input: [UInt8], _ flush: Flush, into output: inout [UInt8]
    ) throws(GzipError) {
        let mode =
            switch flush {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        let status = input.withUnsafeBufferPointer { bytes -> Int32 in
            // zlib reads from there and does not write.
            stream.pointee.next_in = bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            stream.pointee.avail_in = UInt32(bytes.count)
            defer {
                stream.pointee.next_in = nil
                stream.pointee.avail_in = 0
            }
            return deflateAll(mode, into: &output)
        }
        // "No progress": there was nothing to compress and nothing to flush.
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw GzipError("zlib cannot compress (its code \(status))")
        }
    }

    private mutating func deflateAll(_ mode: Int32, into output: inout [UInt8]) -> Int32 {
        while true {
            var status = Z_OK
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                status = CZlib.deflate(stream, mode)
                count = buffer.count - Int(stream.pointee.avail_out)
                stream.pointee.next_out = nil
                stream.pointee.avail_out = 0
            }
            output += piece
            guard status == Z_OK, piece.count == Self.pieceBytes else { return status }
        }
    }
}
