import FoundationEssentials
import Logging
import MarketWire
import RedisClient
import ServiceKit

/// Writes how this processor does to Redis, once a second: `market:processor:<id>`, found through the sorted set
/// `market:processors` (scores are unix milliseconds). Hot state like everything there: a lost one is written again.
struct StatusReporter: Sendable {
    let redis: RedisClient
    let figures: EngineFigures
    let processorID: String
    let topic: String
    let time: TimeSource
    let logger: Logger
    private let startedMicros: Int64

    private static let pause = Duration.seconds(1)
    /// How long one that says nothing any more is remembered, and one that ended in good order.
    private static let silentSeconds: Int64 = 600
    private static let stoppedSeconds: Int64 = 60
    private static let directory = "market:processors"

    init(
        redis: RedisClient, figures: EngineFigures, processorID: String, topic: String, time: TimeSource,
        logger: Logger
    ) {
        self.redis = redis
        self.figures = figures
        self.processorID = processorID
        self.topic = topic
        self.time = time
        self.logger = logger
        startedMicros = time.wallMicros
    }

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await write(.running)
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// The last word. Not while `run` goes on: it would be overwritten.
    func stop() async { await write(.stopped) }

    private func write(_ state: ProcessorStatusRecord.State) async {
        let record = figures.record(
            processorID: processorID, topic: topic, state: state, startedMicros: startedMicros, time: time)
        let millis = record.sentTimeMicros / 1_000
        let seconds = state == .stopped ? Self.stoppedSeconds : Self.silentSeconds
        let text = String(decoding: record.encoded(), as: UTF8.self)
        do throws(RedisError) {
            let replies = try await redis.send([
                RedisCommand(["SET", "market:processor:\(processorID)", text, "EX", "\(seconds)"]),
                RedisCommand(["ZADD", Self.directory, "\(millis)", processorID]),
                RedisCommand(["ZREMRANGEBYSCORE", Self.directory, "-inf", "\(millis - Self.silentSeconds * 1_000)"]),
                RedisCommand(["EXPIRE", Self.directory, "\(Self.silentSeconds)"]),
            ])
            for reply in replies { _ = try reply.orThrow() }
        } catch {
            // The live publisher says on the health board that Redis is away.
            logger.debug("the status could not be written", metadata: ["error": "\(error)"])
        }
    }
}

/// What a processor without a name of its own is called: the machine and the process.
enum ProcessName {
    static var text: String {
        let host =
            FileManager.default.contents(atPath: "/proc/sys/kernel/hostname")
            .map { String(decoding: $0.prefix(64), as: UTF8.self).filter { !$0.isWhitespace } } ?? ""
        return "\(host.isEmpty ? "processor" : host)/\(ProcessInfo.processInfo.processIdentifier)"
    }
}
