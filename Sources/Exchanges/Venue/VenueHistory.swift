public import MarketCore
import MarketWire

/// Where a venue gives trades afterwards, by their ids.
public protocol VenueHistory: Sendable {
    /// The beginning of these ids, as much of it as one question brings.
    ///
    /// - Parameter ids: up to `Int64.max` where everything from the first one on is wanted.
    /// - Throws: ``VenueError`` where the venue cannot be asked now, or `CancellationError`.
    func page(of instrument: Instrument, _ ids: ClosedRange<Int64>) async throws -> HistoryPage
}

/// What a venue answered to a question for past trades.
public struct HistoryPage: Hashable, Sendable {
    /// Ascending by id; all of their ids are among those asked for.
    public var trades: [Trade]
    /// Ids among those asked for that the venue does not give, or in a form that cannot be used; ascending.
    public var unavailable: [UnavailableTrades]
    /// The last of the ids asked for that the answer speaks for; nil where the venue has nothing from the first one on.
    public var through: Int64?

    public init(trades: [Trade] = [], unavailable: [UnavailableTrades] = [], through: Int64? = nil) {
        self.trades = trades
        self.unavailable = unavailable
        self.through = through
    }
}

/// An element of a venue's answer: one trade, or several as one.
struct HistoryItem: Hashable, Sendable {
    let ids: ClosedRange<Int64>
    /// Nil where it cannot be used.
    let trade: Trade?
    /// The venue's number of the aggregate; nil of a single trade.
    var aggregateID: Int64?
    /// Why not.
    var problem = ""
}

extension HistoryItem {
    /// The elements of an answer that is a list of trades.
    ///
    /// - Throws: ``VenueError`` where it is none.
    static func entries(_ body: [UInt8]) throws(VenueError) -> [JSONValue] {
        guard let entries = (try? JSONValue(parsing: body))?.elements else {
            throw VenueError(.malformedAnswer, "the answer is no list of trades")
        }
        return entries
    }

    /// A number that an element must have, or nothing can be said of it.
    static func integer(_ entry: JSONValue, _ name: String) throws(VenueError) -> Int64 {
        guard let value = entry[name]?.integer, value >= 0 else {
            throw VenueError(.malformedAnswer, "a trade of the answer has no usable '\(name)'")
        }
        return value
    }
}

extension HistoryPage {
    /// What an answer says of the ids asked for.
    ///
    /// - Parameter items: as the venue gave them; ids that it leaves out between two of them do not exist there.
    init(_ items: [HistoryItem], of instrument: Instrument, _ ids: ClosedRange<Int64>) {
        self.init()
        var next = ids.lowerBound
        func lacks(_ first: Int64, _ last: Int64, _ reason: String) -> UnavailableTrades {
            UnavailableTrades(instrument: instrument, tradeIDs: first...last, reason: reason)
        }
        for item in items.sorted(by: { $0.ids.lowerBound < $1.ids.lowerBound }) where item.ids.upperBound >= next {
            let first = item.ids.lowerBound
            if first > next {
                unavailable.append(lacks(next, min(first - 1, ids.upperBound), "the venue does not give them"))
            }
            guard first <= ids.upperBound else {
                through = ids.upperBound
                return
            }
            let last = min(item.ids.upperBound, ids.upperBound)
            if first < next || item.ids.upperBound > ids.upperBound {
                unavailable.append(lacks(max(first, next), last, "the venue gives them as part of an aggregate only"))
            } else if let trade = item.trade {
                trades.append(trade)
            } else {
                unavailable.append(lacks(first, last, item.problem))
            }
            through = last
            guard last < ids.upperBound else { return }
            next = last + 1
        }
    }
}
