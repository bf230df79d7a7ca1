/// A record that could not be used; the reader still has its bytes under this offset.
public struct QuarantinedRecord: Hashable, Sendable {
    /// Index in the partition's ``InstrumentTable`` or ``ControlRecord/noInstrument``.
    public var instrument: Int32
    public var offset: Int64
    /// The record's own timestamp, unix microseconds; negative where it has none.
    public var recordTimestampMicros: Int64
    public var reason: QuarantineReason
    /// A sentence with the numbers that led to it.
    public var detail: String

    public init(
        instrument: Int32, offset: Int64, recordTimestampMicros: Int64, reason: QuarantineReason, detail: String
    ) {
        self.instrument = instrument
        self.offset = offset
        self.recordTimestampMicros = recordTimestampMicros
        self.reason = reason
        self.detail = detail
    }
}
