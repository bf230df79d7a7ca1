import Logging
import MarketCore
import PostgresClient
import Schemas
import ServiceKit
import ServiceLifecycle

/// Watches PostgreSQL: brings its schema up to date, refuses another market's data, reads the instruments and keeps the
/// health board true.
struct StoreGuard: Service {
    let pool: PostgresPool
    let configuration: PostgresConfiguration
    let history: any CandleRepository
    let board: LiveBoard
    let health: HealthBoard
    let marketSource: String
    let migratesSchema: Bool
    let logger: Logger
    /// How often the state is looked at, and instruments are read again.
    var checkEvery: Duration = .seconds(2)
    var instrumentsEveryChecks = 10

    static let part = "postgres"

    func run() async throws {
        health.set(Self.part, .starting("connecting to PostgreSQL"))
        try await cancelWhenGracefulShutdown { try await watch() }
    }

    private func watch() async throws {
        var isPrepared = false
        var checks = 0
        var lacksMetadata = true
        while !Task.isCancelled {
            switch pool.health {
            case .starting:
                // The service is ready once the first connection is, not at the next look.
                try? await pool.withConnection { _ in }
                if case .starting = pool.health { break }
                continue
            case .failed(let error):
                isPrepared = false
                report(.failed("PostgreSQL cannot be used: \(error.message)", blocksReadiness: false))
            case .ok:
                if !isPrepared { isPrepared = try await prepare() }
                if isPrepared {
                    report(.ok)
                    // On a new database the venue's word comes a moment after the first trades.
                    if lacksMetadata || checks.isMultiple(of: instrumentsEveryChecks) {
                        await readInstruments()
                        lacksMetadata =
                            board.instruments.contains { $0.info.base == nil }
                            && checks < instrumentsEveryChecks * 10
                    }
                    checks += 1
                }
            }
            do { try await Task.sleep(for: checkEvery) } catch { return }
        }
    }

    /// Schema and source.
    ///
    /// - Returns: whether history can be read.
    private func prepare() async throws -> Bool {
        do {
            let migrator = Migrator(Schemas.postgres)
            if migratesSchema {
                let applied = try await migrator.apply(using: configuration)
                if !applied.isEmpty {
                    logger.notice("schema brought up to date", metadata: ["migrations": "\(applied)"])
                }
            } else if case .behind(let missing) = try await migrator.status(on: pool) {
                report(
                    .failed(
                        "the schema lacks migrations \(missing): run `marketctl migrate` or set MIGRATE=auto",
                        blocksReadiness: false))
                return false
            }
            let rows = try await pool.query("SELECT source FROM market_source")
            if let row = rows.first {
                let source: String = try row.value("source")
                try SourceMismatchError.check(source, own: marketSource, in: "PostgreSQL")
            }
            return true
        } catch let error as PostgresError {
            report(.failed("PostgreSQL cannot be used: \(error.message)", blocksReadiness: false))
            return false
        }
    }

    private func readInstruments() async {
        do {
            board.take(try await history.instruments())
        } catch {
            logger.warning("instruments could not be read", metadata: ["error": "\(error)"])
        }
    }

    /// Logs changes only.
    private func report(_ state: PartState) {
        let before = health.snapshot()[Self.part]
        guard before != state else { return }
        health.set(Self.part, state)
        if let reason = state.reason {
            logger.warning("history is not available", metadata: ["reason": "\(reason)"])
        } else {
            logger.info("history is available")
        }
    }
}
