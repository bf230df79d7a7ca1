import MarketCore
import MarketWire
import Testing

@testable import MarketAPI

/// What a client can rely on: numbers without holes, and a word where there is one.
@Suite struct FeedNumberingTests {
    private let trades = TradeTail()
    private let board: LiveBoard
    private let instrument: Instrument
    private let everything = FeedSelection(intervals: [.tenSeconds], hasTrades: true)

    init() throws {
        instrument = try Sample.instrument("BTCUSDT")
        board = LiveBoard(
            instruments: [instrument], venueSilentAfterMillis: 5_000, time: TestClock().source, trades: trades)
        board.feedConnected()
    }

    private func follow(_ selection: FeedSelection, limits: Mailbox.Limits = .init()) -> (Mailbox, FeedReader) {
        let mailbox = Mailbox(limits: limits)
        _ = board.subscribe(mailbox, to: [instrument], selection, replies: [])
        return (mailbox, FeedReader())
    }

    private func trade(_ ids: ClosedRange<Int64>, hasGap: Bool = false) throws {
        if hasGap { board.missedTrades() }
        board.tookTrades(try ids.map { try Sample.trade($0) })
    }

    @Test func thousandsOfMessagesAreContiguous() throws {
        var (mailbox, reader) = follow(everything)
        var random = SeededRandom(seed: 7)
        var told: [Int64] = []
        var id: Int64 = 0
        for step in 0..<3_000 {
            if random.next().isMultiple(of: 3) {
                board.takeClosed(try Sample.candle(Int64(step) * 10), of: instrument)
                told.append(Int64(step) * 10)
            } else {
                try trade(id + 1...id + 2)
                id += 2
            }
            if random.next().isMultiple(of: 50) { try reader.take(board.take(mailbox)) }
        }
        try reader.take(board.take(mailbox))
        #expect(reader.gaps.isEmpty && reader.holes.isEmpty)
        #expect(reader.windows == told)
        #expect(reader.trades == Array(1...id))
        #expect(reader.last["candles 10s"] == Int64(told.count) && reader.last["trades"] == id)
    }

    @Test func laterRevisionsDoNotTakeTheEarlierOnesPlace() throws {
        var (mailbox, reader) = follow(everything)
        for revision: Int64 in 1...3 {
            board.takeClosed(try Sample.candle(1_000, revision: revision), of: instrument)
        }
        try reader.take(board.take(mailbox))
        #expect(reader.windows == [1_000, 1_000, 1_000] && reader.holes.isEmpty)
    }

    @Test func everyClientGetsTheSameBytes() throws {
        let clients = (0..<3).map { _ in follow(everything).0 }
        for client in clients { _ = board.take(client) }
        board.take(try Sample.update(price: "10", tradeID: 1), of: instrument)
        board.takeClosed(try Sample.candle(1_000), of: instrument)
        try trade(1...1)
        let heard = clients.map { board.take($0).map(\.text) }
        #expect(heard[0].count == 3 && Set(heard).count == 1)
        #expect(heard[0][0].contains(#""seq":1"#))
    }

    @Test func whatOverflowsIsToldWithItsNumbersAndASnapshotFollows() throws {
        var (mailbox, reader) = follow(everything, limits: .init(messages: 10))
        try reader.take(board.take(mailbox))
        try trade(1...3)
        try reader.take(board.take(mailbox))
        for number: Int64 in 0..<6 { board.takeClosed(try Sample.candle(1_000 + number * 10), of: instrument) }
        try trade(4...10)
        board.takeClosed(try Sample.candle(900, revision: 2), of: instrument)
        let messages = board.take(mailbox)
        #expect(messages.map(\.kind) == [.gap, .gap, .snapshot])
        try reader.take(messages)
        #expect(reader.gaps == ["slow_client candles 10s 1...7 from window 900", "slow_client trades 4...10"])
        // From the snapshot on it goes on without a hole.
        board.takeClosed(try Sample.candle(1_060), of: instrument)
        try trade(11...12)
        try reader.take(board.take(mailbox))
        #expect(reader.holes.isEmpty)
        #expect(reader.last == ["candles 10s": 8, "trades": 12])
    }

    @Test func bytesAreBoundedToo() throws {
        let (mailbox, _) = follow(everything, limits: .init(messages: 1_000_000, bytes: 20_000))
        for number: Int64 in 0..<10_000 { board.takeClosed(try Sample.candle(number * 10), of: instrument) }
        let bytes = board.take(mailbox).reduce(0) { $0 + $1.frame.count }
        #expect(bytes < 30_000)
    }

    @Test func aCutOffFeedBeginsANewEpochForEverybody() throws {
        var (mailbox, reader) = follow(everything)
        board.takeClosed(try Sample.candle(1_000), of: instrument)
        try trade(1...2)
        try reader.take(board.take(mailbox))
        let before = reader.epochs
        board.takeClosed(try Sample.candle(1_010), of: instrument)
        board.feedInterrupted()
        board.feedConnected()
        board.takeClosed(try Sample.candle(1_030), of: instrument)
        let messages = board.take(mailbox)
        // What stood in line is still sent; what came after it is in the snapshot.
        #expect(messages.map(\.kind) == [.candle, .gap, .snapshot])
        try reader.take(messages)
        #expect(reader.gaps == ["feed_interrupted candles"])
        #expect(reader.epochs["candles 10s"] != before["candles 10s"])
        #expect(reader.epochs["trades"] == before["trades"])
        try trade(3...3, hasGap: true)
        try reader.take(board.take(mailbox))
        #expect(reader.gaps.last == "feed_interrupted trades")
        #expect(reader.epochs["trades"] != before["trades"])
        board.takeClosed(try Sample.candle(1_040), of: instrument)
        try trade(4...4)
        try reader.take(board.take(mailbox))
        #expect(reader.holes.isEmpty && reader.last == ["candles 10s": 2, "trades": 2])
    }

    @Test func whoReturnsKnowsWhetherItMissedAnything() throws {
        var (mailbox, reader) = follow(everything)
        try trade(1...5)
        try reader.take(board.take(mailbox))
        board.remove(mailbox)
        var (again, second) = follow(everything)
        try second.take(board.take(again))
        #expect(second.epochs == reader.epochs && second.last == reader.last)
        board.remove(again)
        try trade(6...6)
        var (third, last) = follow(everything)
        try last.take(board.take(third))
        #expect(last.last["trades"] == 6)
    }

    @Test func aSnapshotHasTheNewestTradesAndTheNewestClosedCandle() throws {
        for id: Int64 in 1...30 { trades.take(try Sample.trade(id), isNew: true) }
        board.takeNewestClosed(try Sample.candle(1_000), of: instrument)
        let (mailbox, _) = follow(everything)
        let snapshot = try JSONValue(parsing: Array(board.take(mailbox)[0].text.utf8))
        #expect(snapshot["trades"]?.elements?.compactMap { $0["trade_id"]?.integer } == Array(11...30))
        #expect(snapshot["closed_candles"]?["10s"]?["window_start"]?.integer == 1_000)
        #expect(snapshot["positions"]?["trades"]?["seq"]?.integer == 0)
    }

    @Test func anUnsubscribedTopicIsNotMissed() throws {
        let (mailbox, _) = follow(everything, limits: .init(messages: 2))
        try trade(1...5)
        board.unsubscribe(mailbox, from: [instrument], .everything)
        #expect(!board.take(mailbox).contains { $0.kind == .gap })
        board.feedDropped()
        #expect(board.take(mailbox).isEmpty)
    }
}
