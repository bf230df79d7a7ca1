import KafkaClient
import MarketWire
import ServiceKit

extension StatusReport {
    /// What producers say of themselves on `market.heartbeat`.
    static func readProducers(_ session: CommandSession, _ time: TimeSource) async -> [Part] {
        do {
            let beats = try await heartbeats(session)
            let recent = beats.filter { time.wallMicros - $0.sentTimeMicros < HeartbeatRecord.forgottenMicros }
            guard !recent.isEmpty else { return [Part("producer", .bad, "none", "no market-producer runs")] }
            return recent.sorted { $0.producerID < $1.producerID }.flatMap { parts($0, time) }
        } catch {
            return [Part("producer", failed: error)]
        }
    }

    private static func parts(_ beat: HeartbeatRecord, _ time: TimeSource) -> [Part] {
        let age = time.wallMicros - beat.sentTimeMicros
        let name = "producer \(beat.producerID)"
        guard !beat.isSilent(nowMicros: time.wallMicros) else {
            return [Part(name, .bad, "silent", "for \(Age.text(micros: age))")]
        }
        let waiting = beat.waitingTrades.map { ", \($0) trades wait for the broker" } ?? ""
        let producer = Part(name, .well, "running", "\(beat.version ?? "-")\(waiting)")
        return [producer]
            + beat.connections.map { connection in
                let name = "  \(connection.venue) \(connection.name)"
                let last = connection.lastTradeTimeMicros.map {
                    ", last trade \(Age.text(micros: time.wallMicros - $0)) ago"
                }
                let detail =
                    "\(connection.instruments.count) instruments, \(Int(connection.tradesPerSecond.rounded())) trades/s"
                    + (last ?? ", no trade yet")
                let condition: Condition =
                    switch connection.state {
                    case .connected: .well
                    case .connecting: .waiting
                    case .disconnected: .bad
                    }
                let error = connection.state == .connected ? "" : connection.lastError.map { ": \($0)" } ?? ""
                return Part(name, condition, connection.state.rawValue, detail + error)
            }
    }

    private static func heartbeats(_ session: CommandSession) async throws -> [HeartbeatRecord] {
        let topic = try TopicCatalog(session.settings).heartbeat.name
        let isThere = try await session.withAdmin { try await $0.partitionCount(of: topic) != nil }
        guard isThere else { return [] }
        let reader = try KafkaReader(session.kafka, topic: topic)
        var latest: [String: HeartbeatRecord] = [:]
        do {
            try await reader.readToEnd(timeoutMillis: CommandSession.brokerMillis) { record in
                // One that cannot be read is of another version.
                guard let value = record.value, let beat = try? HeartbeatRecord(decoding: value) else { return }
                latest[beat.producerID] = beat
            }
            await reader.close()
        } catch {
            await reader.close()
            throw error
        }
        return Array(latest.values)
    }
}

/// How long ago, for people.
enum Age {
    static func text(micros: Int64) -> String {
        let tenths = max(0, micros) / 100_000
        let seconds = tenths / 10
        return switch seconds {
        case ..<60: "\(seconds).\(tenths % 10) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
        }
    }
}
