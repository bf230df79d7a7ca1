import ServiceKit

/// What goes wrong at an exchange, for clients to overcome. Its text is what settings, scripts and requests name it by.
enum Fault: Hashable, Sendable, CustomStringConvertible {
    /// The socket breaks inside of a frame.
    case cut
    /// Nothing is sent or answered for so long, while the socket stays open.
    case stall(Duration)
    /// So many trades are never sent.
    case skip(Int)
    /// The last trades are sent a second time.
    case again(Int)
    /// The next trades are sent in the opposite order.
    case reorder
    /// Messages that are no JSON, no trade, no text.
    case garbage
    /// A message of more than a megabyte.
    case oversized
    /// The connection is closed as after its 24 hours.
    case rotate
    /// Says that it will close the connection, and does so after this time.
    case shutdown(Duration)
    /// REST answers 429 or 418 for so long.
    case refuse(status: Int, Duration)
    /// REST answers so much later, for so long.
    case slow(by: Duration, Duration)

    static let grammar =
        "cut, stall TIME, skip COUNT, again COUNT, reorder, garbage, oversized, rotate, shutdown TIME, 429 TIME, "
        + "418 TIME, slow TIME TIME"

    /// Whether it strikes connections, and not REST.
    var isOfStreams: Bool {
        switch self {
        case .refuse, .slow: false
        default: true
        }
    }

    /// - Throws: `SettingProblem` that says what would be valid.
    init(_ text: String) throws(SettingProblem) {
        let words = text.split(separator: " ").map(String.init)
        func time(_ place: Int) throws(SettingProblem) -> Duration {
            guard place < words.count, let value = Duration(settingText: words[place]), value > .zero,
                value <= .seconds(3_600)
            else { throw Self.problem }
            return value
        }
        func count() throws(SettingProblem) -> Int {
            guard words.count > 1, let value = Int(words[1]), (1...1_000_000).contains(value) else {
                throw Self.problem
            }
            return value
        }
        switch words.first {
        case "cut": self = .cut
        case "stall": self = .stall(try time(1))
        case "skip": self = .skip(try count())
        case "again": self = .again(try count())
        case "reorder": self = .reorder
        case "garbage": self = .garbage
        case "oversized": self = .oversized
        case "rotate": self = .rotate
        case "shutdown": self = .shutdown(try time(1))
        case "429": self = .refuse(status: 429, try time(1))
        case "418": self = .refuse(status: 418, try time(1))
        case "slow": self = .slow(by: try time(1), try time(2))
        default: throw Self.problem
        }
        guard words.count == description.split(separator: " ").count else { throw Self.problem }
    }

    private static let problem = SettingProblem("one of: \(grammar) (TIME such as 500ms or 5s)")

    var description: String {
        switch self {
        case .cut: "cut"
        case .stall(let time): "stall \(Self.text(time))"
        case .skip(let count): "skip \(count)"
        case .again(let count): "again \(count)"
        case .reorder: "reorder"
        case .garbage: "garbage"
        case .oversized: "oversized"
        case .rotate: "rotate"
        case .shutdown(let time): "shutdown \(Self.text(time))"
        case .refuse(let status, let time): "\(status) \(Self.text(time))"
        case .slow(let delay, let time): "slow \(Self.text(delay)) \(Self.text(time))"
        }
    }

    private static func text(_ time: Duration) -> String { "\(time.micros / 1_000)ms" }
}
