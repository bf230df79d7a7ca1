import NIOCore
import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// Finds out how old a message is.
struct MessageClock: Sendable {
    /// What stands before the time: `"event_time_us":`.
    let key: [UInt8]
    /// Messages that begin otherwise are passed over: a snapshot holds a time as well.
    let prefix: [UInt8]

    /// Microseconds since the time in the message; nil of one that is passed over.
    func age(of message: ByteBuffer, nowMicros: Int64) -> Int64? {
        message.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count >= prefix.count,
                memcmp(start, prefix, prefix.count) == 0,
                let found = memmem(start, bytes.count, key, key.count)
            else { return nil }
            var time: Int64 = 0
            for byte in bytes[(UnsafeRawPointer(found) - start + key.count)...] {
                guard (0x30...0x39).contains(byte) else { break }
                time = time * 10 + Int64(byte - 0x30)
            }
            return nowMicros - time
        }
    }
}
