/// The schemas that travel inside the executables, so that no service needs files beside it.
public enum Schemas {
    /// PostgreSQL's migrations in ascending order: schemas/postgres/<number>_<name>.sql.
    ///
    /// A migration that has been released is never changed; a new one follows it.
    public static let postgres: [(number: Int, name: String, sql: String)] = [
        (1, "candles", text(PackageResources._01_candles_sql)),
        (2, "candle_merge", text(PackageResources._02_candle_merge_sql)),
        (3, "progress", text(PackageResources._03_progress_sql)),
        (4, "records", text(PackageResources._04_records_sql)),
        (5, "recovery", text(PackageResources._05_recovery_sql)),
        (6, "subscriptions", text(PackageResources._06_subscriptions_sql)),
        (7, "instrument_numbers", text(PackageResources._07_instrument_numbers_sql)),
        (8, "influx", text(PackageResources._08_influx_sql)),
        (9, "roles", text(PackageResources._09_roles_sql)),
    ]

    /// schemas/openapi.yaml, the description of the HTTP interface.
    public static let openAPI = PackageResources.openapi_yaml
    /// schemas/asyncapi.yaml, the description of the WebSocket interfaces.
    public static let asyncAPI = PackageResources.asyncapi_yaml

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
