/// Why bytes cannot be compressed or uncompressed.
public struct GzipError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
