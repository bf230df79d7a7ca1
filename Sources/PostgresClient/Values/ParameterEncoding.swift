/// A statement's parameters in the form that goes over the wire, in one buffer.
struct EncodedParameters: Sendable {
    /// SQL type ids; 0 leaves the type to the server.
    private(set) var typeIDs: [UInt32] = []
    /// 1: binary, 0: text.
    private(set) var formats: [Int32] = []
    private(set) var lengths: [Int32] = []
    /// Where each begins in `storage`; nil is NULL.
    private(set) var offsets: [Int?] = []
    private(set) var storage: [UInt8] = []

    /// - Throws: ``PostgresError/Kind/usage`` for a value that the wire cannot carry.
    init(_ parameters: [PostgresValue]) throws(PostgresError) {
        typeIDs.reserveCapacity(parameters.count)
        formats.reserveCapacity(parameters.count)
        lengths.reserveCapacity(parameters.count)
        offsets.reserveCapacity(parameters.count)
        for (index, parameter) in parameters.enumerated() {
            try append(parameter, number: index + 1)
        }
        // An empty buffer has no address, and a value without address is NULL.
        storage.append(0)
    }

    private mutating func append(_ value: PostgresValue, number: Int) throws(PostgresError) {
        let start = storage.count
        switch value {
        case .null: return finish(.unknown, isBinary: false, start: nil)
        case .text(let text): storage.append(contentsOf: text.utf8)
        case .integer(let number): appendBigEndian(number)
        case .bigint(let number): appendBigEndian(number)
        case .boolean(let flag): storage.append(flag ? 1 : 0)
        case .bytes(let bytes): storage.append(contentsOf: bytes)
        case .numeric(let text), .uuid(let text): try appendTerminated(text, number: number)
        case .texts(let elements): try appendArray(.text, elements) { $0.append(contentsOf: $1.utf8) }
        case .integers(let elements): try appendArray(.integer, elements) { $0.appendBigEndian($1) }
        case .bigints(let elements): try appendArray(.bigint, elements) { $0.appendBigEndian($1) }
        case .booleans(let elements): try appendArray(.boolean, elements) { $0.append($1 ? 1 : 0) }
        case .bytesArray(let elements): try appendArray(.bytea, elements) { $0.append(contentsOf: $1) }
        case .numerics(let elements), .uuids(let elements): try appendTextArray(elements, number: number)
        }
        guard Int32(exactly: storage.count - start) != nil else {
            throw PostgresError(.usage, "parameter \(number) is longer than 2 GiB; split it")
        }
        let (type, isBinary) = value.wireType
        finish(type, isBinary: isBinary, start: start)
    }

    private mutating func finish(_ type: TypeID, isBinary: Bool, start: Int?) {
        typeIDs.append(type.rawValue)
        formats.append(isBinary ? 1 : 0)
        lengths.append(start.map { Int32(truncatingIfNeeded: storage.count - $0) } ?? 0)
        offsets.append(start)
    }

    /// Text format ends at the first NUL, so there must be none before.
    private mutating func appendTerminated(_ text: String, number: Int) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw Self.containsNull(number) }
        storage.append(contentsOf: text.utf8)
        storage.append(0)
    }

    /// `{"1.5",NULL}`: the text form of an array, for types whose binary form is not worth writing.
    private mutating func appendTextArray(_ elements: [String?], number: Int) throws(PostgresError) {
        storage.append(UInt8(ascii: "{"))
        for (index, element) in elements.enumerated() {
            if index > 0 { storage.append(UInt8(ascii: ",")) }
            guard let element else {
                storage.append(contentsOf: "NULL".utf8)
                continue
            }
            storage.append(UInt8(ascii: "\""))
            for byte in element.utf8 {
                if byte == 0 { throw Self.containsNull(number) }
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { storage.append(UInt8(ascii: "\\")) }
                storage.append(byte)
            }
            storage.append(UInt8(ascii: "\""))
        }
        storage.append(UInt8(ascii: "}"))
        storage.append(0)
    }

    /// The binary form of a one-dimensional array whose elements count from 1.
    private mutating func appendArray<Element>(
        _ type: TypeID, _ elements: [Element?], _ appendElement: (inout [UInt8], Element) -> Void
    ) throws(PostgresError) {
        let hasNull = elements.contains { $0 == nil }
        storage.appendBigEndian(elements.isEmpty ? 0 : 1 as Int32)
        storage.appendBigEndian(hasNull ? 1 : 0 as Int32)
        storage.appendBigEndian(type.rawValue)
        if elements.isEmpty { return }
        storage.appendBigEndian(Int32(truncatingIfNeeded: elements.count))
        storage.appendBigEndian(1 as Int32)
        for element in elements {
            guard let element else {
                storage.appendBigEndian(-1 as Int32)
                continue
            }
            let lengthPosition = storage.count
            storage.appendBigEndian(0 as Int32)
            appendElement(&storage, element)
            guard let length = Int32(exactly: storage.count - lengthPosition - 4) else {
                throw PostgresError(.usage, "an element of an array parameter is longer than 2 GiB; split it")
            }
            storage.replaceBigEndian(at: lengthPosition, with: length)
        }
    }

    private mutating func appendBigEndian(_ value: some FixedWidthInteger) { storage.appendBigEndian(value) }

    private static func containsNull(_ number: Int) -> PostgresError {
        PostgresError(.usage, "parameter \(number) contains a NUL character, which PostgreSQL's text cannot hold")
    }
}

/// PostgreSQL's fixed ids of the types used (pg_type.dat; they never change).
enum TypeID: UInt32 {
    case unknown = 0
    case boolean = 16
    case bytea = 17
    case bigint = 20
    case integer = 23
    case text = 25
    case booleans = 1000
    case byteas = 1001
    case integers = 1007
    case texts = 1009
    case bigints = 1016
    case numerics = 1231
    case numeric = 1700
    case uuid = 2950
    case uuids = 2951
}

extension PostgresValue {
    fileprivate var wireType: (TypeID, isBinary: Bool) {
        switch self {
        case .null: (.unknown, false)
        case .text: (.text, true)
        case .integer: (.integer, true)
        case .bigint: (.bigint, true)
        case .boolean: (.boolean, true)
        case .numeric: (.numeric, false)
        case .bytes: (.bytea, true)
        case .uuid: (.uuid, false)
        case .texts: (.texts, true)
        case .integers: (.integers, true)
        case .bigints: (.bigints, true)
        case .booleans: (.booleans, true)
        case .numerics: (.numerics, false)
        case .bytesArray: (.byteas, true)
        case .uuids: (.uuids, false)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        for shift in stride(from: type(of: value).bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    fileprivate mutating func replaceBigEndian(at position: Int, with value: Int32) {
        for index in 0..<4 { self[position + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
    }
}
