import Synchronization

/// A trade as it goes to Kafka.
struct TradeMessage: Sendable, Hashable {
    /// The instrument's key text.
    let key: [UInt8]
    let value: [UInt8]
}

/// Trades that were accepted from the venue and are neither in the log nor with librdkafka, until they are handed over
/// again.
///
/// Bounded without a bound of its own: while anything is here no new trade is handed over, so it holds at most what was
/// in librdkafka's queue and the batch in hand of each connection.
final class ReturnedTrades: Sendable {
    private struct Contents {
        var messages: [TradeMessage] = []
        /// Taken to be handed over, and not handed over yet.
        var inHand = 0
        /// Counts those that were handed over.
        var leavings = 0
    }

    private let contents = Mutex(Contents())
    /// An element after each time that something came back; for one reader.
    let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() { (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    var count: Int { contents.withLock { $0.messages.count + $0.inHand } }

    func add(_ messages: some Collection<TradeMessage>) {
        guard !messages.isEmpty else { return }
        contents.withLock { $0.messages.append(contentsOf: messages) }
        arrival.yield()
    }

    /// All that is here, for the one who hands it over.
    func take() -> [TradeMessage] {
        contents.withLock { contents in
            contents.inHand = contents.messages.count
            defer { contents.messages = [] }
            return contents.messages
        }
    }

    func handedOver() {
        contents.withLock { contents in
            contents.inHand -= 1
            contents.leavings += 1
        }
    }

    /// How many have been handed over so far.
    var leavings: Int { contents.withLock { $0.leavings } }

    /// What was taken and could not be handed over.
    func putBack(_ messages: some Collection<TradeMessage>) {
        contents.withLock { contents in
            contents.inHand = 0
            contents.messages.insert(contentsOf: messages, at: 0)
        }
        arrival.yield()
    }
}
