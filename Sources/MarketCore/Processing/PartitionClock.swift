/// Event time of one partition: how far it is, and which windows are closed by it.
struct PartitionClock: Equatable {
    /// Windows that end at or before it are closed, unix microseconds. ``noTime`` before the first trade.
    private(set) var watermarkMicros = noTime
    /// The largest event time that counts, unix microseconds. ``noTime`` before the first trade.
    private(set) var maxEventMicros = noTime
    /// Event time of a trade that is too far ahead to be believed by itself; `Int64.max` without one. Of several the
    /// earliest, so that one wild time cannot hide a real one.
    private(set) var leadMicros = Int64.max
    private let disorderMicros: Int64
    private let maxLeadMicros: Int64

    init(rules: ProcessingRules, watermarkMicros: Int64?, maxEventMicros: Int64?, leadMicros: Int64?) {
        disorderMicros = rules.outOfOrdernessMicros
        maxLeadMicros = rules.maxLeadMicros
        guard let maxEvent = maxEventMicros ?? watermarkMicros.map({ $0 + rules.outOfOrdernessMicros }) else { return }
        self.maxEventMicros = maxEvent
        self.watermarkMicros = max(watermarkMicros ?? noTime, maxEvent - rules.outOfOrdernessMicros)
        self.leadMicros = leadMicros ?? Int64.max
    }

    var isSet: Bool { maxEventMicros != noTime }

    /// How far time is, idle time included: what a trade must not lead by too much.
    var nowMicros: Int64 { watermarkMicros + disorderMicros }

    /// Whether ``follow(_:)`` is all that an accepted trade of this time asks for.
    @inline(__always) func canFollow(_ eventTimeMicros: Int64) -> Bool {
        eventTimeMicros <= maxEventMicros
            || isSet && eventTimeMicros - nowMicros <= maxLeadMicros && eventTimeMicros < leadMicros
    }

    /// Takes the time of an accepted trade.
    ///
    /// - Returns: whether the watermark moved.
    @inline(__always) mutating func follow(_ eventTimeMicros: Int64) -> Bool {
        guard eventTimeMicros > maxEventMicros else { return false }
        maxEventMicros = eventTimeMicros
        guard eventTimeMicros - disorderMicros > watermarkMicros else { return false }
        watermarkMicros = eventTimeMicros - disorderMicros
        return true
    }

    /// Takes the time of an accepted trade, which may lead the others by any amount.
    mutating func advance(_ eventTimeMicros: Int64) {
        guard isSet else {
            _ = follow(eventTimeMicros)
            return
        }
        if eventTimeMicros >= leadMicros {
            // A second trade reaches the first: that time is real.
            let reached = leadMicros
            leadMicros = Int64.max
            _ = follow(reached)
        }
        if eventTimeMicros > maxEventMicros, eventTimeMicros - nowMicros > maxLeadMicros {
            leadMicros = min(leadMicros, eventTimeMicros)
        } else {
            _ = follow(eventTimeMicros)
        }
    }

    /// Lets time pass without a trade.
    mutating func pass(micros: Int64, untilMicros limit: Int64) {
        guard isSet, micros > 0, limit > watermarkMicros else { return }
        let (moved, overflow) = watermarkMicros.addingReportingOverflow(micros)
        watermarkMicros = overflow ? limit : min(moved, limit)
    }
}
