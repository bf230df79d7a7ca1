import AsyncHTTPClient
import KafkaClient
import MarketWire
import NIOCore
import PostgresClient
import RedisClient
import Schemas
import ServiceKit

/// The servers that the services stand on.
enum ServerChecks {
    static func kafka(_ session: CommandSession, _ settings: Settings) async throws -> CheckOutcome {
        try await session.withAdmin { admin in
            let metadata = try await admin.metadata(timeoutMillis: CommandSession.brokerMillis)
            var lines = ["brokers: \(metadata.brokers.count), topics: \(metadata.topics.count)"]
            var condition = Condition.well
            let catalog = try TopicCatalog(settings)
            let needed = [
                catalog.trades, catalog.source, catalog.candles, catalog.quarantine, catalog.progress,
                catalog.subscriptions, catalog.instruments, catalog.heartbeat,
            ]
            let missing = needed.filter { metadata.topics[$0.name] == nil }.map(\.name)
            if missing.isEmpty {
                lines.append("all \(needed.count) topics are there")
            } else {
                condition = catalog.mayCreate ? .waiting : .bad
                let then = catalog.mayCreate ? "services make them" : "KAFKA_CREATE_TOPICS is false: make them"
                lines.append("not there: \(missing.joined(separator: ", ")); \(then)")
            }
            return CheckOutcome(condition, condition == .well ? "ok" : "topics missing", lines)
        }
    }

    static func postgres(_ session: CommandSession, _ settings: Settings) async throws -> CheckOutcome {
        let rows = try await session.pool.query(
            """
            SELECT current_setting('server_version') AS version, current_database()::text AS database,
                current_user::text AS name, coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
                AS encrypted, has_schema_privilege('public', 'CREATE') AS may_create
            """)
        guard let row = rows.first else { throw CommandError("PostgreSQL answers nothing") }
        let user: String = try row.value("name")
        var lines = [
            "version \(try row.value("version", as: String.self)), database "
                + "\(try row.value("database", as: String.self)) as \(user), "
                + (try row.value("encrypted") ? "encrypted" : "not encrypted")
        ]
        switch try await Migrator(Schemas.postgres).status(on: session.pool) {
        case .current: lines.append("the schema is current")
        case .ahead(let number): lines.append("the schema is newer (\(number)) than this program")
        case .behind(let missing):
            let mayCreate: Bool = try row.value("may_create")
            lines.append("the schema lacks migrations \(missing): marketctl migrate")
            if !mayCreate { lines.append("\(user) may not make tables in the schema public: migrate as one who may") }
            return CheckOutcome(mayCreate ? .waiting : .bad, "schema missing", lines)
        }
        let source = try await session.pool.query("SELECT source FROM market_source")
        guard let found: String = try source.first?.value("source") else {
            return CheckOutcome(.well, "ok", lines + ["belongs to no source yet"])
        }
        return try belongs(to: found, settings, lines)
    }

    static func redis(_ settings: Settings) async throws -> CheckOutcome {
        let replies = try await CommandSession.withRedis(settings) { redis in
            let replies = try await redis.send([["PING"], ["INFO", "server"], ["GET", "market:source"]])
            _ = try replies[0].orThrow()
            return replies
        }
        let version = replies[1].text?.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }
        let lines = [version.map { "version " + $0.dropFirst("redis_version:".count) } ?? "answers"]
        guard let found = replies[2].text else {
            return CheckOutcome(.well, "ok", lines + ["belongs to no source yet"])
        }
        return try belongs(to: found, settings, lines)
    }

    static func api(_ settings: Settings) async throws -> CheckOutcome {
        let api = try APIConnection(settings)
        let version = try await api.get("/version")
        let ready = try await api.get("/ready")
        let lines = ["version \(version.json?["version"]?.text ?? "-") at \(api.url)"]
        guard ready.status == 200 else { return CheckOutcome(.bad, "not ready", lines + [ready.problem]) }
        return CheckOutcome(.well, "ok", lines)
    }

    /// Whether the venue can be asked from here: backfill needs it.
    static func binance(_ settings: Settings) async throws -> CheckOutcome {
        guard !(try settings.value(SharedSettings.marketSource)).isSimulatedMarketSource else {
            return CheckOutcome(.well, "not used", ["the market is a simulated one"])
        }
        let url = try settings.value(SharedSettings.binanceRESTURL)
        let answer: (status: Int, text: String)
        do {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: url + "/api/v3/time"), timeout: .seconds(10))
            let body = try await response.body.collect(upTo: 1 << 16)
            answer = (Int(response.status.code), String(decoding: body.readableBytesView.prefix(200), as: UTF8.self))
        } catch {
            throw CommandError("\(url) does not answer: \(error). BINANCE_REST_URL says where Binance's REST is.")
        }
        switch answer.status {
        case 200: return CheckOutcome(.well, "ok", ["\(url) answers: \(answer.text)"])
        case 451:
            return CheckOutcome(
                .bad, "refused",
                ["Binance may not be used from here (HTTP 451): BINANCE_REST_URL=https://data-api.binance.vision"])
        default: return CheckOutcome(.bad, "HTTP \(answer.status)", [answer.text])
        }
    }

    private static func belongs(to found: String, _ settings: Settings, _ lines: [String]) throws -> CheckOutcome {
        let own = try settings.value(SharedSettings.marketSource)
        guard found == own else {
            return CheckOutcome(
                .bad, "another source",
                lines + ["belongs to the source \(found), MARKET_SOURCE is \(own): ids of two sources would mix"])
        }
        return CheckOutcome(.well, "ok", lines + ["belongs to the source \(found)"])
    }
}
