#if canImport(Glibc)
import Glibc
#endif

/// Finds out how old a message is.
struct MessageClock {
    /// What stands before the time: `"event_time_us":`.
    let key: [UInt8]
    /// Messages that begin otherwise are passed over: a snapshot holds a time as well.
    let prefix: [UInt8]

    /// Microseconds since the time in the message; nil of one that is passed over.
    func age(of message: UnsafeRawBufferPointer, nowMicros: Int64) -> Int64? {
        guard let start = message.baseAddress, message.count >= prefix.count,
            memcmp(start, prefix, prefix.count) == 0,
            let found = memmem(start, message.count, key, key.count)
        else { return nil }
        var time: Int64 = 0
        for byte in message[(UnsafeRawPointer(found) - start + key.count)...] {
            guard (0x30...0x39).contains(byte) else { break }
            time = time * 10 + Int64(byte - 0x30)
        }
        return nowMicros - time
    }
}
