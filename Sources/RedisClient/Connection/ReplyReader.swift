import CHiredis

/// Takes bytes as they come and gives replies as they are complete, by hiredis. Used by one thread.
final class ReplyReader {
    /// A reply larger than this ends the connection: nothing here asks for one.
    static let maxReplyBytes = 256 << 20

    private let reader: UnsafeMutablePointer<redisReader>
    private var pendingBytes = 0

    init() throws(RedisError) {
        guard let reader = redisReaderCreate() else {
            throw RedisError(.connectionLost, "no memory for a connection's reply parser")
        }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    /// Takes the first `count` bytes.
    func feed(_ bytes: [UInt8], count: Int) throws(RedisError) {
        pendingBytes += count
        guard pendingBytes <= Self.maxReplyBytes else {
            throw RedisError(.protocolViolation, "the server sent a reply of more than \(Self.maxReplyBytes) bytes")
        }
        let status = bytes.withUnsafeBytes { buffer in
            redisReaderFeed(reader, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), min(count, buffer.count))
        }
        guard status == REDIS_OK else { throw problem() }
    }

    /// The next complete reply, nil when more bytes are needed.
    func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw problem() }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        pendingBytes = 0
        return try Self.value(object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func problem() -> RedisError {
        let message = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, "the server does not speak Redis's protocol here: \(message)")
    }

    private static func value(_ reply: redisReply) throws(RedisError) -> RedisReply {
        switch reply.type {
        case REDIS_REPLY_NIL: return .null
        case REDIS_REPLY_INTEGER: return .integer(Int64(reply.integer))
        case REDIS_REPLY_STATUS: return .status(text(reply))
        case REDIS_REPLY_ERROR: return .error(RedisServerError(line: text(reply)))
        case REDIS_REPLY_STRING: return .bytes(Array(content(reply)))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            elements.reserveCapacity(Int(reply.elements))
            for index in 0..<Int(reply.elements) {
                guard let element = reply.element?[index] else { continue }
                elements.append(try value(element.pointee))
            }
            return .array(elements)
        default:
            throw RedisError(.protocolViolation, "the server sent a reply of the unknown type \(reply.type)")
        }
    }

    private static func text(_ reply: redisReply) -> String { String(decoding: content(reply), as: UTF8.self) }

    /// Valid as long as the reply is.
    private static func content(_ reply: redisReply) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : Int(reply.len))
    }
}
