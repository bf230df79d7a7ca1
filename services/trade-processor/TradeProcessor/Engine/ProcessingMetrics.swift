import MarketCore
import Metrics

/// What the processor counts. Names follow Prometheus: the unit last, `_total` on counters.
struct ProcessingMetrics {
    let accepted = Counter(label: "processor_trades_accepted_total")
    let duplicates = Counter(label: "processor_trades_duplicate_total")
    let late = Counter(label: "processor_trades_late_total")
    let beyondRetention = Counter(label: "processor_trades_beyond_retention_total")
    let windowsClosed = Counter(label: "processor_windows_closed_total")
    let rowsChanged = Counter(label: "processor_candle_rows_changed_total")
    let idsFoundMissing = Counter(label: "processor_ids_found_missing_total")
    let idsFilled = Counter(label: "processor_ids_filled_total")
    let assignedPartitions = Gauge(label: "processor_partitions_assigned")
    let haltedPartitions = Gauge(label: "processor_partitions_halted")
    private let lastCommit = Gauge(label: "processor_last_commit_seconds")
    private let eventToStore = Timer(label: "processor_event_to_store_seconds")
    private let quarantined: [QuarantineReason: Counter]

    /// Every reason stands at 0 from the start, so that its first record is an increase.
    init() {
        var counters: [QuarantineReason: Counter] = [:]
        for reason in QuarantineReason.allCases {
            counters[reason] = Counter(label: "processor_quarantined_total", dimensions: [("reason", reason.rawValue)])
        }
        quarantined = counters
    }

    /// Counts what a commit carries. Counted when it is sent: a fenced commit counts too, for the work was done.
    func add(_ work: [PartitionWork]) {
        for part in work {
            let counters = part.counters
            accepted.increment(by: counters.accepted)
            duplicates.increment(by: counters.duplicates)
            late.increment(by: counters.late)
            beyondRetention.increment(by: counters.beyondRetention)
            windowsClosed.increment(by: counters.windowsClosed)
            idsFoundMissing.increment(by: counters.idsFoundMissing)
            idsFilled.increment(by: counters.idsFilled)
            rowsChanged.increment(by: part.candles.count)
            for reason in QuarantineReason.allCases where counters[reason] > 0 {
                quarantined[reason]?.increment(by: counters[reason])
            }
        }
    }

    /// A commit went through.
    ///
    /// - Parameters:
    ///   - now: unix microseconds.
    ///   - events: of each partition the event time of the live trade that waited longest, where there was one.
    func committed(atMicros now: Int64, events: [Int64]) {
        lastCommit.record(Double(now) / 1e6)
        // Clocks that differ can give less than nothing.
        for event in events { eventToStore.recordMicroseconds(max(0, now - event)) }
    }

    /// A partition is not ours any more: what its gauges showed last is not true any longer.
    func forget(_ partition: Int32, topic: String) {
        let dimensions = [("partition", "\(partition)"), ("topic", topic)]
        for label in ["processor_next_offset", "processor_watermark_seconds", "processor_lag_records"] {
            Gauge(label: label, dimensions: dimensions).destroy()
        }
    }

    func record(_ worker: PartitionWorker, topic: String) {
        let dimensions = [("partition", "\(worker.partition)"), ("topic", topic)]
        Gauge(label: "processor_next_offset", dimensions: dimensions).record(worker.state.nextOffset)
        if let watermark = worker.state.watermarkMicros {
            Gauge(label: "processor_watermark_seconds", dimensions: dimensions).record(Double(watermark) / 1e6)
        }
    }

    func recordLag(_ lag: Int64, partition: Int32, topic: String) {
        Gauge(label: "processor_lag_records", dimensions: [("partition", "\(partition)"), ("topic", topic)])
            .record(lag)
    }
}
