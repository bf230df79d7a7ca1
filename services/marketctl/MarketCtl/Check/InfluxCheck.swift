import InfluxClient
import MarketWire
import ServiceKit

/// InfluxDB, tried by writing a point, reading it back, and showing the newest candle there.
enum InfluxCheck {
    private static let measurement = "market_stream_check"

    static func run(_ settings: Settings) async throws -> CheckOutcome {
        let intervals = try settings.value(SharedSettings.candleIntervals)
        guard let influx = try InfluxSettings.read(settings, intervals: intervals) else {
            return CheckOutcome(.well, "not used", ["INFLUXDB_HOST is not set"])
        }
        let client = InfluxClient(influx.configuration)
        do {
            let outcome = try await check(client, influx.configuration.target)
            await client.close()
            return outcome
        } catch {
            await client.close()
            throw error
        }
    }

    private static func check(_ client: InfluxClient, _ target: String) async throws -> CheckOutcome {
        let seconds = TimeSource.system.wallMicros / 1_000_000
        try await client.write([
            try InfluxPoint(
                measurement: measurement, tags: [.init("writer", "marketctl")], fields: [.init("value", "\(seconds)")],
                timeSeconds: seconds)
        ])
        var lines = ["\(target): a point of \(measurement) is written"]
        let back = try await client.query(
            "SELECT value FROM \(measurement) WHERE time = \(seconds)s AND writer = 'marketctl'")
        guard try rows(back).contains(where: { $0.contains("\(seconds)") }) else {
            return CheckOutcome(.bad, "not read back", lines + ["what was written is not found again"])
        }
        lines.append("and read back")
        let newest = try await client.query("SELECT * FROM crypto_price ORDER BY time DESC LIMIT 1")
        if let row = try rows(newest).first {
            lines.append("newest candle there: \(row)")
        } else {
            lines.append("no candle is there yet")
        }
        return CheckOutcome(.well, "ok", lines)
    }

    /// The rows of an answer of `/query`, each as `column=value ...`.
    private static func rows(_ answer: [UInt8]) throws -> [String] {
        let results = try JSONValue(parsing: answer)["results"]?.elements ?? []
        if let error = results.first?["error"]?.text { throw InfluxError(.refused(status: 200), error) }
        return results.flatMap { $0["series"]?.elements ?? [] }.flatMap { series in
            let columns = (series["columns"]?.elements ?? []).map { $0.text ?? "" }
            return (series["values"]?.elements ?? []).map { row in
                zip(columns, row.elements ?? []).map { "\($0)=\(cell($1))" }.joined(separator: " ")
            }
        }
    }

    private static func cell(_ value: JSONValue) -> String {
        if case .number(let literal) = value { return literal }
        return value.text ?? "-"
    }
}
