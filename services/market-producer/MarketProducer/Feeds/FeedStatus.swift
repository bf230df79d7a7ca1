import MarketCore
import MarketWire
import ServiceKit
import Synchronization

/// The state of each connection of a feed, by its name.
final class FeedStatuses: Sendable {
    private let statuses = Mutex<[String: FeedStatus]>([:])

    subscript(name: String) -> FeedStatus {
        statuses.withLock { statuses in
            if let known = statuses[name] { return known }
            let new = FeedStatus()
            statuses[name] = new
            return new
        }
    }

    func forget(_ name: String) { statuses.withLock { $0[name] = nil } }
}

/// The state of one connection, as heartbeats tell it.
final class FeedStatus: Sendable {
    private struct Contents {
        var state = HeartbeatRecord.Connection.State.connecting
        var connectedSinceMicros: Int64?
        var lastMessageMicros: Int64?
        var lastTradeMicros: Int64?
        var messages: Int64 = 0
        var trades: Int64 = 0
        var reconnects: Int64 = 0
        var lastError: String?
    }

    private let contents = Mutex(Contents())
    private let lag = LatencyWindow()

    /// - Returns: whether the state is another than before.
    @discardableResult
    func set(_ state: HeartbeatRecord.Connection.State, atMicros micros: Int64, error: String? = nil) -> Bool {
        contents.withLock { contents in
            defer { contents.state = state }
            guard contents.state != state else { return false }
            contents.connectedSinceMicros = state == .connected ? micros : nil
            if state == .disconnected { contents.reconnects += 1 }
            if let error { contents.lastError = error }
            return true
        }
    }

    func messageCame(atMicros micros: Int64) {
        contents.withLock { contents in
            contents.lastMessageMicros = micros
            contents.messages += 1
        }
    }

    func traded(_ trades: [Trade], atMicros micros: Int64) {
        lag.record(trades.lazy.map { micros - $0.eventTimeMicros }, atMicros: micros)
        contents.withLock { contents in
            contents.trades += Int64(trades.count)
            contents.lastTradeMicros = trades.last?.eventTimeMicros ?? contents.lastTradeMicros
        }
    }

    /// The heartbeat's entry, with rates since the last one; the counts begin anew.
    func heartbeat(
        venue: String, name: String, instruments: [Instrument], atMicros now: Int64, sinceMicros elapsedMicros: Int64
    ) -> HeartbeatRecord.Connection {
        contents.withLock { contents in
            defer {
                contents.messages = 0
                contents.trades = 0
            }
            let seconds = Double(max(elapsedMicros, 1)) / 1e6
            return HeartbeatRecord.Connection(
                venue: venue, name: name, state: contents.state, instruments: instruments.map(\.key),
                connectedSinceMicros: contents.connectedSinceMicros, lastMessageTimeMicros: contents.lastMessageMicros,
                lastTradeTimeMicros: contents.lastTradeMicros, messagesPerSecond: Double(contents.messages) / seconds,
                tradesPerSecond: Double(contents.trades) / seconds, reconnectCount: contents.reconnects,
                lastError: contents.lastError, eventLag: lag.figures(atMicros: now))
        }
    }
}
