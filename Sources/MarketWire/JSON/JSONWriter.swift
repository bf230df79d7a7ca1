import MarketCore

/// Writes JSON without spaces into its own bytes, commas by itself.
///
/// It writes what it is told: that names stand in objects and brackets close is the caller's business.
public struct JSONWriter: Sendable {
    /// What was written.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    public init() { bytes = [] }

    /// Goes on after these bytes.
    public init(into bytes: [UInt8]) { self.bytes = bytes }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }

    public mutating func endObject() { close(UInt8(ascii: "}")) }

    public mutating func beginArray() { open(UInt8(ascii: "[")) }

    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name; its value comes next.
    public mutating func key(_ name: StaticString) {
        name.withUTF8Buffer { key(utf8: $0) }
    }

    public mutating func key(_ name: String) { key(utf8: name.utf8) }

    public mutating func string(_ text: String) { string(utf8: text.utf8) }

    /// - Parameter bytes: UTF-8.
    public mutating func string(bytes text: some Sequence<UInt8>) { string(utf8: text) }

    public mutating func integer(_ value: some FixedWidthInteger) {
        beginValue()
        bytes.appendInteger(value)
        needsComma = true
    }

    public mutating func bool(_ value: Bool) { word(value ? "true" : "false") }

    public mutating func null() { word("null") }

    /// A number that is no money. JSON has no infinity: what is not finite becomes `null`.
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        literal(value.description)
    }

    /// A number's literal, given as text.
    public mutating func literal(_ text: String) {
        beginValue()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    /// Money, as a string.
    public mutating func decimal(_ value: some ExactDecimal, minimumFraction: Int = 0) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        value.append(to: &bytes, minimumFraction: minimumFraction)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        beginValue()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// A value that writes itself after the bytes.
    mutating func raw(_ write: (inout [UInt8]) -> Void) {
        beginValue()
        write(&bytes)
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        beginValue()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func key(utf8: some Sequence<UInt8>) {
        string(utf8: utf8)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func string(utf8: some Sequence<UInt8>) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        bytes.appendEscaped(utf8)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func word(_ word: StaticString) {
        beginValue()
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = true
    }
}

extension JSONWriter {
    public mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    public mutating func field(_ name: StaticString, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    public mutating func field(_ name: StaticString, _ value: some FixedWidthInteger) {
        key(name)
        integer(value)
    }

    public mutating func field(_ name: StaticString, _ value: Int64?) {
        key(name)
        if let value { integer(value) } else { null() }
    }

    public mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// Money, as a string in its canonical form.
    public mutating func field(_ name: StaticString, _ value: some ExactDecimal) {
        key(name)
        decimal(value)
    }
}
