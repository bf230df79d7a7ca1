/// A Swift source with the insides of comments and string literals blanked out, line by line.
///
/// A small lexer, not a parser: it knows line and nested block comments, plain, raw and multi-line literals. What is
/// interpolated into a literal is blanked too.
struct SourceText {
    /// Code only; as many lines as the source.
    let code: [String]
    /// The source as it is.
    let raw: [String]

    init(_ source: String) {
        raw = source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var lexer = Lexer(Array(source.utf8))
        code = lexer.blanked().split(separator: Lexer.newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a line has a comment on itself or right above itself.
    func hasComment(at index: Int) -> Bool {
        if raw[index].contains("//") { return true }
        return index > 0 && raw[index - 1].drop { $0 == " " }.hasPrefix("//")
    }
}

private struct Lexer {
    static let newline = UInt8(ascii: "\n")

    private let text: [UInt8]
    private var index = 0
    private var output: [UInt8] = []

    init(_ text: [UInt8]) { self.text = text }

    mutating func blanked() -> [UInt8] {
        while index < text.count {
            if at("//") {
                while index < text.count, text[index] != Self.newline { index += 1 }
            } else if at("/*") {
                blockComment()
            } else if let hashes = literalStart() {
                literal(hashes: hashes)
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private func at(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { index + $0.count <= text.count && text[index..<index + $0.count].elementsEqual($0) }
    }

    private func at(_ word: [UInt8]) -> Bool {
        index + word.count <= text.count && text[index..<index + word.count].elementsEqual(word)
    }

    /// Swallows bytes but keeps the lines in step.
    private mutating func swallow(_ count: Int = 1) {
        for _ in 0..<count where index < text.count {
            if text[index] == Self.newline { output.append(Self.newline) }
            index += 1
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if at("/*") {
                depth += 1
                swallow(2)
            } else if at("*/") {
                depth -= 1
                swallow(2)
            } else {
                swallow()
            }
        } while depth > 0 && index < text.count
    }

    /// The number of `#` before a literal that starts here.
    private func literalStart() -> Int? {
        var position = index
        while position < text.count, text[position] == UInt8(ascii: "#") { position += 1 }
        return position < text.count && text[position] == UInt8(ascii: "\"") ? position - index : nil
    }

    private mutating func literal(hashes: Int) {
        let fence = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        swallow(hashes)
        let quote = [UInt8](repeating: UInt8(ascii: "\""), count: at("\"\"\"") ? 3 : 1)
        swallow(quote.count)
        output.append(UInt8(ascii: "\""))
        let escape = [UInt8(ascii: "\\")] + fence
        let interpolationStart = escape + [UInt8(ascii: "(")]
        let end = quote + fence
        while index < text.count, !at(end) {
            if at(interpolationStart) {
                swallow(escape.count)
                interpolation()
            } else if at(escape) {
                swallow(escape.count + 1)
            } else {
                swallow()
            }
        }
        swallow(end.count)
        output.append(UInt8(ascii: "\""))
    }

    private mutating func interpolation() {
        var depth = 0
        repeat {
            if let hashes = literalStart() {
                let length = output.count
                literal(hashes: hashes)
                // An inner literal belongs to the outer one: of it only the line ends stay.
                output.replaceSubrange(length..., with: output[length...].filter { $0 == Self.newline })
                continue
            }
            if text[index] == UInt8(ascii: "(") { depth += 1 }
            if text[index] == UInt8(ascii: ")") { depth -= 1 }
            swallow()
        } while depth > 0 && index < text.count
    }
}
