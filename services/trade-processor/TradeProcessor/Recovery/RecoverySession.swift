import KafkaClient
import MarketCore
import MarketWire
import PostgresClient
import ServiceKit

/// The connections of one recovery command, closed when it ends. Commands change nothing that a running processor owns:
/// they read, they append records to the trades topic, and they merge where merging is commutative.
struct RecoverySession: Sendable {
    let topic: String
    let pool: PostgresPool
    let kafka: KafkaConfiguration

    /// How long a command waits for the broker's answer.
    static let brokerMillis = 15_000

    /// Runs a command's body with its connections.
    ///
    /// - Throws: `SettingsError`, `PostgresError`, what the body throws.
    static func run(_ context: ServiceContext, _ body: (RecoverySession) async throws -> Void) async throws {
        var configuration = try PostgresConfiguration(url: context.settings.value(SharedSettings.postgresURL))
        configuration.applicationName = "\(context.name) recovery"
        let pool = PostgresPool(configuration, PostgresPoolOptions())
        let session = RecoverySession(
            topic: try context.settings.value(SharedSettings.kafkaTradesTopic), pool: pool,
            kafka: try KafkaSetup(context).configuration)
        do {
            try await session.checkSchema()
            try await body(session)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// Appends records to the trades topic, each where its key belongs, and waits for the broker's word on each.
    ///
    /// - Returns: partition and offset of each, in order.
    func append(_ records: [(key: String, value: [UInt8])]) async throws(KafkaError) -> [DeliveryReport] {
        let producer = try KafkaProducer(kafka)
        var reports: [DeliveryReport] = []
        let result: Result<Void, KafkaError>
        do throws(KafkaError) {
            for record in records {
                reports.append(
                    try await producer.deliver(
                        topic: topic, key: Array(record.key.utf8), value: record.value,
                        headers: [KafkaHeader(WireSchema.headerName, WireSchema.version)]))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await producer.close(timeoutMillis: Self.brokerMillis)
        try result.get()
        return reports
    }

    /// A command of a newer program cannot ask an older schema.
    private func checkSchema() async throws {
        let rows = try await pool.query("SELECT to_regprocedure('candle_horizons()') IS NOT NULL AS is_there")
        guard try rows.first?.value("is_there") == true else {
            throw RecoveryError("the database's schema is older than this program: run trade-processor migrate first")
        }
    }
}

/// Why a recovery command could not do what it was asked; nothing was changed.
struct RecoveryError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Words of the command line as values.
enum RecoveryWords {
    static func instrument(_ word: String) throws(UsageError) -> Instrument {
        do {
            return try Instrument(key: word)
        } catch {
            throw UsageError("'\(word.prefix(80))' is no instrument: \(error)")
        }
    }

    /// `100-200` or `100`.
    static func tradeIDs(_ word: String) throws(UsageError) -> ClosedRange<Int64> {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2, first >= 0, first <= last
        else { throw UsageError("'\(word.prefix(80))' is no range of trade ids, for example 100-200") }
        return first...last
    }

    static func limit(_ word: String?, default standard: Int32) throws(UsageError) -> Int32 {
        guard let word else { return standard }
        guard let limit = Int32(word), (1...1_000_000).contains(limit) else {
            throw UsageError("'\(word.prefix(80))' is no number of rows from 1 to 1000000")
        }
        return limit
    }
}
