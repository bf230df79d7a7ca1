import Synchronization

/// Binance's budget of requests: so much weight a minute for each address.
final class RequestWeights: Sendable {
    private struct Contents {
        var minute: Int64 = -1
        var used: [String: Int] = [:]
    }

    /// More addresses than these share the last one's budget, so that a minute's memory is bounded.
    private static let maxAddresses = 10_000

    /// Weight a minute; 0 for no limit.
    let limit: Int
    private let contents = Mutex(Contents())

    init(limit: Int) { self.limit = limit }

    /// Books a request.
    ///
    /// - Returns: the weight used this minute, and the seconds until the next minute where it was too much.
    func book(_ weight: Int, address: String, nowMicros: Int64) -> (used: Int, retryAfterSeconds: Int?) {
        let minute = nowMicros / 60_000_000
        let used = contents.withLock { contents in
            if contents.minute != minute {
                contents.minute = minute
                contents.used.removeAll(keepingCapacity: true)
            }
            let isKnown = contents.used[address] != nil || contents.used.count < Self.maxAddresses
            let key = isKnown ? address : ""
            contents.used[key, default: 0] += weight
            return contents.used[key, default: 0]
        }
        guard limit > 0, used > limit else { return (used, nil) }
        return (used, Int(60 - nowMicros / 1_000_000 % 60))
    }
}
