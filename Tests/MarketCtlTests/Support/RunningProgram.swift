import Foundation
import TestServers

/// One of our programs as a process, built beside the tests.
struct RunningProgram: Sendable {
    private let server: ServerProcess
    private let folder: TemporaryFolder

    static func with(
        _ name: String, _ environment: [String: String], _ body: (RunningProgram) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder(name)
        let server = try await ServerProcess.start(
            name: name, command: [try executable(name)], environment: environment, workingFolder: folder.path,
            logPath: folder.path + "/log", folderToRemove: folder)
        let program = RunningProgram(server: server, folder: folder)
        do { try await body(program) } catch {
            try await server.killNow()
            folder.remove()
            throw error
        }
        try await server.stop()
        folder.remove()
    }

    var isRunning: Bool { server.isRunning }

    /// What it said last.
    var log: String { server.logTail() }

    private static func executable(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        for folder in [own, CommandLine.arguments[0]].map({ URL(filePath: $0).deletingLastPathComponent() }) {
            let path = folder.appending(path: name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = repository.appending(path: ".build/debug/\(name)").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ServerProblem("\(name) is not built beside the tests, nor at \(path)")
        }
        return path
    }
}
