import NIOCore
import NIOHTTP1

/// What is answered, with 400, to what is no HTTP request; the connection is closed then.
public struct MalformedRequestAnswer: Sendable {
    /// The media type; nil with an empty body.
    public var contentType: String?
    public var body: [UInt8]

    public init(contentType: String? = nil, body: [UInt8] = []) {
        self.contentType = contentType
        self.body = body
    }

    var head: HTTPResponseHead {
        var headers: HTTPHeaders = ["connection": "close", "content-length": "\(body.count)"]
        if let contentType { headers.add(name: "content-type", value: contentType) }
        return HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
    }

    /// All of it.
    var parts: [HTTPServerResponsePart] {
        let content: [HTTPServerResponsePart] = body.isEmpty ? [] : [.body(.byteBuffer(ByteBuffer(bytes: body)))]
        return [.head(head)] + content + [.end(nil)]
    }
}
