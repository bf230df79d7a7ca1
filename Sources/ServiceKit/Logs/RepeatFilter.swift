/// Lets a few lines of each kind through, and then a few again after a while: librdkafka says the same twenty times a
/// second while a broker is out of reach, and what fails for one instrument may fail for all of a thousand.
struct RepeatFilter: Sendable {
    private struct Kind {
        var pauseEndsMicros: Int64
        var admitted = 1
        var leftOut = 0
    }

    private let burst: Int
    private let pauseMicros: Int64
    private let maxKinds: Int
    private var kinds: [String: Kind] = [:]

    /// - Parameters:
    ///   - burst: lines of one kind that are let through within a pause.
    ///   - pauseMicros: from the first of them until the next ones.
    ///   - maxKinds: more are not remembered; the one heard of longest ago is forgotten first.
    init(burst: Int = 1, pauseMicros: Int64 = 30_000_000, maxKinds: Int = 64) {
        self.burst = burst
        self.pauseMicros = pauseMicros
        self.maxKinds = maxKinds
    }

    /// - Returns: how many of this kind were left out before this one; nil when this one is to be left out, too.
    mutating func admit(_ line: String, nowMicros: Int64) -> Int? {
        let name = Self.kind(of: line)
        if let kind = kinds[name], nowMicros < kind.pauseEndsMicros {
            if kind.admitted < burst {
                kinds[name]?.admitted += 1
                return 0
            }
            kinds[name]?.leftOut += 1
            return nil
        }
        let leftOut = kinds[name]?.leftOut ?? 0
        if kinds[name] == nil, kinds.count >= maxKinds,
            let oldest = kinds.min(by: { $0.value.pauseEndsMicros < $1.value.pauseEndsMicros })
        {
            kinds[oldest.key] = nil
        }
        kinds[name] = Kind(pauseEndsMicros: nowMicros + pauseMicros)
        return leftOut
    }

    /// Lines that differ in their numbers alone are of one kind ("0/1 brokers are down", "1/1 brokers are down").
    private static func kind(of line: String) -> String { String(line.filter { !$0.isNumber }) }
}
