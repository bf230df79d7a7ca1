import ArgumentParser
import PostgresClient
import Schemas
import ServiceKit

/// The schema, for installations whose services may not change it (`MIGRATE=off`).
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database schema up to date.",
        discussion: """
            Runs under an advisory lock: any number may run at once. Services with MIGRATE=off wait for it.

            Examples:
              marketctl migrate
              marketctl migrate --status
              POSTGRES_URL=postgresql://market_migrator@db/market?sslmode=verify-full marketctl migrate
            """)

    @Flag(help: "Only says how the schema stands; exit code 1 if migrations are missing.")
    var status = false
    @OptionGroup var connections: ConnectionOptions

    func run() async throws {
        try await CommandSession.run(connections, needsSchema: false) { session in
            let migrator = Migrator(Schemas.postgres)
            if !status {
                let url = try session.settings.value(SharedSettings.postgresURL)
                let applied = try await migrator.apply(using: PostgresConfiguration(url: url))
                let names = applied.map { "\($0)" }.joined(separator: ", ")
                Terminal.say(applied.isEmpty ? "nothing to do" : "applied: \(names)")
            }
            switch try await migrator.status(on: session.pool) {
            case .current: Terminal.say("the schema is current")
            case .ahead: Terminal.say("the schema is newer than this program, which works with it")
            case .behind(let missing): throw CommandError("the schema lacks migrations \(missing)")
            }
        }
    }
}
