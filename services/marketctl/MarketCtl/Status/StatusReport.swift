import KafkaClient
import MarketWire
import PostgresClient
import Schemas
import ServiceKit

/// How every part stands.
struct StatusReport: Sendable {
    struct Part: Sendable {
        let name: String
        let condition: Condition
        /// One word for the condition, `ok` or `silent`.
        let word: String
        let detail: String

        init(_ name: String, _ condition: Condition, _ word: String, _ detail: String) {
            self.name = name
            self.condition = condition
            self.word = word
            self.detail = detail
        }

        init(_ name: String, failed error: any Error) { self.init(name, .bad, "failed", "\(error)") }
    }

    var parts: [Part] = []
    var partitions: TextTable?
    /// A sentence for each partition that stands still until a person decides.
    var halts: [String] = []

    /// Asks all of them at once; one that does not answer holds the others up for its time-out alone.
    static func read(_ session: CommandSession, _ settings: Settings, time: TimeSource) async -> StatusReport {
        async let log = readLog(session)
        async let database = readDatabase(session)
        async let redis = readRedis(settings, time)
        async let api = readAPI(settings)
        async let producers = readProducers(session, time)
        var report = StatusReport()
        let (kafka, partitions) = await log
        report.parts = await [kafka, database] + redis + [api] + producers
        switch partitions {
        case .success(let found)?:
            report.partitions = found.table
            report.halts = found.halts
            if !found.halts.isEmpty {
                report.parts.append(
                    Part("partitions", .bad, "halted", "\(found.halts.count) stand still until a person decides"))
            }
        case .failure(let error)?: report.parts.append(Part("partitions", failed: error))
        case nil: break
        }
        return report
    }

    private static func readLog(
        _ session: CommandSession
    ) async -> (Part, Result<PartitionReport, any Error>?) {
        do {
            return try await session.withAdmin { admin in
                guard let log = try await LogIdentity.find(session.topic, admin) else {
                    return (
                        Part(
                            "kafka", .bad, "no topic", "the broker has no topic \(session.topic): no producer has run"),
                        nil
                    )
                }
                let part = Part("kafka", .well, "ok", "topic \(session.topic), \(log.partitionCount) partitions")
                do {
                    return (part, .success(try await PartitionReport.read(session, admin)))
                } catch {
                    return (part, .failure(error))
                }
            }
        } catch {
            return (Part("kafka", failed: error), nil)
        }
    }

    private static func readDatabase(_ session: CommandSession) async -> Part {
        do {
            let rows = try await session.pool.query(
                "SELECT pg_size_pretty(pg_database_size(current_database())) AS size")
            let size: String = try rows.first?.value("size") ?? "-"
            switch try await Migrator(Schemas.postgres).status(on: session.pool) {
            case .current: return Part("postgres", .well, "ok", "schema current, \(size)")
            case .ahead(let number): return Part("postgres", .well, "ok", "schema \(number), newer than this, \(size)")
            case .behind(let missing):
                return Part("postgres", .bad, "old schema", "lacks migrations \(missing): marketctl migrate")
            }
        } catch {
            return Part("postgres", failed: error)
        }
    }

    /// Redis, and what processors write of themselves there.
    private static func readRedis(_ settings: Settings, _ time: TimeSource) async -> [Part] {
        let processors: [ProcessorStatusRecord]
        do {
            processors = try await CommandSession.withRedis(settings) { try await ProcessorDirectory.read($0) }
        } catch {
            return [Part("redis", failed: error)]
        }
        let now = time.wallMicros
        let isRunning = processors.contains { $0.state == .running && !$0.isSilent(nowMicros: now) }
        let none = Part("processor", .bad, "none", "no trade-processor runs")
        return [Part("redis", .well, "ok", "")] + processors.map { part($0, nowMicros: now) }
            + (isRunning ? [] : [none])
    }

    private static func part(_ record: ProcessorStatusRecord, nowMicros: Int64) -> Part {
        let age = Age.text(micros: nowMicros - record.sentTimeMicros)
        let name = "processor \(record.processorID)"
        if record.state == .stopped { return Part(name, .waiting, "stopped", "\(age) ago") }
        if record.isSilent(nowMicros: nowMicros) { return Part(name, .bad, "silent", "for \(age)") }
        let halted = record.partitions.count { $0.state == .halted }
        let detail =
            "\(record.version), \(record.partitions.count) partitions, \(record.counts.tradesAccepted) trades, "
            + "\(record.counts.candlesStored) candles since its start"
        return Part(name, halted == 0 ? .well : .bad, halted == 0 ? "running" : "\(halted) halted", detail)
    }

    private static func readAPI(_ settings: Settings) async -> Part {
        do {
            let api = try APIConnection(settings)
            let ready = try await api.get("/ready")
            let version = try await api.get("/version").json?["version"]?.text ?? "-"
            guard ready.status == 200 else { return Part("market-api", .bad, "not ready", ready.problem) }
            return Part("market-api", .well, "ok", "\(version) at \(api.url)")
        } catch {
            return Part("market-api", failed: error)
        }
    }
}
