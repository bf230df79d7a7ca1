import Hummingbird

/// Which paths there are, and what they answer to: for 405, `Allow` and OPTIONS.
struct KnownPaths: Sendable {
    private let get: [[Substring]]
    private let post: [[Substring]]

    /// - Parameters:
    ///   - get: patterns that answer to GET and HEAD; `{name}` stands for any one part. A slash at the end is optional.
    ///   - post: patterns that answer to POST.
    init(get: [String], post: [String] = []) {
        self.get = get.map(Self.parts)
        self.post = post.map(Self.parts)
    }

    /// The methods of a path, as `Allow` lists them; nil where there is nothing at it.
    func allowedMethods(_ path: String) -> String? {
        let parts = Self.parts(path)
        var methods: [String] = []
        if get.contains(where: { Self.matches($0, parts) }) { methods += ["GET", "HEAD"] }
        if post.contains(where: { Self.matches($0, parts) }) { methods.append("POST") }
        return methods.isEmpty ? nil : (methods + ["OPTIONS"]).joined(separator: ", ")
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }

    private static func matches(_ pattern: [Substring], _ parts: [Substring]) -> Bool {
        pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }
}
