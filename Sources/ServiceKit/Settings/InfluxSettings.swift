import InfluxClient
import MarketCore

/// Whether, where and how candles go to InfluxDB.
package struct InfluxSettings: Sendable {
    package static let host = Setting<String>(
        "INFLUXDB_HOST", help: "InfluxDB that gets closed candles: host, host:port or URL; nothing is sent without",
        default: nil
    ) { text throws(SettingProblem) in
        do throws(InfluxError) {
            _ = try InfluxConfiguration(host: text, api: .v1, database: "")
            return text
        } catch {
            throw SettingProblem(error.message)
        }
    }
    package static let api = Setting.choice(
        "INFLUXDB_API", of: InfluxAPI.allCases.map(\.rawValue),
        help: "its write endpoint; every InfluxDB knows v1's", default: "v1")
    package static let token = Setting<String>.text(
        "INFLUXDB_TOKEN", help: "token, or the user's password", default: nil, isSecret: true)
    package static let username = Setting<String>.text("INFLUXDB_USERNAME", help: "user, with v1 only", default: nil)
    package static let database = Setting.text("INFLUXDB_DATABASE", help: "database, or v2's bucket", default: "market")
    package static let organization = Setting<String>.text("INFLUXDB_ORG", help: "organization, with v2", default: nil)
    package static let authorities = Setting<String>.text(
        "INFLUXDB_CA_FILE", help: "certificates to trust instead of the system's (PEM)", default: nil)
    package static let interval = Setting.choice(
        "INFLUXDB_INTERVAL", of: Interval.allCases.map(\.description), help: "one point per closed candle of it",
        default: "1m")
    package static let batchSize = Setting.integer(
        "INFLUXDB_BATCH_SIZE", in: 1...10_000, help: "points of one request at most", default: "500")
    package static let flushInterval = Setting<Duration>.duration(
        "INFLUXDB_FLUSH_INTERVAL", in: .milliseconds(50) ... .seconds(3_600),
        help: "how long less than a batch waits", default: "10s")

    package static let all: [any AnySetting] = [
        host, api, token, username, database, organization, authorities, interval, batchSize, flushInterval,
    ]

    package let configuration: InfluxConfiguration
    package let interval: Interval
    package let batchSize: Int
    package let flushMicros: Int64

    /// Nil where no host is set.
    ///
    /// - Parameter intervals: those that are built.
    /// - Throws: `SettingsError` where the host cannot be one, or the interval is none that is built.
    package static func read(
        _ settings: Settings, intervals: [Interval]
    ) throws(SettingsError) -> InfluxSettings? {
        guard let host = try settings.optionalValue(Self.host) else { return nil }
        let chosen = try settings.value(Self.interval)
        guard let interval = Interval(chosen), intervals.contains(interval) else {
            throw .unusable(
                Self.interval, text: chosen,
                SettingProblem("one of CANDLE_INTERVALS, " + intervals.map(\.description).joined(separator: ", ")))
        }
        let api = InfluxAPI(rawValue: try settings.value(Self.api)) ?? .v1
        let database = try settings.value(Self.database)
        let organization = try settings.optionalValue(Self.organization)
        let username = try settings.optionalValue(Self.username)
        let token = try settings.optionalValue(Self.token)
        let authorities = try settings.optionalValue(Self.authorities)
        let configuration: InfluxConfiguration
        do throws(InfluxError) {
            configuration = try InfluxConfiguration(
                host: host, api: api, database: database, organization: organization, username: username,
                token: token, authoritiesPath: authorities)
        } catch {
            throw .unusable(Self.host, text: host, SettingProblem(error.message))
        }
        return InfluxSettings(
            configuration: configuration, interval: interval, batchSize: try settings.value(Self.batchSize),
            flushMicros: try settings.value(Self.flushInterval).wholeMicros)
    }
}
