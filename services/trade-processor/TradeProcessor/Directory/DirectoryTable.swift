import MarketCore
import MarketWire
import PostgresClient

/// A table of PostgreSQL that says the same as a compacted topic, key by key.
protocol DirectoryTable: Sendable {
    associatedtype Record: WireRecord

    /// Writes what the topic says; an older word never replaces a newer one.
    static func save(_ records: [Record], _ pool: PostgresPool) async throws(PostgresError)

    /// What the topic took back with a tombstone.
    static func remove(_ key: String, _ pool: PostgresPool) async throws(PostgresError)

    /// All rows, by the record's key.
    static func load(_ pool: PostgresPool) async throws(PostgresError) -> [(key: String, record: Record)]
}

/// Venue metadata: topic and table `instruments`.
enum InstrumentsTable: DirectoryTable {
    static func save(_ records: [InstrumentRecord], _ pool: PostgresPool) async throws(PostgresError) {
        var rows: [(instrument: Instrument, record: InstrumentRecord)] = []
        for record in records {
            guard let instrument = try? Instrument(key: record.symbol) else { continue }
            rows.append((instrument, record))
        }
        guard !rows.isEmpty else { return }
        _ = try await pool.query(
            "SELECT save_instruments($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .texts(rows.map(\.instrument.key)), .texts(rows.map(\.instrument.venue)),
                .texts(rows.map(\.instrument.symbol)), .texts(rows.map(\.record.base)),
                .texts(rows.map(\.record.quote)), .numerics(rows.map(\.record.tickSize.description)),
                .numerics(rows.map(\.record.lotStep.description)), .texts(rows.map(\.record.status.rawValue)),
            ])
    }

    /// An instrument whose metadata nobody sends any more keeps what was known of it: its candles are still shown.
    static func remove(_ key: String, _ pool: PostgresPool) async throws(PostgresError) {}

    static func load(
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [(key: String, record: InstrumentRecord)] {
        var rows: [(key: String, record: InstrumentRecord)] = []
        for row in try await pool.query(
            """
            SELECT key, base, quote, tick_size, lot_step, status FROM instruments
            WHERE base IS NOT NULL AND quote IS NOT NULL AND tick_size IS NOT NULL AND lot_step IS NOT NULL
            """)
        {
            let key: String = try row.value("key")
            let tickSize: String = try row.value("tick_size")
            let lotStep: String = try row.value("lot_step")
            guard let tickSize = Price(tickSize), let lotStep = Quantity(lotStep) else { continue }
            rows.append(
                (
                    key,
                    InstrumentRecord(
                        symbol: key, base: try row.value("base"), quote: try row.value("quote"), tickSize: tickSize,
                        lotStep: lotStep,
                        status: InstrumentRecord.Status(rawValue: try row.value("status")) ?? .unknown)
                ))
        }
        return rows
    }
}

/// Which instruments producers follow: topic `market.subscriptions`, table `subscriptions`.
enum SubscriptionsTable: DirectoryTable {
    static func save(_ records: [SubscriptionRecord], _ pool: PostgresPool) async throws(PostgresError) {
        guard !records.isEmpty else { return }
        _ = try await pool.query(
            "SELECT save_subscriptions($1, $2, $3, $4)",
            [
                .texts(records.map(\.symbol)), .booleans(records.map(\.isFollowed)),
                .bigints(records.map(\.updatedTimeMicros)), .texts(records.map { $0.interval ?? "" }),
            ])
    }

    static func remove(_ key: String, _ pool: PostgresPool) async throws(PostgresError) {
        _ = try await pool.query("DELETE FROM subscriptions WHERE instrument = $1", [.text(key)])
    }

    static func load(
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [(key: String, record: SubscriptionRecord)] {
        var rows: [(key: String, record: SubscriptionRecord)] = []
        for row in try await pool.query(
            """
            SELECT instrument, is_followed, (extract(epoch FROM updated_at) * 1000000)::bigint AS updated_us,
                interval_label
            FROM subscriptions
            """)
        {
            let key: String = try row.value("instrument")
            rows.append(
                (
                    key,
                    SubscriptionRecord(
                        symbol: key, isFollowed: try row.value("is_followed"),
                        updatedTimeMicros: try row.value("updated_us"),
                        interval: try row.optional("interval_label"))
                ))
        }
        return rows
    }
}
