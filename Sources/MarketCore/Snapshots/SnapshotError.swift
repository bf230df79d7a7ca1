/// Why an instrument's stored state could not be read.
public enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Written by a newer program.
    case unsupportedVersion(found: UInt8, supported: UInt8)
    /// Not what any version wrote.
    case malformed(atByte: Int, expected: String)
    /// The key names no instrument, or there is no room for it.
    case instrument(InstrumentTableError)

    public var description: String {
        switch self {
        case .unsupportedVersion(let found, let supported):
            "the stored state has format version \(found) and this program knows versions up to \(supported): "
                + "run a program at least as new as the one that wrote it"
        case .malformed(let position, let expected):
            "the stored state is damaged at byte \(position), where \(expected) should be: restore it from a backup"
        case .instrument(let error):
            "the stored state's instrument cannot be used: \(error)"
        }
    }
}
