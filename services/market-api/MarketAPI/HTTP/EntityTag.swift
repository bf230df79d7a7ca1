import Hummingbird

/// Tells versions of a body apart (RFC 9110, section 8.8.3): the same bytes have the same tag on every instance.
struct EntityTag: Hashable, Sendable {
    /// What a tag ends with whose body is sent compressed: other bytes, so another tag.
    static let compressedSuffix = "-z"

    /// With its quotes.
    let text: String

    init(of bytes: some Collection<UInt8>) {
        // FNV-1a, 64 bits, and the length: it tells versions of a body apart and need not withstand anybody.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        text = "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
    }

    /// The tag of `If-None-Match` that names this body, compressed or not; nil where none does.
    func match(in ifNoneMatch: String?) -> String? {
        guard let ifNoneMatch else { return nil }
        for part in ifNoneMatch.split(separator: ",") {
            let tag = String(part.filter { $0 != " " && $0 != "\t" })
            if tag == "*" { return text }
            let strong = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
            if strong == text || strong == compressedText { return strong }
        }
        return nil
    }

    private var compressedText: String { Self.compressed(text) }

    /// The tag of the same body compressed.
    static func compressed(_ text: String) -> String {
        guard text.hasSuffix("\""), !text.hasPrefix("W/") else { return text }
        return text.dropLast() + compressedSuffix + "\""
    }
}

extension Response {
    /// An answer that a client may keep and must ask about: 304 when it has these bytes already.
    static func revalidated(
        _ request: Request, _ bytes: [UInt8], contentType: String = "application/json", headers more: HTTPFields = [:]
    ) -> Response {
        .revalidated(
            request, ByteBuffer(bytes: bytes), tag: EntityTag(of: bytes), contentType: contentType, headers: more)
    }

    /// Likewise, of a body whose tag is known.
    static func revalidated(
        _ request: Request, _ body: ByteBuffer, tag: EntityTag, contentType: String, headers more: HTTPFields
    ) -> Response {
        var headers = more
        // Asked again each time: even a closed candle may be amended by a trade that comes late.
        headers[.cacheControl] = "no-cache"
        if let match = tag.match(in: request.headers[.ifNoneMatch]) {
            headers[.eTag] = match
            return Response(status: .notModified, headers: headers)
        }
        headers[.eTag] = tag.text
        headers[.contentType] = contentType
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }
}
