import FoundationEssentials
import HTTPTypes
import Hummingbird

/// An answer that costs nothing to make: the header fields and the body of a file.
///
/// The file is one HTTP message without its first line: header fields, an empty line, the body.
struct FixedAnswer: Sendable {
    let headers: HTTPFields
    let body: ByteBuffer

    init(contentsOf path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var headers = HTTPFields()
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else {
                throw FixedAnswerError(path: path, line: line)
            }
            headers[name] = parts[1].trimmingPrefix(" ").description
        }
        self.headers = headers
        body = ByteBuffer(bytes: rest)
    }

    var response: Response { Response(status: .ok, headers: headers, body: .init(byteBuffer: body)) }
}

struct FixedAnswerError: Error, CustomStringConvertible {
    let path: String
    let line: String

    var description: String { "\(path): '\(line)' is no header field" }
}
