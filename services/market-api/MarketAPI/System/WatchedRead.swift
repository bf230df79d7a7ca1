import ServiceKit
import Synchronization

/// Something that is read again and again while somebody wants to know it, and not at all otherwise. Who asks never
/// waits for a store that hangs: there is always the last answer, and how old it is.
final class WatchedRead<Value: Sendable>: Sendable {
    /// What is known of it.
    struct Answer: Sendable {
        /// The last one that came.
        var value: Value?
        /// How long that took.
        var tookMicros: Int64?
        /// When the last attempt ended, by the monotonic clock.
        var endedMicros: Int64?
        /// Why the last attempt gave nothing.
        var failure: String?
    }

    private let time: TimeSource
    private let pause: Duration
    private let read: @Sendable () async throws -> Value
    private let answer = Mutex(Answer())
    private let asks: AsyncStream<Void>
    private let asksEnd: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - pause: between two reads.
    ///   - read: asks the store.
    init(time: TimeSource, pause: Duration = .seconds(1), _ read: @escaping @Sendable () async throws -> Value) {
        self.time = time
        self.pause = pause
        self.read = read
        (asks, asksEnd) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Reads when it was asked to, until the task is cancelled. One task calls this.
    func run() async {
        for await _ in asks {
            let start = time.monotonicMicros
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await read()) } catch { outcome = .failure(error) }
            if Task.isCancelled { return }
            let now = time.monotonicMicros
            answer.withLock { answer in
                switch outcome {
                case .success(let value):
                    answer = Answer(value: value, tookMicros: now - start, endedMicros: now)
                case .failure(let error):
                    answer.endedMicros = now
                    answer.failure = "\(error)"
                }
            }
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// Wishes to know it anew.
    func ask() { asksEnd.yield() }

    /// What is known.
    var last: Answer { answer.withLock { $0 } }
}
