import Hummingbird
import MarketWire

extension Response {
    /// A JSON answer. Nothing here may be kept by caches unless the route says so: it is live.
    static func json(
        _ status: HTTPResponse.Status = .ok, cacheControl: String = "no-store",
        _ write: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var writer = JSONWriter()
        try write(&writer)
        return .json(status, bytes: writer.bytes, cacheControl: cacheControl)
    }

    /// A JSON answer that is encoded already.
    static func json(
        _ status: HTTPResponse.Status = .ok, bytes: [UInt8], cacheControl: String = "no-store"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: cacheControl],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
