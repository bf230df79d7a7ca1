/// A record of the `trades` topic that is no trade. Rare, so it may own memory.
public struct ControlRecord: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// These ids cannot be had: they stay missing, and nobody asks for them again.
        case unavailable(ClosedRange<Int64>)
        /// A person says that these ids may be asked for again.
        case reopen(ClosedRange<Int64>)
        /// A person says that the venue numbers this instrument anew from here on.
        case newGeneration
        /// The bytes were no usable record.
        case rejected(QuarantineReason, detail: String)
    }

    /// The Kafka record's offset in its partition.
    public var offset: Int64
    /// The Kafka record's own timestamp, unix microseconds; negative where it has none.
    public var recordTimestampMicros: Int64
    /// The instrument's index in the partition's ``InstrumentTable``; ``noInstrument`` where it is not known.
    public var instrument: Int32
    public var content: Content

    /// Stands for an instrument that is not known.
    public static let noInstrument: Int32 = -1

    public init(offset: Int64, recordTimestampMicros: Int64, instrument: Int32, content: Content) {
        self.offset = offset
        self.recordTimestampMicros = recordTimestampMicros
        self.instrument = instrument
        self.content = content
    }
}
