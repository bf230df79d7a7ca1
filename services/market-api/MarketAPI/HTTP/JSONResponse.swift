import HTTPTypes
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
        var headers = liveHeaders
        if cacheControl != "no-store" { headers[.cacheControl] = cacheControl }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Of most answers, made once.
    private static let liveHeaders: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
}
