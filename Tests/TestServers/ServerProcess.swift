import Foundation
import Synchronization

/// One server that a test starts: it ends with the test process, however that ends.
///
/// The server runs in a process group of its own under a small `sh` guard. The guard holds the reading end of a pipe
/// whose writing end
/// only this process has: when that closes (stop, crash, kill -9 of the tests), the guard kills the whole group.
public final class ServerProcess: Sendable {
    /// What the server is called in messages, for example `kafka`.
    public let name: String
    /// The server's own process id, which is also the id of its process group.
    public let processID: Int32
    /// The file that holds what the server wrote to its standard output and error.
    public let logPath: String

    private let guardProcess: Mutex<Process>
    private let lifeline: Lifeline
    private let hasEnded: Mutex<Bool>

    /// Starts a server and returns as soon as its process exists; whether it answers is for the caller to wait for.
    ///
    /// - Parameters:
    ///   - name: What to call it in messages.
    ///   - command: The program (an absolute path, or a name to be found in PATH) and its arguments.
    ///   - environment: Variables added to this process's own.
    ///   - workingFolder: Where it runs.
    ///   - logPath: The file to append its output to.
    ///   - folderToRemove: A folder that the guard removes after killing the server when this process ends without
    ///     having stopped it.
    /// - Throws: ``ServerProblem`` when the process cannot be started.
    public static func start(
        name: String, command: [String], environment: [String: String] = [:], workingFolder: String? = nil,
        logPath: String, folderToRemove: TemporaryFolder? = nil
    ) async throws -> ServerProcess {
        let idPath = logPath + ".pid"
        try? FileManager.default.removeItem(atPath: idPath)
        if !FileManager.default.fileExists(atPath: logPath) {
            _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        }
        guard let log = FileHandle(forWritingAtPath: logPath) else {
            throw ServerProblem("\(name): cannot write its log file \(logPath)")
        }
        log.seekToEndOfFile()
        let lifeline = try Lifeline()

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", guardScript, "server-guard", idPath, folderToRemove?.path ?? ""] + command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let workingFolder {
            process.currentDirectoryURL = URL(fileURLWithPath: workingFolder)
        }
        process.standardInput = FileHandle(fileDescriptor: lifeline.readingEnd, closeOnDealloc: false)
        process.standardOutput = log
        process.standardError = log
        do {
            try process.run()
        } catch {
            throw ServerProblem("\(name): cannot start \(command.first ?? "nothing"): \(error)")
        }
        lifeline.closeReadingEnd()
        try? log.close()

        let processID = Mutex<Int32?>(nil)
        try await waitUntil("\(name) has a process id", withinMillis: 10_000, everyMillis: 5) {
            let text = try? String(contentsOfFile: idPath, encoding: .utf8)
            let read = text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            processID.withLock { $0 = read }
            return read != nil
        }
        guard let id = processID.withLock({ $0 }) else {
            throw ServerProblem("\(name): its guard wrote no process id to \(idPath)")
        }
        return ServerProcess(name: name, processID: id, logPath: logPath, process: process, lifeline: lifeline)
    }

    private init(
        name: String, processID: Int32, logPath: String, process: sending Process, lifeline: consuming Lifeline
    ) {
        self.name = name
        self.processID = processID
        self.logPath = logPath
        self.guardProcess = Mutex(process)
        self.lifeline = lifeline
        self.hasEnded = Mutex(false)
    }

    /// Whether the server (its guard, which ends right after it) still runs.
    public var isRunning: Bool {
        if hasEnded.withLock({ $0 }) { return false }
        let running = guardProcess.withLock { $0.isRunning }
        if !running { hasEnded.withLock { $0 = true } }
        return running
    }

    /// Sends a signal (`SIGTERM`, `SIGSTOP`, `SIGCONT`, ...) to the server's whole process group; nothing happens
    /// when it has ended.
    public func send(signal: Int32) {
        guard isRunning else { return }
        _ = kill(-processID, signal)
    }

    /// Kills the server with SIGKILL, as a crash would, and waits until it is gone.
    public func killNow() async throws {
        send(signal: SIGKILL)
        try await waitUntil("\(name) is gone after SIGKILL", withinMillis: 10_000) { !self.isRunning }
    }

    /// Asks the server to end, waits, and kills it when it has not ended in time.
    ///
    /// - Parameters:
    ///   - signal: What it takes as the wish to end (PostgreSQL's fast shutdown is `SIGINT`).
    ///   - withinMillis: How long it may take before it is killed.
    public func stop(signal: Int32 = SIGTERM, withinMillis: Int = 10_000) async throws {
        send(signal: signal)
        do {
            try await waitUntil("\(name) has ended", withinMillis: withinMillis) { !self.isRunning }
        } catch {
            try await killNow()
        }
    }

    /// The last lines the server wrote: for the message of a failed start.
    public func logTail(lines: Int = 30) -> String {
        let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "(no log at \(logPath))"
        return text.split(separator: "\n", omittingEmptySubsequences: false).suffix(lines).joined(separator: "\n")
    }

    /// `$1`: where to write the server's process id. `$2`: a folder to remove when the tests are gone, or empty. The
    /// rest: the server.
    private static let guardScript = """
        idPath=$1 folder=$2
        shift 2
        exec 3<&0
        setsid "$@" </dev/null 3<&- &
        server=$!
        trap 'kill -s KILL -- "-$server" 2>/dev/null' INT TERM HUP
        (
            while read -r _; do :; done
            : >"$idPath.over"
            kill -s KILL -- "-$server" 2>/dev/null
        ) <&3 3<&- >/dev/null 2>&1 &
        watcher=$!
        echo "$server" >"$idPath.new" && mv "$idPath.new" "$idPath"
        wait "$server"
        status=$?
        while kill -s 0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
        kill -s KILL -- "-$server" "$watcher" 2>/dev/null
        if [ -e "$idPath.over" ] && [ -n "$folder" ]; then rm -rf -- "$folder"; fi
        exit "$status"
        """
}

/// A pipe whose writing end no child inherits: it closes when this process ends.
private struct Lifeline: ~Copyable, Sendable {
    let readingEnd: Int32
    private let writingEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerProblem("no pipe for a server's guard: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

    func closeReadingEnd() { close(readingEnd) }

    deinit { close(writingEnd) }
}
