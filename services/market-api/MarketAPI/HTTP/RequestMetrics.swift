import Metrics
import Synchronization

/// Counts requests and times them. Labels are the matched route, a known method and the status.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private struct Series: Sendable {
        let count: Counter
        let duration: Timer
    }

    private let series = Mutex<[Key: Series]>([:])

    func record(route: String, method: String, status: Int, durationMicros: Int64) {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
        let key = Key(route: route, method: known.contains(method) ? method : "other", status: status)
        let found = series.withLock { series in
            if let found = series[key] { return found }
            let made = Series(
                count: Counter(
                    label: "http_requests_total",
                    dimensions: [("route", route), ("method", key.method), ("status", String(status))]),
                duration: Timer(label: "http_request_duration_seconds", dimensions: [("route", route)]))
            series[key] = made
            return made
        }
        found.count.increment()
        found.duration.recordMicroseconds(durationMicros)
    }
}
