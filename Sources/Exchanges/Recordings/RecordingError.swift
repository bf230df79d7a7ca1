/// Why a recording cannot be read or written, with the file and the line.
public struct RecordingError: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// Whether one line is the problem, and what follows it can be read.
    public let isOfLine: Bool

    public init(_ description: String) {
        self.description = description
        isOfLine = false
    }

    init(_ path: String, line: Int, _ problem: String) {
        description = "\(path), line \(line): \(problem)"
        isOfLine = true
    }
}
