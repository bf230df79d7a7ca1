import Metrics
import ServiceKit
import Synchronization

/// Counts requests by client, in windows of a minute that begin with a client's first request.
///
/// The table of clients is bounded. Policy when it is full: windows that have ended go; while that makes no room,
/// newcomers share one count, so that those who are known go on and nobody gets more by being many.
final class RateLimiter: Sendable {
    /// Whose requests are counted together.
    enum Client: Hashable, Sendable {
        /// An IPv4 address, or the /64 of an IPv6 one: a host has as many of those as it likes.
        case network(UInt128)
        /// Who has the token is counted by itself, wherever it is.
        case token
        /// No address is known, or the table is full.
        case others

        init(address: String?) {
            guard let address = address.flatMap({ NetworkAddress($0) }) else {
                self = .others
                return
            }
            self = .network(address.isVersion4 ? address.bits : (address.bits >> 64) << 64)
        }
    }

    /// What a client is told.
    struct Verdict: Hashable, Sendable {
        let isAllowed: Bool
        let limit: Int
        let remaining: Int
        /// Until the window ends, rounded up.
        let resetSeconds: Int
    }

    private struct Window {
        let endMicros: Int64
        var count: Int
    }

    private struct Table {
        var windows: [Client: Window] = [:]
        /// When it was last looked through for windows that have ended.
        var sweptMicros: Int64?
    }

    private static let windowMicros: Int64 = 60_000_000
    /// A full table is looked through this often at most, however many newcomers there are.
    private static let sweepMicros: Int64 = 1_000_000
    static let defaultTableLimit = 65_536

    private let limit: Int
    private let tableLimit: Int
    private let time: TimeSource
    private let table = Mutex(Table())
    private let refused = Counter(label: "http_requests_limited_total")

    /// - Parameters:
    ///   - limit: requests a minute; 0 counts nothing.
    ///   - tableLimit: clients that are counted each by itself.
    init(limit: Int, tableLimit: Int = defaultTableLimit, time: TimeSource) {
        self.limit = limit
        self.tableLimit = tableLimit
        self.time = time
    }

    /// Counts a request.
    ///
    /// - Returns: nil where nothing is limited.
    func take(_ client: Client) -> Verdict? {
        guard limit > 0 else { return nil }
        let now = time.monotonicMicros
        let verdict = table.withLock { table in
            let client = Self.place(client, &table, tableLimit, now)
            var window =
                table.windows[client].flatMap { $0.endMicros > now ? $0 : nil }
                ?? Window(endMicros: now + Self.windowMicros, count: 0)
            let isAllowed = window.count < limit
            if isAllowed { window.count += 1 }
            table.windows[client] = window
            return Verdict(
                isAllowed: isAllowed, limit: limit, remaining: limit - window.count,
                resetSeconds: Int((window.endMicros - now + 999_999) / 1_000_000))
        }
        if !verdict.isAllowed { refused.increment() }
        return verdict
    }

    private static func place(
        _ client: Client, _ table: inout Table, _ tableLimit: Int, _ now: Int64
    ) -> Client {
        guard case .network = client, table.windows[client] == nil, table.windows.count >= tableLimit else {
            return client
        }
        if let swept = table.sweptMicros, now - swept < sweepMicros { return .others }
        table.sweptMicros = now
        table.windows = table.windows.filter { $0.value.endMicros > now }
        return table.windows.count < tableLimit ? client : .others
    }
}
