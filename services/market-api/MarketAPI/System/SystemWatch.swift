import MarketWire
import ServiceKit
import ServiceLifecycle

/// Asks stores, broker and processors how the whole system does, while somebody looks at the panel.
final class SystemWatch: Service {
    /// A row of the panel for one store.
    struct StoreState: Sendable {
        let name: String
        /// `ok`, `failed`, or `waiting` where no answer comes.
        let state: String
        let reason: String?
        /// How long the last answer took.
        let answerMicros: Int64?
    }

    let stored: WatchedRead<StoredFigures>
    let endOffsets: WatchedRead<[Int32: Int64]>
    let processors: WatchedRead<[ProcessorStatusRecord]>
    let producers = HeartbeatBook()
    private let time: TimeSource

    /// An answer this old is shown as one that does not come.
    private static let freshMicros: Int64 = 4_000_000
    /// How long the first one who asks waits for answers.
    private static let patienceMicros: Int64 = 2_000_000

    init(
        time: TimeSource, stored: @escaping @Sendable () async throws -> StoredFigures,
        endOffsets: @escaping @Sendable () async throws -> [Int32: Int64],
        processors: @escaping @Sendable () async throws -> [ProcessorStatusRecord]
    ) {
        self.time = time
        self.stored = WatchedRead(time: time, stored)
        self.endOffsets = WatchedRead(time: time, endOffsets)
        self.processors = WatchedRead(time: time, processors)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.stored.run() }
                group.addTask { await self.endOffsets.run() }
                group.addTask { await self.processors.run() }
            }
        }
    }

    /// Wishes for fresh answers and waits a moment for them where the last ones are old.
    func refresh() async {
        let start = time.monotonicMicros
        stored.ask()
        endOffsets.ask()
        processors.ask()
        while time.monotonicMicros - start < Self.patienceMicros {
            if isFresh(stored.last.endedMicros), isFresh(endOffsets.last.endedMicros),
                isFresh(processors.last.endedMicros)
            {
                return
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    /// What was answered, and nothing where the last attempt failed or does not end: old figures are no figures.
    func current<Value>(_ read: WatchedRead<Value>) -> Value? {
        let answer = read.last
        guard answer.failure == nil, isFresh(answer.endedMicros) else { return nil }
        return answer.value
    }

    /// Whether the stores answer, by name.
    var stores: [StoreState] {
        [
            state("postgres", stored.last), state("redis", processors.last), state("kafka", endOffsets.last),
        ]
    }

    private func isFresh(_ endedMicros: Int64?) -> Bool {
        endedMicros.map { time.monotonicMicros - $0 < Self.freshMicros } ?? false
    }

    private func state<Value>(_ name: String, _ answer: WatchedRead<Value>.Answer) -> StoreState {
        guard isFresh(answer.endedMicros) else {
            let words =
                answer.endedMicros.map { "for \((time.monotonicMicros - $0) / 1_000_000) s" } ?? "yet"
            return StoreState(name: name, state: "waiting", reason: "no answer \(words)", answerMicros: nil)
        }
        if let failure = answer.failure {
            return StoreState(name: name, state: "failed", reason: failure, answerMicros: nil)
        }
        return StoreState(name: name, state: "ok", reason: nil, answerMicros: answer.tookMicros)
    }
}
