import KafkaClient
import Logging
import MarketWire

/// Whose market a log is, as written in the log's own topic beside `trades`.
struct LogSource: Sendable {
    let configuration: KafkaConfiguration
    let topic: String

    private static let timeoutMillis = 10_000

    /// The source that is recorded; nil where none is.
    ///
    /// - Throws: `KafkaError`, `WireError` where the record is none.
    func recorded() async throws -> String? {
        let reader = try KafkaReader(configuration, topic: topic)
        let outcome: Result<String?, any Error>
        do {
            var first: [UInt8]?
            // A closed reader waits for no broker: who is cancelled need not either.
            try await withTaskCancellationHandler {
                try await reader.readToEnd(timeoutMillis: Self.timeoutMillis) { record in
                    if first == nil { first = record.value }
                }
            } onCancel: {
                Task { await reader.close() }
            }
            outcome = .success(try first.map { try SourceRecord(decoding: $0).source })
        } catch {
            outcome = .failure(error)
        }
        await reader.close()
        return try outcome.get()
    }

    /// Records the source where none is, and gives the recorded one: of two that do so at once the first one counts.
    func claim(_ source: String) async throws -> String {
        if let recorded = try await recorded() { return recorded }
        try await SingleRecord.deliver(
            configuration, topic: topic, partition: 0, key: SourceRecord.key,
            value: SourceRecord(source: source).encoded(), timeoutMillis: Self.timeoutMillis)
        return try await recorded() ?? source
    }
}

extension KafkaSetup {
    /// Makes sure that the log is of this service's source, and marks it where nobody did. Waits for the broker as long
    /// as it takes.
    ///
    /// - Throws: ``SourceMismatchError`` where the log is another source's, `CancellationError`.
    public func claimLog(of source: String, catalog: TopicCatalog, health: HealthBoard) async throws {
        try await verify(of: source, catalog, { log in try await log.claim(source) }) { problem, attempt in
            report(problem, attempt, health)
        }
        health.set("kafka", .ok)
    }

    /// Waits until the log says whose it is, as long as it takes, and writes nothing: for those who read what others
    /// made of it.
    ///
    /// - Throws: ``SourceMismatchError`` where the log is another source's, `CancellationError`.
    public func checkLog(of source: String, catalog: TopicCatalog) async throws {
        try await verify(of: source, catalog, { log in try await log.recorded() }) { _, _ in }
    }

    private func verify(
        of source: String, _ catalog: TopicCatalog, _ ask: (LogSource) async throws -> String?,
        onProblem: (String, Int) -> Void
    ) async throws {
        let log = LogSource(configuration: configuration, topic: catalog.source.name)
        var attempt = 0
        while true {
            try Task.checkCancellation()
            do {
                if let found = try await ask(log) {
                    try SourceMismatchError.check(found, own: source, in: "the topic \(catalog.trades.name)")
                    return
                }
            } catch let error as SourceMismatchError {
                throw error
            } catch {
                onProblem("whose market the log is cannot be read: \(error)", attempt)
            }
            attempt += 1
            try await Task.sleep(for: .milliseconds(min(5_000, 100 << min(attempt, 6))))
        }
    }
}
