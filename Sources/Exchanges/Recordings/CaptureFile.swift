import Gzip

#if canImport(Glibc)
import Glibc
#endif

/// A capture that is being written, compressed.
///
/// It blocks: not for the cooperative pool.
final class CaptureFile {
    private let path: String
    private let descriptor: Int32
    private var deflater: GzipDeflater
    private var compressed: [UInt8] = []
    /// As it lies on the disk.
    private(set) var sizeBytes: Int64 = 0

    /// - Throws: ``RecordingError`` where it cannot be made, or is there already.
    init(_ path: String) throws(RecordingError) {
        self.path = path
        do throws(GzipError) {
            deflater = try GzipDeflater()
        } catch {
            throw RecordingError("\(path): \(error)")
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw RecordingError(
                errno == EEXIST
                    ? "\(path) is there already, and no recording is overwritten: name another file"
                    : "\(path) cannot be made: \(RecordingLines.systemError())")
        }
    }

    deinit { close(descriptor) }

    /// Appends bytes. What is flushed is with the system: it outlives this process.
    func write(_ bytes: [UInt8], _ flush: GzipDeflater.Flush) throws(RecordingError) {
        compressed.removeAll(keepingCapacity: true)
        do throws(GzipError) {
            try deflater.deflate(bytes, flush, into: &compressed)
        } catch {
            throw RecordingError("\(path): \(error)")
        }
        var written = 0
        while written < compressed.count {
            let count = compressed.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                guard errno == EINTR else { throw failed() }
                continue
            }
            written += count
        }
        sizeBytes += Int64(written)
        if flush == .finish, fsync(descriptor) != 0, errno != EINVAL { throw failed() }
    }

    private func failed() -> RecordingError {
        RecordingError("\(path) cannot be written: \(RecordingLines.systemError())")
    }
}
