import MarketWire
import RedisClient

/// What processors write of themselves in Redis: `market:processor:<id>`, found through `market:processors`.
package enum ProcessorDirectory {
    /// More than this are no processors.
    private static let limit = 256

    package static func read(_ redis: RedisClient) async throws(RedisError) -> [ProcessorStatusRecord] {
        let names = try await redis.send(["ZREVRANGE", "market:processors", "0", "\(limit - 1)"])
        let keys = (names.elements ?? []).compactMap(\.text).map { "market:processor:\($0)" }
        guard !keys.isEmpty else { return [] }
        let found = try await redis.send(RedisCommand(["MGET"] + keys))
        return (found.elements ?? []).compactMap { reply in
            // One that cannot be read is of another version, and says nothing.
            reply.text.flatMap { try? ProcessorStatusRecord(decoding: Array($0.utf8)) }
        }.sorted { $0.processorID < $1.processorID }
    }
}
