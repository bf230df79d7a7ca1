import PostgresClient
import Schemas
import TestServers

/// A fresh database on the shared server.
struct TestDatabase: Sendable {
    let server: PostgresServer
    let name: String

    /// An empty database.
    static func empty(_ name: String) async throws -> TestDatabase {
        let server = try await PostgresServer.shared.get()
        return TestDatabase(server: server, name: try await server.createDatabase(name))
    }

    /// A database with this project's schema.
    static func migrated(_ name: String) async throws -> TestDatabase {
        let database = try await empty(name)
        _ = try await Migrator(Schemas.postgres).apply(using: database.configuration())
        return database
    }

    func configuration(port: Int? = nil) throws -> PostgresConfiguration {
        try PostgresConfiguration(url: server.url(database: name, port: port))
    }

    func connect(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) async throws -> PostgresConnection {
        var configuration = try configuration()
        change(&configuration)
        return try await PostgresConnection.connect(configuration)
    }
}

/// Runs a body that must throw a ``PostgresError`` and gives the error back.
func postgresError<T>(
    _ body: () async throws(PostgresError) -> T
) async throws -> PostgresError {
    do throws(PostgresError) {
        _ = try await body()
    } catch {
        return error
    }
    throw ServerProblem("no PostgresError was thrown")
}

/// A generator whose seed is printed, so that a failure can be had again.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A seed of the clock, printed.
    static func printed(_ test: String) -> SeededRandom {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(test): seed \(seed)")
        return SeededRandom(seed: seed)
    }
}
