/// Why a record could not be used. The raw value is what tables, topics and metrics say.
public enum QuarantineReason: String, CaseIterable, Hashable, Sendable {
    // Found by whoever reads the bytes.
    /// Not the record that the schema describes.
    case malformed
    /// A schema version this program does not know.
    case unsupportedVersion = "unsupported_version"
    /// The record's key is not its instrument.
    case keyMismatch = "key_mismatch"
    /// The record lies on another partition than its key belongs to.
    case wrongPartition = "wrong_partition"
    /// The partition has as many instruments as it may.
    case tooManyInstruments = "too_many_instruments"

    // Found by the partition's state machine.
    /// A number that no trade can have: a price of 0, a negative quantity, an id below 0, a count of 0 or too large.
    case implausible
    /// So large that sums of it could leave the range of exact numbers.
    case overflow
    /// Its event time is too far ahead of its record's time.
    case futureTime = "future_time"
    /// An aggregate of which some trades are known and some are not.
    case partialOverlap = "partial_overlap"
    /// An id not above the highest, with a time well after the highest's: the venue began to number anew.
    case idRestart = "id_restart"
    /// An id too far above the highest.
    case idJump = "id_jump"
}
