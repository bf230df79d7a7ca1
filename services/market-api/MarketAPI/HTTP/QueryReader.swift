import Hummingbird
import MarketCore

/// Reads a request's query strictly: a parameter that nobody knows, one given twice or a malformed value is the
/// caller's mistake and answered as such, never passed over.
struct QueryReader {
    /// A handful at most: looking through them is faster than a dictionary.
    private let values: [(name: String, value: String)]

    /// - Parameters:
    ///   - request: whose query it is.
    ///   - known: every parameter that the route has.
    init(_ request: Request, known: [String]) throws(Problem) {
        var values: [(name: String, value: String)] = []
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            if name.isEmpty, value.isEmpty { continue }
            guard known.contains(name) else {
                let choice = known.isEmpty ? "it has none" : "it has " + known.joined(separator: ", ")
                throw Problem(
                    .unknownParameter, "\(request.uri.path) has no parameter '\(name.prefix(64))': \(choice).",
                    parameter: String(name.prefix(64)))
            }
            guard !values.contains(where: { $0.name == name }) else {
                throw Problem(.invalidParameter, "'\(name)' is given more than once: give it once.", parameter: name)
            }
            values.append((name, String(value)))
        }
        self.values = values
    }

    /// The value as it was sent, percent-decoded.
    func text(_ name: String) -> String? { values.first { $0.name == name }?.value }

    /// An instrument's key text.
    func instrument(_ name: String, default fallback: Instrument) throws(Problem) -> Instrument {
        guard let text = self.text(name) else { return fallback }
        do {
            return try Instrument(key: text)
        } catch {
            throw Problem(.invalidParameter, "\(error).", parameter: name)
        }
    }

    /// One of the intervals that are built.
    func interval(
        _ name: String, among intervals: [Interval], default fallback: Interval = .base
    ) throws(Problem) -> Interval {
        guard let text = self.text(name) else { return fallback }
        guard let interval = Interval(text), intervals.contains(interval) else {
            let known = intervals.map(\.description).joined(separator: ", ")
            throw Problem(
                .invalidParameter, "'\(text.prefix(64))' is not an interval: use one of \(known).", parameter: name)
        }
        return interval
    }

    /// Instruments' key texts, separated by commas, none twice; nil when none are given.
    func instruments(_ name: String, atMost limit: Int) throws(Problem) -> [Instrument]? {
        guard let text = self.text(name) else { return nil }
        var instruments: [Instrument] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            do {
                let instrument = try Instrument(key: String(part))
                if !instruments.contains(instrument) { instruments.append(instrument) }
            } catch {
                throw Problem(.invalidParameter, "\(error).", parameter: name)
            }
            guard instruments.count <= limit else {
                throw Problem(.invalidParameter, "'\(name)' names more than \(limit) symbols.", parameter: name)
            }
        }
        return instruments
    }

    /// Words separated by commas, none twice; nil when none are given.
    ///
    /// - Parameter read: nil of a word that is none of them.
    func words<Word: Equatable>(_ name: String, _ read: (String) -> Word?) throws(Problem) -> [Word]? {
        guard let text = self.text(name) else { return nil }
        var words: [Word] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let word = read(String(part)) else {
                throw Problem(
                    .invalidParameter, "'\(part.prefix(64))' is none of the \(name) that there are.", parameter: name)
            }
            if !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// One of a few words.
    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: String, default fallback: Choice
    ) throws(Problem) -> Choice {
        guard let text = self.text(name) else { return fallback }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(
                .invalidParameter, "'\(name)' is '\(text.prefix(64))': use one of \(known).", parameter: name)
        }
        return choice
    }

    /// An integer within bounds.
    func integer(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
        guard let text = self.text(name) else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw Problem(
                .invalidParameter,
                "'\(name)' is '\(text.prefix(64))': "
                    + "use a whole number from \(range.lowerBound) to \(range.upperBound).",
                parameter: name)
        }
        return value
    }

    /// A time in unix seconds, from 1970 to the end of 2199.
    func unixSeconds(_ name: String) throws(Problem) -> Int64? {
        guard let text = self.text(name) else { return nil }
        guard let value = Int64(text), (0...Self.lastUnixSecond).contains(value) else {
            let isTooFine = Int64(text).map { $0 > Self.lastUnixSecond } ?? false
            let advice = isTooFine ? " Milliseconds or microseconds must be divided first." : ""
            throw Problem(
                .invalidParameter,
                "'\(name)' is '\(text.prefix(64))': use unix seconds from 0 to \(Self.lastUnixSecond).\(advice)",
                parameter: name)
        }
        return value
    }

    /// `true` or `false`; false when it is not given.
    func flag(_ name: String) throws(Problem) -> Bool {
        switch self.text(name) {
        case nil, "false": return false
        case "true": return true
        case let text?:
            throw Problem(
                .invalidParameter, "'\(name)' is '\(text.prefix(64))': use true or false.", parameter: name)
        }
    }

    /// 2199-12-31T23:59:59Z: later windows have no table.
    static let lastUnixSecond: Int64 = 7_258_118_399
}
