import CZlib

/// Uncompresses a gzip file (RFC 1952) piece by piece; one of several members is read as if it were one.
public struct GzipInflater: ~Copyable {
    // zlib keeps the address of its state: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether nothing of a member is open: a file that ends here is whole.
    public private(set) var isBetweenMembers = true

    /// A window of 2^15 bytes; plus 16: gzip's header and nothing else.
    static let gzipWindowBits: Int32 = 15 + 16
    private static let pieceBytes = 64 << 10

    /// - Throws: ``GzipError`` where there is no memory for it, or the library is too old.
    public init() throws(GzipError) {
        let new = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        new.initialize(to: z_stream())
        let status = inflateInit2_(new, Self.gzipWindowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            new.deallocate()
            throw GzipError("zlib cannot begin to uncompress (its code \(status))")
        }
        stream = new
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Uncompresses these bytes, all of them: at most about a thousand times as many come out.
    ///
    /// - Parameter output: what comes out is appended, also where it throws.
    /// - Throws: ``GzipError`` where they are no gzip; nothing can be read behind that.
    public mutating func inflate(_ input: [UInt8], into output: inout [UInt8]) throws(GzipError) {
        guard !input.isEmpty else { return }
        let status = input.withUnsafeBufferPointer { bytes -> Int32 in
            // zlib reads from there and does not write.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            defer {
                stream.pointee.next_in = nil
                stream.pointee.avail_in = 0
            }
            return inflateAll(into: &output)
        }
        guard status == Z_OK else { throw GzipError(Self.words(status)) }
    }

    private mutating func inflateAll(into output: inout [UInt8]) -> Int32 {
        var isOutputFull = false
        while stream.pointee.avail_in > 0 || isOutputFull {
            if isBetweenMembers {
                let status = inflateReset(stream)
                guard status == Z_OK else { return status }
                isBetweenMembers = false
            }
            var status = Z_OK
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                status = CZlib.inflate(stream, Z_NO_FLUSH)
                count = buffer.count - Int(stream.pointee.avail_out)
                stream.pointee.next_out = nil
                stream.pointee.avail_out = 0
            }
            output += piece
            isOutputFull = piece.count == Self.pieceBytes
            switch status {
            case Z_OK: break
            case Z_STREAM_END:
                isBetweenMembers = true
                isOutputFull = false
            // Nothing left to do with what is there: more comes with the next bytes.
            case Z_BUF_ERROR where stream.pointee.avail_in == 0: return Z_OK
            default: return status
            }
        }
        return Z_OK
    }

    private static func words(_ status: Int32) -> String {
        switch status {
        case Z_DATA_ERROR: "its compressed bytes are damaged"
        case Z_NEED_DICT: "it is compressed with a dictionary"
        case Z_MEM_ERROR: "there is no memory to uncompress it"
        default: "zlib cannot uncompress it (its code \(status))"
        }
    }
}
