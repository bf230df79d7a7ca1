import MarketCore
import MarketWire

/// What a client of `/feed` asks for.
struct FeedCommand: Hashable, Sendable {
    enum Operation: String, CaseIterable, Sendable {
        case subscribe
        case unsubscribe
        case ping
    }

    let operation: Operation
    /// The client's own number for it, given back in the answer.
    let id: Int64?
    let instruments: [Instrument]
    let selection: FeedSelection
}

/// Why a message of a client cannot be followed.
struct FeedCommandError: Error, Hashable, Sendable {
    /// `invalid_message`, `unknown_symbol` or `too_many_subscriptions`.
    let code: String
    let id: Int64?
    let detail: String
}

extension FeedCommand {
    private static let members: Set<String> = ["op", "id", "symbols", "channels", "intervals"]

    /// - Parameters:
    ///   - bytes: one text message.
    ///   - built: the intervals that there are.
    init(decoding bytes: [UInt8], intervals built: [Interval]) throws(FeedCommandError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, maxDepth: 4)
        } catch {
            throw FeedCommandError(code: "invalid_message", id: nil, detail: "The message is not JSON: \(error).")
        }
        guard let members = value.members else {
            throw FeedCommandError(code: "invalid_message", id: nil, detail: "The message is not a JSON object.")
        }
        let id = value["id"]?.integer
        func invalid(_ detail: String) -> FeedCommandError {
            FeedCommandError(code: "invalid_message", id: id, detail: detail)
        }
        for member in members where !Self.members.contains(member.name) {
            throw invalid(
                "There is no member '\(member.name.prefix(64))': op, id, symbols, channels and intervals are known.")
        }
        if value["id"] != nil, id == nil { throw invalid("'id' must be a whole number.") }
        guard let operation = value["op"]?.text.flatMap(Operation.init(rawValue:)) else {
            throw invalid("'op' must be one of subscribe, unsubscribe and ping.")
        }
        var instruments: [Instrument] = []
        for text in try Self.texts(value["symbols"], "symbols", invalid) {
            do {
                let instrument = try Instrument(key: text)
                if !instruments.contains(instrument) { instruments.append(instrument) }
            } catch {
                throw invalid("\(error).")
            }
        }
        var intervals: [Interval] = []
        for text in try Self.texts(value["intervals"], "intervals", invalid) {
            guard let interval = Interval(text), built.contains(interval) else {
                let known = built.map(\.description).joined(separator: ", ")
                throw invalid("'\(text.prefix(64))' is not an interval: use \(known).")
            }
            if !intervals.contains(interval) { intervals.append(interval) }
        }
        var channels: [FeedChannel] = []
        for text in try Self.texts(value["channels"], "channels", invalid) {
            guard let channel = FeedChannel(rawValue: text) else {
                throw invalid("'\(text.prefix(64))' is not a channel: use price, candles or trades.")
            }
            channels.append(channel)
        }
        if operation != .ping, instruments.isEmpty { throw invalid("'symbols' must name at least one symbol.") }
        let named = value["channels"] == nil ? nil : channels
        let selection: FeedSelection
        if operation == .unsubscribe {
            selection = .unsubscribing(named, intervals)
        } else {
            switch FeedSelection.subscribing(named, intervals) {
            case .success(let wanted): selection = wanted
            case .failure(let error): throw invalid(error.detail)
            }
        }
        self.init(operation: operation, id: id, instruments: instruments, selection: selection)
    }

    private static func texts(
        _ value: JSONValue?, _ name: String, _ invalid: (String) -> FeedCommandError
    ) throws(FeedCommandError) -> [String] {
        guard let value else { return [] }
        guard let elements = value.elements else { throw invalid("'\(name)' must be an array of strings.") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else { throw invalid("'\(name)' must be an array of strings.") }
            texts.append(text)
        }
        return texts
    }
}
