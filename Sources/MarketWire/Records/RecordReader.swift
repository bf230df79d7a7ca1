import MarketCore

/// The names of a record's fields, in the order in which they are usually written.
protocol RecordField: RawRepresentable<String>, CaseIterable, Hashable {}

/// Reads the object of one record: known fields at most once each, others passed over, the field's name in every error.
struct RecordReader<Field: RecordField>: ~Escapable {
    /// The reader, for values that are arrays or objects.
    var json: JSONReader
    private let fields: [Field]
    private var seen: UInt64 = 0
    private var guess = 0
    private var current: Field?

    /// A whole document.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, of: Field.Type) throws(WireError) {
        try self.init(JSONReader(bytes), of: Field.self)
    }

    /// The object that comes next in a document.
    @_lifetime(copy json)
    init(_ json: JSONReader, of: Field.Type) throws(WireError) {
        self.json = json
        fields = Array(Field.allCases)
        do throws(JSONError) {
            try self.json.beginObject()
        } catch {
            throw error.kind == .wrongType
                ? WireError(.notObject, "an object is expected at byte \(error.offset)") : WireError(error, field: nil)
        }
    }

    /// Goes to the next field that is known; nil at the object's end.
    @_lifetime(self: copy self)
    mutating func next() throws(WireError) -> Field? {
        current = nil
        do throws(JSONError) {
            while let key = try json.nextKey() {
                guard let index = index(of: key) else {
                    try json.skipValue()
                    continue
                }
                guard seen & (1 << UInt64(index)) == 0 else {
                    throw JSONError(.syntax, at: Self.duplicate, fields[index].rawValue)
                }
                seen |= 1 << UInt64(index)
                guess = index + 1
                current = fields[index]
                return current
            }
            return nil
        } catch {
            if error.offset == Self.duplicate { throw WireError(.duplicateField, error.detail) }
            throw WireError(error, field: nil)
        }
    }

    /// Makes sure that nothing follows the document.
    @_lifetime(self: copy self)
    mutating func end() throws(WireError) {
        do throws(JSONError) { try json.end() } catch { throw WireError(error, field: nil) }
    }

    /// The value of a field that must have been there.
    func require<Value>(_ value: Value?, _ field: Field) throws(WireError) -> Value {
        guard let value else { throw WireError(.missingField, field.rawValue) }
        return value
    }

    @_lifetime(self: copy self)
    mutating func text() throws(WireError) -> String {
        do throws(JSONError) { return try json.string() } catch { throw named(error) }
    }

    @_lifetime(self: copy self)
    mutating func integer() throws(WireError) -> Int64 {
        do throws(JSONError) { return try json.integer() } catch { throw named(error) }
    }

    @_lifetime(self: copy self)
    mutating func partition() throws(WireError) -> Int32 {
        let value = try integer()
        guard let partition = Int32(exactly: value) else { throw bad("\(value) is no partition") }
        return partition
    }

    @_lifetime(self: copy self)
    mutating func decimal<Number: ExactDecimal>() throws(WireError) -> Number {
        do throws(JSONError) { return try json.decimal(Number.self) } catch { throw named(error) }
    }

    @_lifetime(self: copy self)
    mutating func bool() throws(WireError) -> Bool {
        do throws(JSONError) { return try json.bool() } catch { throw named(error) }
    }

    /// A number that is no money.
    @_lifetime(self: copy self)
    mutating func number() throws(WireError) -> Double {
        do throws(JSONError) {
            let range = try json.numberLiteral()
            return Double(json.bytes.text(range)) ?? .nan
        } catch { throw named(error) }
    }

    /// Whether the value is `null`; it is then read.
    @_lifetime(self: copy self)
    mutating func isNull() throws(WireError) -> Bool {
        do throws(JSONError) { return try json.nullIfPresent() } catch { throw named(error) }
    }

    @_lifetime(self: copy self)
    mutating func optionalInteger() throws(WireError) -> Int64? { try isNull() ? nil : try integer() }

    @_lifetime(self: copy self)
    mutating func optionalText() throws(WireError) -> String? { try isNull() ? nil : try text() }

    /// One of a few words.
    @_lifetime(self: copy self)
    mutating func choice<Choice: RawRepresentable<String>>(of: Choice.Type) throws(WireError) -> Choice {
        let word = try text()
        guard let choice = Choice(rawValue: word) else { throw bad("'\(word.prefix(16))' is not one of its words") }
        return choice
    }

    @_lifetime(self: copy self)
    mutating func latency() throws(WireError) -> LatencyFigures? {
        try isNull() ? nil : try LatencyFigures(reading: &json)
    }

    @_lifetime(self: copy self)
    mutating func texts() throws(WireError) -> [String] {
        do throws(JSONError) {
            var texts: [String] = []
            try json.beginArray()
            while try json.nextElement() { texts.append(try json.string()) }
            return texts
        } catch { throw named(error) }
    }

    /// `[first,last]`, both included.
    @_lifetime(self: copy self)
    mutating func range() throws(WireError) -> ClosedRange<Int64> {
        let first: Int64
        let last: Int64
        let isPair: Bool
        do throws(JSONError) {
            try json.beginArray()
            var bounds: (Int64, Int64)?
            if try json.nextElement() {
                let lower = try json.integer()
                if try json.nextElement() { bounds = (lower, try json.integer()) }
            }
            (first, last) = bounds ?? (1, 0)
            isPair = bounds != nil ? try !json.nextElement() : false
        } catch { throw named(error) }
        guard isPair, first <= last else { throw bad("[first,last] with first <= last is expected") }
        return first...last
    }

    /// An error about the field that ``next()`` gave last.
    func bad(_ detail: String) -> WireError {
        WireError(.badValue, current.map { "\($0.rawValue): \(detail)" } ?? detail)
    }

    func named(_ error: JSONError) -> WireError { WireError(error, field: current?.rawValue) }

    /// Marks, inside this file, the error of a field that came twice: no document has such an offset.
    private static var duplicate: Int { -1 }

    private func index(of key: Range<Int>) -> Int? {
        if guess < fields.count, json.keyEquals(key, text: fields[guess].rawValue) { return guess }
        return fields.firstIndex { json.keyEquals(key, text: $0.rawValue) }
    }
}
