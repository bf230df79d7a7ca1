import MarketWire
import ServiceKit

/// The answer of `/system`: what every part of the system says of itself, put together.
struct SystemReport: Sendable {
    /// How one partition of the trades stands: PostgreSQL's word, the broker's, and that of the processor that has it.
    struct Partition: Sendable {
        let number: Int32
        var processorID: String?
        /// The processor's word, or `unassigned` where none that lives has it.
        var state = "unassigned"
        var reason: String?
        var nextOffset: Int64?
        var endOffset: Int64?
        var watermarkMicros: Int64?
        var newestTradeMicros: Int64?
        var committedMicros: Int64?
        var instruments: Int64 = 0
        var waiting: Int64 = 0

        /// Records that lie in the log and are not committed.
        var lag: Int64? {
            guard let nextOffset, let endOffset else { return nil }
            return max(0, endOffset - nextOffset)
        }
    }

    let nowMicros: Int64
    let marketSource: String
    let api: APIFigures
    let venues: [VenueMonitor.Report]
    let producers: [HeartbeatRecord]
    /// Nil where Redis did not say.
    let processors: [ProcessorStatusRecord]?
    /// Nil where PostgreSQL did not say.
    let stored: StoredFigures?
    let endOffsets: [Int32: Int64]
    let stores: [SystemWatch.StoreState]

    /// `running`, `silent` or `stopped`.
    func state(of processor: ProcessorStatusRecord) -> String {
        processor.isSilent(nowMicros: nowMicros) ? "silent" : processor.state.rawValue
    }

    /// Every partition that anybody knows of, by number.
    var partitions: [Partition] {
        var found: [Int32: Partition] = [:]
        for number in endOffsets.keys { found[number] = Partition(number: number, endOffset: endOffsets[number]) }
        for row in stored?.progress ?? [] {
            var partition = found[row.partition] ?? Partition(number: row.partition)
            partition.nextOffset = row.nextOffset
            partition.watermarkMicros = row.watermarkMicros
            partition.newestTradeMicros = row.newestTradeMicros
            partition.committedMicros = row.committedMicros
            found[row.partition] = partition
        }
        for processor in processors ?? [] where state(of: processor) == "running" {
            for word in processor.partitions {
                var partition = found[word.partition] ?? Partition(number: word.partition)
                // During a rebalance two may name it; the one that runs it has it.
                if partition.processorID != nil, word.state != .running { continue }
                partition.processorID = processor.processorID
                partition.state = word.state.rawValue
                partition.reason = word.reason
                partition.instruments = word.instruments
                partition.waiting = word.waiting
                partition.nextOffset = partition.nextOffset ?? word.nextOffset
                partition.watermarkMicros = partition.watermarkMicros ?? word.watermarkMicros
                found[word.partition] = partition
            }
        }
        return found.values.sorted { $0.number < $1.number }
    }
}

/// What this server says of itself.
struct APIFigures: Sendable {
    let startedMicros: Int64
    let webSocketClients: Int
    let eventClients: Int
    let clientLimit: Int
    /// `starting`, `connected` or `interrupted`.
    let feed: String
    let eventToAPI: LatencyFigures?
    let parts: [(name: String, state: PartState)]
}
