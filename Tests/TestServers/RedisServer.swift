import Foundation
import RedisClient
import Synchronization

/// A private Redis: its own folder, its own port on loopback, gone with the test process.
public final class RedisServer: Sendable {
    /// One for all tests of the process; take keys of your own, and never stop it.
    public static let shared = SharedServer { try await RedisServer.start() }

    /// What a server can be started with.
    public struct Options: Sendable {
        /// Nil: it wants none.
        public var password: String?
        /// Whether it speaks TLS (only), with a certificate of a private authority.
        public var tls: Bool
        /// The name in its certificate, `localhost` and 127.0.0.1 unless given.
        public var certificateName: String?
        /// Whether what is in it survives a kill.
        public var isDurable: Bool
        /// Further settings of its configuration file.
        public var settings: [String: String]

        public init(
            password: String? = nil, tls: Bool = false, certificateName: String? = nil, isDurable: Bool = false,
            settings: [String: String] = [:]
        ) {
            self.password = password
            self.tls = tls
            self.certificateName = certificateName
            self.isDurable = isDurable
            self.settings = settings
        }
    }

    public let port: Int
    /// The authority that signed its certificate; nothing is there without TLS.
    public let caCertificatePath: String

    private let options: Options
    private let folder: TemporaryFolder
    private let process = Mutex<ServerProcess?>(nil)

    /// Whether Redis is on this machine.
    public static var availability: ServerAvailability {
        binaryPath == nil ? .unavailable(reason: "no redis-server in PATH") : .available
    }

    /// Starts a server and waits until it answers.
    public static func start(options: Options = Options()) async throws -> RedisServer {
        let folder = try TemporaryFolder("redis")
        let server = RedisServer(port: try FreePort.next(), options: options, folder: folder)
        do {
            if options.tls { try await server.makeCertificates() }
            try await server.restart()
        } catch {
            try? await server.stop()
            throw error
        }
        return server
    }

    private init(port: Int, options: Options, folder: TemporaryFolder) {
        self.port = port
        self.options = options
        self.folder = folder
        caCertificatePath = "\(folder.path)/ca.pem"
    }

    /// Where it listens, with the password and the authority.
    public var url: String { url() }

    /// Where it listens.
    ///
    /// - Parameters:
    ///   - host: Another name for it.
    ///   - port: Another port that leads to it, a proxy's.
    ///   - password: Another password than the right one.
    ///   - database: Its number.
    public func url(
        host: String = "localhost", port: Int? = nil, password: String? = nil, database: Int = 0
    ) -> String {
        let secret = (password ?? options.password).map { text in
            ":\(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text)@"
        }
        let query = options.tls ? "?cacert=\(caCertificatePath)" : ""
        return "\(options.tls ? "rediss" : "redis")://\(secret ?? "")\(host):\(port ?? self.port)/\(database)\(query)"
    }

    /// Starts it (again) on its port and folder, and waits until it answers.
    public func restart() async throws {
        guard let binary = Self.binaryPath else { throw ServerProblem("\(Self.availability)") }
        try configurationText.write(toFile: "\(folder.path)/redis.conf", atomically: true, encoding: .utf8)
        let configuration = try RedisConfiguration(url: url)
        try await waitUntil("Redis answers on port \(port)", withinMillis: 30_000) {
            if process.withLock({ $0?.isRunning }) != true {
                let started = try await ServerProcess.start(
                    name: "redis", command: [binary, "\(folder.path)/redis.conf"], workingFolder: folder.path,
                    logPath: "\(folder.path)/redis.log", folderToRemove: folder)
                process.withLock { $0 = started }
            }
            return await Self.answers(configuration)
        }
    }

    /// Kills it with -9.
    public func kill() async throws {
        try await process.withLock { $0 }?.killNow()
        process.withLock { $0 = nil }
    }

    /// Stops it in its tracks: it keeps its connections and says nothing.
    public func pause() { process.withLock { $0 }?.send(signal: SIGSTOP) }

    /// Lets it go on after ``pause()``.
    public func resume() { process.withLock { $0 }?.send(signal: SIGCONT) }

    /// Ends it and removes its folder.
    public func stop() async throws {
        // Nothing of it is kept; and a child of a Dispatch thread may have inherited a mask that blocks SIGTERM.
        try await kill()
        folder.remove()
    }

    private static func answers(_ configuration: RedisConfiguration) async -> Bool {
        let client = RedisClient(configuration)
        let reply = try? await client.send(["PING"])
        await client.close()
        return reply?.text == "PONG"
    }

    private var configurationText: String {
        var lines = [
            "bind 127.0.0.1", "dir \(folder.path)", "save \"\"", "appendonly \(options.isDurable ? "yes" : "no")",
            "appendfsync everysec", "daemonize no", "databases 16",
        ]
        if let password = options.password { lines.append("requirepass \"\(password)\"") }
        if options.tls {
            lines += [
                "port 0", "tls-port \(port)", "tls-cert-file \(folder.path)/server.pem",
                "tls-key-file \(folder.path)/server.key", "tls-ca-cert-file \(caCertificatePath)",
                "tls-auth-clients no",
            ]
        } else {
            lines.append("port \(port)")
        }
        lines += options.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Certificates

    private func makeCertificates() async throws {
        let names = options.certificateName.map { "DNS:\($0)" } ?? "DNS:localhost,IP:127.0.0.1"
        let script = """
            set -e
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout ca.key \
              -out ca.pem -subj "/CN=test authority"
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr \
              -subj "/CN=test server"
            printf 'subjectAltName=%s\\n' "$1" >extensions
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions \
              -out server.pem
            touch done
            """
        let log = "\(folder.path)/openssl.log"
        let process = try await ServerProcess.start(
            name: "openssl", command: ["sh", "-c", script, "certificates", names], workingFolder: folder.path,
            logPath: log)
        try await waitUntil("openssl has made the certificates", withinMillis: 30_000) { !process.isRunning }
        guard FileManager.default.fileExists(atPath: "\(folder.path)/done") else {
            throw ServerProblem("openssl made no certificates: \(process.logTail())")
        }
    }

    private static let binaryPath: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map { "\($0)/redis-server" }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}
