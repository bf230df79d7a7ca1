import RedisClient
import Synchronization
import TestServers

/// Gives a client of its own to a test and closes it at the end.
func withClient<Outcome>(
    _ url: String, report: @escaping @Sendable (RedisEvent) -> Void = { _ in },
    change: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> Outcome
) async throws -> Outcome {
    var configuration = try RedisConfiguration(url: url)
    configuration.reconnectMaxMillis = 200
    change(&configuration)
    let client = RedisClient(configuration, report: report)
    do {
        let outcome = try await body(client)
        await client.close()
        return outcome
    } catch {
        await client.close()
        throw error
    }
}

/// A server of its own for a test that hurts it.
func withServer<Outcome>(
    _ options: RedisServer.Options = RedisServer.Options(), _ body: (RedisServer) async throws -> Outcome
) async throws -> Outcome {
    let server = try await RedisServer.start(options: options)
    do {
        let outcome = try await body(server)
        try await server.stop()
        return outcome
    } catch {
        try? await server.stop()
        throw error
    }
}

/// Waits until a client is connected.
func waitUntilConnected(_ client: RedisClient) async throws {
    try await waitUntil("the client is connected", withinMillis: 20_000, everyMillis: 5) { client.state == .connected }
}

/// Waits until as many other clients of the server follow a channel.
func waitUntilFollowed(_ channel: String, by count: Int64, _ client: RedisClient) async throws {
    try await waitUntil("\(channel) has \(count) followers", withinMillis: 20_000, everyMillis: 5) {
        let reply = try await client.send(["PUBSUB", "NUMSUB", channel])
        return reply.elements?.last?.integerValue == count
    }
}

/// Waits until one of the server's clients waits in a blocking command.
func waitUntilBlocked(_ client: RedisClient) async throws {
    try await waitUntil("a call is under way", withinMillis: 20_000, everyMillis: 5) {
        try await client.send(["INFO", "clients"]).requireText().contains("blocked_clients:1")
    }
}

/// What happened, in order, from any thread.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }

    func add(_ element: Element) { elements.withLock { $0.append(element) } }
}

/// A known sequence of random numbers (SplitMix64), so that a failure can be repeated.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
