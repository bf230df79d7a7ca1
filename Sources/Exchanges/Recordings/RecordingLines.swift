import Gzip

#if canImport(Glibc)
import Glibc
#endif

/// The lines of a file, plain or gzip (its first bytes tell), of which no more than a piece is in memory.
///
/// It blocks: not for the cooperative pool.
final class RecordingLines {
    let path: String
    /// Of the line that ``next()`` gave last; from 1.
    private(set) var lineNumber = 0
    /// Of the file as it lies on the disk.
    let sizeBytes: Int64
    /// How much of that was read.
    private(set) var readBytes: Int64 = 0
    /// Whether the compressed file ends in the middle: known once ``next()`` gave nil.
    private(set) var isCutOff = false

    private let descriptor: Int32
    private var inflater: GzipInflater?
    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    private var isAtEnd = false

    /// Read at once; compressed ones can be a thousand times as large in memory.
    private static let pieceBytes = 16 << 10
    /// A message of a venue has at most 1 MiB, and twice as much with its quotes escaped.
    static let maxLineBytes = 16 << 20

    /// - Throws: ``RecordingError`` where it cannot be read.
    init(_ path: String) throws(RecordingError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RecordingError("\(path) cannot be read: \(Self.systemError())") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw RecordingError("\(path) cannot be read: it is no file")
        }
        sizeBytes = Int64(status.st_size)
        let first = try piece()
        if first.starts(with: [0x1F, 0x8B]) {
            do throws(GzipError) {
                inflater = try GzipInflater()
            } catch {
                throw RecordingError("\(path): \(error)")
            }
        }
        try take(first)
    }

    deinit { close(descriptor) }

    /// The first byte of the text; nil of an empty file.
    func firstByte() throws(RecordingError) -> UInt8? {
        while buffer.count == start, !isAtEnd { try take(piece()) }
        return buffer.count > start ? buffer[start] : nil
    }

    /// The next line without its end; nil at the file's end. What a compressed file that is cut off has behind its last
    /// line end is no line.
    ///
    /// - Throws: ``RecordingError``.
    func next() throws(RecordingError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                lineNumber += 1
                defer { start = end + 1 }
                return buffer[start..<(end > start && buffer[end - 1] == UInt8(ascii: "\r") ? end - 1 : end)]
            }
            if isAtEnd {
                defer { start = buffer.count }
                guard start < buffer.count, !isCutOff else { return nil }
                lineNumber += 1
                return buffer[start...]
            }
            searched = buffer.count - start
            buffer.removeSubrange(..<start)
            start = 0
            guard buffer.count <= Self.maxLineBytes else {
                throw RecordingError("\(path), line \(lineNumber + 1): longer than \(Self.maxLineBytes) bytes")
            }
            try take(piece())
        }
    }

    func problem(_ words: String) -> RecordingError { RecordingError(path, line: lineNumber, words) }

    /// - Returns: nothing at the file's end.
    private func piece() throws(RecordingError) -> [UInt8] {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, initialized in
                count = read(descriptor, buffer.baseAddress, buffer.count)
                initialized = max(count, 0)
            }
            if count >= 0 {
                readBytes += Int64(count)
                return bytes
            }
            guard errno == EINTR else { throw RecordingError("\(path) cannot be read: \(Self.systemError())") }
        }
    }

    private func take(_ piece: [UInt8]) throws(RecordingError) {
        guard !piece.isEmpty else {
            isAtEnd = true
            if let isBetween = inflater?.isBetweenMembers { isCutOff = !isBetween }
            return
        }
        guard inflater != nil else {
            buffer += piece
            return
        }
        do throws(GzipError) {
            try inflater?.inflate(piece, into: &buffer)
        } catch {
            throw RecordingError("\(path), after line \(lineNumber): \(error)")
        }
    }

    static func systemError() -> String { strerror(errno).map { String(cString: $0) } ?? "errno \(errno)" }
}
