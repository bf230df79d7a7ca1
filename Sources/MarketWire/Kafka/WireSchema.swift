/// The version of the records, carried by every record's header.
public enum WireSchema {
    /// The header's name.
    public static let headerName = "schema_version"
    /// The header's value: a new one only when old readers would misread new records.
    ///
    /// A new version of the topic `trades` must not have the exact shape of this one: what has that shape is read as
    /// version 1 whatever its header says, so that the millions that do need not be asked for theirs (the library
    /// makes a list of a message's headers for that, which costs as much as reading the record).
    public static let version = "1"

    /// Whether a record with this header can be read; one without can.
    public static func isKnown(_ header: [UInt8]?) -> Bool { header.map { $0.elementsEqual(version.utf8) } ?? true }
}
