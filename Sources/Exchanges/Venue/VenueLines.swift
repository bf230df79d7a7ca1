public import MarketCore
import Synchronization
import WebSockets

/// Shares a venue's instruments out among connections, and keeps up as many as that takes. What is followed may change
/// at any time: open connections go on, and only ask for what is new and no longer for what is not wanted.
public final class VenueLines: Sendable {
    private let venue: String
    private let size: Int
    private let limit: Int
    /// One that has nothing to follow keeps its place and its name.
    private let lines = Mutex<[LineInstruments]>([])
    private let changed = ChangeSignal()

    /// - Parameters:
    ///   - size: instruments of one connection at most.
    ///   - limit: connections at most.
    init(venue: String, size: Int = .max, limit: Int = 1) {
        self.venue = venue
        self.size = size
        self.limit = limit
    }

    /// The connections that follow anything.
    public var connections: [VenueConnection] {
        lines.withLock { $0 }.compactMap { line in
            let instruments = line.instruments
            return instruments.isEmpty ? nil : VenueConnection(name: line.name, instruments: instruments)
        }
    }

    /// Follows these from now on, and no others.
    ///
    /// - Returns: those at the end that there is no room for: the venue lets one follow no more.
    public func follow(_ instruments: [Instrument]) -> [Instrument] {
        let (room, isEndless) = size.multipliedReportingOverflow(by: limit)
        let refused = isEndless ? [] : Array(instruments.dropFirst(room))
        let instruments = instruments.dropLast(refused.count)
        lines.withLock { lines in
            let wanted = Set(instruments)
            var shares = lines.map { $0.instruments.filter(wanted.contains) }
            let kept = Set(shares.joined())
            var place = 0
            for instrument in instruments where !kept.contains(instrument) {
                while place < shares.count, shares[place].count >= size { place += 1 }
                if place == shares.count {
                    shares.append([])
                    lines.append(LineInstruments(name: place == 0 ? venue : "\(venue)-\(place + 1)"))
                }
                shares[place].append(instrument)
            }
            for (line, share) in zip(lines, shares) { line.set(share) }
        }
        changed.tell()
        return refused
    }

    private enum Event: Sendable {
        case changed
        /// Nothing is left to follow on it, or the error ends everything.
        case ended(Int, (any Error)?)
    }

    /// Keeps the connections up until the task is cancelled.
    ///
    /// - Throws: what the receiver throws, or `CancellationError`.
    func run(
        _ dialect: any StreamDialect, _ rules: ConnectionRules, wallMicros: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double, _ receiver: some TradeReceiver
    ) async throws {
        let client = try await rules.client()
        let attempts = rules.attempts.map { ConnectionAttempts($0) }
        let changes = changed.listen()
        let (events, continuation) = AsyncStream<Event>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { for await _ in changes { continuation.yield(.changed) } }
            var running: Set<Int> = []
            func start() {
                for (place, instruments) in lines.withLock({ $0 }).enumerated()
                where !instruments.instruments.isEmpty && running.insert(place).inserted {
                    let line = VenueLine(
                        instruments: instruments, dialect: dialect, client: client, rules: rules, attempts: attempts,
                        wallMicros: wallMicros, random: random)
                    group.addTask {
                        do {
                            try await Self.run(line, receiver)
                            continuation.yield(.ended(place, nil))
                        } catch {
                            continuation.yield(.ended(place, error))
                        }
                    }
                }
            }
            start()
            for await event in events {
                if case .ended(let place, let error) = event {
                    if let error { throw error }
                    running.remove(place)
                }
                start()
            }
            throw CancellationError()
        }
    }

    /// Keeps one up while it has anything to follow.
    private static func run(_ line: VenueLine, _ receiver: some TradeReceiver) async throws {
        let changes = line.instruments.changes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await line.run(receiver) }
            group.addTask {
                if line.instruments.instruments.isEmpty { return }
                for await _ in changes where line.instruments.instruments.isEmpty { return }
                throw CancellationError()
            }
            try await group.next()
        }
        receiver.connection(line.instruments.name, .released)
    }
}
