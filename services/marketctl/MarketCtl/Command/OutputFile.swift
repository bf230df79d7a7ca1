import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// What a command writes for other programs: standard output, or a file that is there only once it is whole. Its calls
/// may block, so they are made on threads that may.
struct OutputFile: Sendable {
    /// Nil of standard output.
    private let path: String?
    private let temporaryPath: String
    private let descriptor: Int32
    private let mayReplace: Bool

    /// What is written to standard output instead of a file.
    static let standardOutputName = "-"

    /// Begins to write.
    ///
    /// - Parameters:
    ///   - path: `-` is standard output.
    ///   - mayReplace: whether a file that is there already is replaced.
    /// - Throws: ``CommandError``.
    static func create(_ path: String, mayReplace: Bool) async throws -> OutputFile {
        try await NIOThreadPool.singleton.runIfActive { try OutputFile(path, mayReplace: mayReplace) }
    }

    private init(_ path: String, mayReplace: Bool) throws(CommandError) {
        self.mayReplace = mayReplace
        guard path != Self.standardOutputName else {
            (self.path, temporaryPath, descriptor) = (nil, "", 1)
            return
        }
        guard mayReplace || access(path, F_OK) != 0 else { throw Self.isThere(path) }
        temporaryPath = "\(path).\(getpid()).part"
        self.path = path
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CommandError("\(path) cannot be made: \(Self.systemError())") }
    }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await NIOThreadPool.singleton.runIfActive { try writeAll(bytes) }
    }

    private func writeAll(_ bytes: [UInt8]) throws(CommandError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw CommandError("\(path ?? "standard output") cannot be written: \(Self.systemError())")
            }
            written += count
        }
    }

    /// Gives the file its name.
    func finish() async throws {
        guard let path else { return }
        try await NIOThreadPool.singleton.runIfActive {
            guard fsync(descriptor) == 0, close(descriptor) == 0 else {
                throw CommandError("\(path) cannot be written: \(Self.systemError())")
            }
            try name(path)
        }
    }

    private func name(_ path: String) throws(CommandError) {
        // A link, unlike a renaming, replaces nothing that came meanwhile; some file systems have none.
        if !mayReplace {
            if link(temporaryPath, path) == 0 {
                unlink(temporaryPath)
                return
            }
            guard errno != EEXIST else { throw Self.isThere(path) }
        }
        guard rename(temporaryPath, path) == 0 else {
            throw CommandError("\(path) cannot be given its name: \(Self.systemError())")
        }
    }

    /// Removes what was written so far.
    func discard() async {
        guard path != nil else { return }
        try? await NIOThreadPool.singleton.runIfActive {
            close(descriptor)
            unlink(temporaryPath)
        }
    }

    private static func isThere(_ path: String) -> CommandError {
        CommandError("\(path) is there already: --force replaces it")
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
