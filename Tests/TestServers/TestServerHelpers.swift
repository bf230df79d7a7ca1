import Foundation
import Synchronization

/// Why a test server could not be started, or did not do what was waited for, in a sentence.
public struct ServerProblem: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Waits until a condition holds, asking again and again, and throws when it does not hold in time.
///
/// - Parameters:
///   - what: What is waited for, for the message.
///   - withinMillis: The deadline, in milliseconds from now (monotonic time).
///   - everyMillis: The pause between two questions.
///   - condition: What must become true; an error of it ends the wait.
/// - Throws: ``ServerProblem`` when the deadline passes.
public func waitUntil(
    _ what: String, withinMillis: Int, everyMillis: Int = 20, _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(withinMillis)
    while true {
        if try await condition() { return }
        guard clock.now < deadline else { throw ServerProblem("not within \(withinMillis) ms: \(what)") }
        try await clock.sleep(for: .milliseconds(everyMillis))
    }
}

/// TCP ports on loopback that nobody listens on.
public enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    /// A free port, never the same twice in one process.
    public static func next() throws -> Int {
        for _ in 0..<100 {
            let port = try probe()
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw ServerProblem("no free port on 127.0.0.1 in 100 attempts")
    }

    private static func probe() throws -> Int {
        let socketDescriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socketDescriptor >= 0 else { throw ServerProblem("no socket: errno \(errno)") }
        defer { close(socketDescriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(socketDescriptor, generic, length) == 0 && getsockname(socketDescriptor, generic, &length) == 0
            }
        }
        guard found else { throw ServerProblem("cannot bind a port on 127.0.0.1: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// A private folder under the system's temporary one.
public struct TemporaryFolder: Sendable {
    /// Its absolute path, without a slash at the end.
    public let path: String

    /// Makes a fresh folder.
    ///
    /// - Parameters:
    ///   - name: The beginning of its name.
    ///   - owner: The user it shall belong to (a server that refuses root), or nil for the caller's.
    public init(_ name: String, owner: String? = nil) throws {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        let path = "\(base)/market-stream-\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if let owner {
                try FileManager.default.setAttributes([.ownerAccountName: owner], ofItemAtPath: path)
            }
        } catch {
            throw ServerProblem("cannot make the folder \(path): \(error)")
        }
        self.path = path
    }

    /// Deletes it with all it holds.
    public func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// One server for all tests of the process: started by the first that asks, ended with the process.
///
///     static let shared = SharedServer { try await PostgresServer.start() }
public actor SharedServer<Server: Sendable> {
    private let start: @Sendable () async throws -> Server
    private var starting: Task<Server, any Error>?

    public init(start: @escaping @Sendable () async throws -> Server) { self.start = start }

    /// The server; throws what the start threw, to every caller.
    public func get() async throws -> Server {
        if let starting { return try await starting.value }
        let task = Task { try await start() }
        starting = task
        return try await task.value
    }
}

/// Whether a server can be had on this machine, and if not, the reason; for `.enabled(if:)`.
///
///     @Suite(.enabled(if: PostgresServer.availability.isAvailable, "\(PostgresServer.availability)"))
public enum ServerAvailability: Sendable, CustomStringConvertible {
    /// It can be started.
    case available
    /// It cannot, and why.
    case unavailable(reason: String)

    public var isAvailable: Bool { if case .available = self { true } else { false } }

    public var description: String {
        switch self {
        case .available: "available"
        case .unavailable(let reason): "skipped: \(reason)"
        }
    }
}
