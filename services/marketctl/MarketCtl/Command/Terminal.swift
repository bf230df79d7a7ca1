#if canImport(Glibc)
import Glibc
#endif

/// What commands write: answers to standard output, complaints and progress to standard error.
enum Terminal {
    static func say(_ text: String) { write(text + "\n", to: 1) }

    static func complain(_ text: String) { write(text + "\n", to: 2) }

    /// A line that the next one takes the place of, on a terminal alone: a log wants none of it.
    static func progress(_ text: String) {
        guard isTerminal(2) else { return }
        write("\r\u{1B}[K" + text, to: 2)
    }

    static func endProgress() {
        guard isTerminal(2) else { return }
        write("\r\u{1B}[K", to: 2)
    }

    /// Whether answers may be coloured: for a person's terminal that takes it, and no `NO_COLOR` (no-color.org).
    static var isColored: Bool {
        isTerminal(1) && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                // Whoever read it has gone (`| head`).
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

/// How well something is, as a word and a colour.
enum Condition: Int, Comparable, Sendable {
    case well, waiting, bad

    static func < (a: Condition, b: Condition) -> Bool { a.rawValue < b.rawValue }

    /// The text in its colour, where colours are wanted.
    func paint(_ text: String, isColored: Bool) -> String {
        guard isColored else { return text }
        let code =
            switch self {
            case .well: "32"
            case .waiting: "33"
            case .bad: "31;1"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
