import MarketCore

/// Why bytes are not the record they should be.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The raw value is what quarantined records and metrics say.
    public enum Reason: String, CaseIterable, Hashable, Sendable {
        /// The record has no value.
        case tombstone
        case tooLarge = "too_large"
        case notUTF8 = "not_utf8"
        /// Not JSON, or nested too deeply.
        case notJSON = "not_json"
        /// JSON, but no object.
        case notObject = "not_object"
        case missingField = "missing_field"
        case duplicateField = "duplicate_field"
        /// A field of another JSON type than the schema's.
        case badType = "bad_type"
        /// A number that cannot be held exactly.
        case badNumber = "bad_number"
        /// A text or a combination that the schema does not allow.
        case badValue = "bad_value"
        /// A number that no trade can have.
        case implausible
        case unsupportedVersion = "unsupported_version"
        /// The record's key is not its instrument.
        case keyMismatch = "key_mismatch"
        /// The record lies on another partition than its key belongs to.
        case wrongPartition = "wrong_partition"
        case tooManyInstruments = "too_many_instruments"
    }

    public let reason: Reason
    /// What exactly, with the field's name.
    public let detail: String

    public init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    public var description: String { "\(reason.rawValue): \(detail)" }

    /// The reason under which the processor quarantines a record: the finer one stands in the detail.
    public var quarantineReason: QuarantineReason {
        switch reason {
        case .implausible: .implausible
        case .unsupportedVersion: .unsupportedVersion
        case .keyMismatch: .keyMismatch
        case .wrongPartition: .wrongPartition
        case .tooManyInstruments: .tooManyInstruments
        default: .malformed
        }
    }
}

extension WireError {
    init(_ error: JSONError, field: String?) {
        let reason: Reason =
            switch error.kind {
            case .notUTF8: .notUTF8
            case .syntax, .tooDeep: .notJSON
            case .wrongType: .badType
            case .badNumber: .badNumber
            }
        self.init(reason, field.map { "\($0): \(error)" } ?? error.description)
    }
}
