import FoundationEssentials

/// What the clients saw, as JSON. Times are milliseconds. `client...` are of the clients' own p99: their median, their
/// p99, their maximum.
struct LoadReport: Encodable {
    var clients = 0
    var connected = 0
    /// Connected, and ended before the end.
    var closed = 0
    /// Connected, and without a message that counts.
    var silent = 0
    var seconds = 0.0
    var messages = 0
    var messageBytes = 0.0
    var p50 = 0.0
    var p99 = 0.0
    var max = 0.0
    var clientMedian = 0.0
    var clientHigh = 0.0
    var clientMax = 0.0
    /// Of this process, while it counted.
    var cpuSeconds = 0.0

    init(_ connected: [LoadClient], clients: Int, seconds: Double, cpuSeconds: Double) {
        self.clients = clients
        self.seconds = seconds
        self.cpuSeconds = cpuSeconds
        self.connected = connected.count
        var all: [Int32] = []
        var own: [Int32] = []
        var bytes = 0
        for client in connected {
            bytes += client.messageBytes
            if client.stage == .closed { closed += 1 }
            guard !client.agesMicros.isEmpty else {
                silent += 1
                continue
            }
            own.append(Self.value(at: 0.99, of: client.agesMicros.sorted()))
            all += client.agesMicros
        }
        messages = all.count
        guard !all.isEmpty else { return }
        messageBytes = Double(bytes) / Double(messages)
        all.sort()
        own.sort()
        p50 = Self.millis(0.5, all)
        p99 = Self.millis(0.99, all)
        max = Self.millis(1, all)
        clientMedian = Self.millis(0.5, own)
        clientHigh = Self.millis(0.99, own)
        clientMax = Self.millis(1, own)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private static func millis(_ share: Double, _ sorted: [Int32]) -> Double {
        Double(value(at: share, of: sorted)) / 1e3
    }

    /// The smallest value that so great a share of all does not exceed (nearest rank).
    private static func value(at share: Double, of sorted: [Int32]) -> Int32 {
        sorted[Swift.max(1, Int((share * Double(sorted.count)).rounded(.up))) - 1]
    }
}
