import NIOHTTP1
import NIOHTTPCompression

extension HTTPResponseCompressor {
    /// A compressor of those answers only that carry a header for it, which is taken off.
    static func marked(by marker: String) -> HTTPResponseCompressor {
        HTTPResponseCompressor(initialByteBufferCapacity: 0) { head, _ in
            guard head.headers.contains(name: marker) else { return .doNotCompress }
            head.headers.remove(name: marker)
            return .compressIfPossible
        }
    }
}
