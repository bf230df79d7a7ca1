import Foundation
import PostgresClient
import Synchronization

/// A private PostgreSQL: its own data folder, its own port on loopback, gone with the test process.
///
/// Any role may connect without a password but `secured`, who has `PostgresServer.securedPassword`.
public final class PostgresServer: Sendable {
    /// One for all tests of the process; take a database of your own with ``createDatabase(_:)``, and never stop it.
    public static let shared = SharedServer { try await PostgresServer.start() }

    /// The password of the role `secured`.
    public static let securedPassword = "s3cr&t/pa ss%word"

    public let port: Int

    private let folder: TemporaryFolder
    private let binaries: String
    private let settings: [String: String]
    private let process: Mutex<ServerProcess?>
    private let databases = Atomic<Int>(0)

    /// Whether PostgreSQL's programs are on this machine.
    public static var availability: ServerAvailability {
        binaryFolder == nil
            ? .unavailable(reason: "no initdb in POSTGRES_BIN, PATH or /usr/lib/postgresql/*/bin") : .available
    }

    /// Makes a data folder, starts a server on it and waits until it answers.
    ///
    /// - Parameter settings: Server settings on top of those that make it small and quick.
    public static func start(settings: [String: String] = [:]) async throws -> PostgresServer {
        guard let binaries = binaryFolder else { throw ServerProblem("\(availability)") }
        let folder = try TemporaryFolder("postgres", owner: getuid() == 0 ? "postgres" : nil)
        let server = PostgresServer(
            port: try FreePort.next(), folder: folder, binaries: binaries, settings: settings)
        do {
            try await server.initialize()
            try await server.startAgain()
            let secret = securedPassword.replacing("'", with: "''")
            try await server.script("CREATE ROLE secured LOGIN SUPERUSER PASSWORD '\(secret)'")
        } catch {
            try? await server.stop()
            throw error
        }
        return server
    }

    private init(port: Int, folder: TemporaryFolder, binaries: String, settings: [String: String]) {
        self.port = port
        self.folder = folder
        self.binaries = binaries
        self.settings = settings
        process = Mutex(nil)
    }

    /// The URL of a database, for the superuser `market`.
    ///
    /// - Parameters:
    ///   - database: Its name.
    ///   - port: Another port that leads to the server, a proxy's.
    public func url(database: String = "postgres", port: Int? = nil) -> String {
        "postgresql://market@127.0.0.1:\(port ?? self.port)/\(database)?sslmode=disable"
    }

    /// Makes an empty database.
    ///
    /// - Parameter name: The beginning of its name.
    /// - Returns: Its name.
    public func createDatabase(_ name: String) async throws -> String {
        let number = databases.wrappingAdd(1, ordering: .relaxed).newValue
        let database = "\(name)_\(number)"
        try await script("CREATE DATABASE \(database) TEMPLATE template0")
        return database
    }

    /// The server's process, nil while it is stopped.
    public var processID: Int32? { process.withLock { $0?.processID } }

    /// Starts the server on its data folder after a stop or a kill, and waits until it answers.
    public func startAgain() async throws {
        var command =
            Self.asServerUser + [
                "\(binaries)/postgres", "-D", dataFolder, "-p", "\(port)", "-k", folder.path,
            ]
        let small = [
            "listen_addresses": "127.0.0.1", "fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB",
            "max_connections": "200", "log_min_messages": "warning", "autovacuum_naptime": "5s",
        ]
        for (name, value) in small.merging(settings, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            command += ["-c", "\(name)=\(value)"]
        }
        // After a kill -9 the memory of the server before is in use until the last of its processes has noticed.
        try await waitUntil("PostgreSQL answers on port \(port)", withinMillis: 60_000) {
            if process.withLock({ $0?.isRunning }) != true { try await launch(command) }
            return await answers()
        }
    }

    /// Stops the server as `pg_ctl stop -m fast` does; its data stay.
    public func stopFast() async throws {
        let running = process.withLock { $0 }
        try await running?.stop(signal: SIGINT)
        process.withLock { $0 = nil }
    }

    /// Kills all its processes with -9, as a crash of the machine would; its data stay.
    public func killNow() async throws {
        guard let running = process.withLock({ $0 }) else { return }
        // Each session's process is its own group. Stopped, the parent neither starts more of them nor tells them
        // anything.
        kill(running.processID, SIGSTOP)
        for child in Self.children(of: running.processID) { kill(child, SIGKILL) }
        try await running.killNow()
        process.withLock { $0 = nil }
    }

    /// Stops the server and removes its data.
    public func stop() async throws {
        try await stopFast()
        folder.remove()
    }

    private var dataFolder: String { "\(folder.path)/data" }

    private func initialize() async throws {
        let command =
            Self.asServerUser + [
                "\(binaries)/initdb", "-D", dataFolder, "-U", "market", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                "--no-sync",
            ]
        let initdb = try await ServerProcess.start(
            name: "initdb", command: command, workingFolder: folder.path, logPath: "\(folder.path)/initdb.log",
            folderToRemove: folder)
        try await waitUntil("initdb has ended", withinMillis: 120_000) { !initdb.isRunning }
        let access = """
            host all secured 127.0.0.1/32 scram-sha-256
            host all all 127.0.0.1/32 trust

            """
        do {
            // Into the file that initdb made, which keeps its owner.
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(dataFolder)/pg_hba.conf"))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(access.utf8))
            try file.close()
        } catch {
            throw ServerProblem("initdb made no data folder: \(initdb.logTail())")
        }
    }

    private func launch(_ command: [String]) async throws {
        let started = try await ServerProcess.start(
            name: "postgres", command: command, workingFolder: folder.path, logPath: "\(folder.path)/postgres.log",
            folderToRemove: folder)
        process.withLock { $0 = started }
    }

    private func answers() async -> Bool {
        guard let configuration = try? PostgresConfiguration(url: url()),
            let connection = try? await PostgresConnection.connect(configuration)
        else { return false }
        await connection.close()
        return true
    }

    private func script(_ sql: String) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url()))
        do {
            try await connection.script(sql)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    // MARK: The machine

    /// PostgreSQL refuses to run as root.
    private static var asServerUser: [String] {
        getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
    }

    private static let binaryFolder: String? = {
        let files = FileManager.default
        let environment = ProcessInfo.processInfo.environment
        let debian = "/usr/lib/postgresql"
        let versions = ((try? files.contentsOfDirectory(atPath: debian)) ?? [])
            .sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        let candidates =
            [environment["POSTGRES_BIN"]].compactMap(\.self) + versions.map { "\(debian)/\($0)/bin" }
            + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return candidates.first { files.isExecutableFile(atPath: "\($0)/initdb") }
    }()

    private static func children(of processID: Int32) -> [Int32] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap(Int32.init).filter { candidate in
            let status = (try? String(contentsOfFile: "/proc/\(candidate)/stat", encoding: .utf8)) ?? ""
            // "id (name) state parent ...", where the name may hold anything.
            guard let nameEnd = status.lastIndex(of: ")") else { return false }
            let fields = status[status.index(after: nameEnd)...].split(separator: " ")
            return fields.count > 1 && Int32(fields[1]) == processID
        }
    }
}
