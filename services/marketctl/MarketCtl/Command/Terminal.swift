import ServiceKit

#if canImport(Glibc)
import Glibc
#endif

/// What commands write: answers to standard output, complaints and progress to standard error.
enum Terminal {
    static func say(_ text: String) { ServiceProgram.say(text) }

    static func complain(_ text: String) { ServiceProgram.complain(text) }

    /// A line that the next one takes the place of, on a terminal alone: a log wants none of it.
    static func progress(_ text: String) {
        guard isTerminal(2) else { return }
        ServiceProgram.write("\r\u{1B}[K" + text, to: 2)
    }

    static func endProgress() {
        guard isTerminal(2) else { return }
        ServiceProgram.write("\r\u{1B}[K", to: 2)
    }

    /// Whether answers may be coloured: for a person's terminal that takes it, and no `NO_COLOR` (no-color.org).
    static var isColored: Bool {
        isTerminal(1) && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
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
