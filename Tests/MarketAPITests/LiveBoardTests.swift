import MarketCore
import MarketWire
import Synchronization
import Testing

@testable import MarketAPI

@Suite struct LiveBoardTests {
    private let clock = TestClock()

    private func board(_ symbols: String...) throws -> LiveBoard {
        LiveBoard(
            instruments: try symbols.map { try Sample.instrument($0) }, venueSilentAfterMillis: 5_000,
            time: clock.source)
    }

    @Test func anOlderPriceNeverComesBack() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        board.take(try Sample.update(price: "10", tradeID: 5), of: instrument)
        board.take(try Sample.update(price: "9", tradeID: 4), of: instrument)
        #expect(board.quote(instrument)?.price.description == "10")
        // A numbering that began again is newer by its time.
        board.take(try Sample.update(price: "11", tradeID: 1, eventTimeMicros: 1_800_000_000_000_000), of: instrument)
        #expect(board.quote(instrument)?.price.description == "11")
    }

    @Test func aClosedWindowIsOpenNoMore() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let ten = try Sample.candle(1_000, isClosed: false)
        let minute = try Sample.candle("BTCUSDT", .oneMinute, 960, isClosed: false)
        board.take(try Sample.update(price: "10", tradeID: 5, candles: [ten, minute]), of: instrument)
        #expect(board.openCandle(instrument, .tenSeconds) == ten)
        board.takeClosed(try Sample.candle(1_000), of: instrument)
        #expect(board.openCandle(instrument, .tenSeconds) == nil)
        #expect(board.openCandle(instrument, .oneMinute) == minute)
        // The message that was on its way comes too late.
        board.take(try Sample.update(price: "10", tradeID: 6, candles: [ten]), of: instrument)
        #expect(board.openCandle(instrument, .tenSeconds) == nil)
        // The end of this window is the end of the minute: one watermark closes both.
        board.takeClosed(try Sample.candle(1_010), of: instrument)
        #expect(board.openCandle(instrument, .oneMinute) == nil)
    }

    @Test func aSilentVenueIsToldFromAQuietSymbol() throws {
        let board = try board("BTCUSDT", "ETHUSDT", "kraken:BTC/USD")
        let bitcoin = try Sample.instrument("BTCUSDT")
        func states() -> [String] { board.venueReports().map { "\($0.venue) \($0.state)" } }
        #expect(states() == ["binance starting", "kraken starting"])
        for second in 1...8 {
            clock.advance(millis: 1_000)
            board.take(try Sample.update(price: "10", tradeID: Int64(second)), of: bitcoin)
        }
        // ETHUSDT has never traded, but its venue has; kraken has not.
        #expect(states() == ["binance live", "kraken silent"])
        clock.advance(millis: 4_900)
        #expect(states()[0] == "binance live")
        // The same trade again, as after a repeated publication, is no sign of life.
        board.take(try Sample.update(price: "10", tradeID: 8), of: bitcoin)
        clock.advance(millis: 200)
        #expect(states()[0] == "binance silent")
        #expect(board.venueReports()[0].lastTradeAgeMillis == 5_100)
    }

    @Test func timeWithoutTheFeedIsNoSilenceOfTheVenue() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        board.feedConnected()
        board.take(try Sample.update(price: "10", tradeID: 1), of: instrument)
        board.feedInterrupted()
        clock.advance(millis: 60_000)
        board.feedConnected()
        #expect(board.venueReports()[0].state == .starting)
        clock.advance(millis: 5_000)
        #expect(board.venueReports()[0].state == .silent)
    }

    @Test func aMailboxKeepsTheLatestValueOnly() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let mailbox = Mailbox()
        #expect(board.subscribe(mailbox, to: [instrument], FeedSelection(intervals: [.tenSeconds]), replies: []))
        _ = board.take(mailbox)
        for number in 1...100_000 {
            board.take(
                try Sample.update(
                    price: "\(number)", tradeID: Int64(number),
                    candles: number.isMultiple(of: 1_000)
                        ? [try Sample.candle(1_000, isClosed: false, tradeCount: Int64(number))] : []),
                of: instrument)
        }
        let messages = board.take(mailbox)
        #expect(messages.map(\.kind) == [.price, .candle])
        #expect(messages.contains { $0.text.contains(#""price":"100000""#) })
        #expect(messages.contains { $0.text.contains(#""trade_count":100000"#) })
    }

    @Test func whoLeftIsForgotten() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let mailbox = Mailbox()
        board.subscribeToStatus(mailbox)
        board.subscribeToAllDays(mailbox)
        #expect(board.subscribe(mailbox, to: [instrument], .everything, replies: []))
        _ = board.take(mailbox)
        board.remove(mailbox)
        board.take(
            try Sample.update(price: "10", tradeID: 1, candles: [try Sample.candle(1_000, isClosed: false)]),
            of: instrument)
        board.publishStatus(FeedMessage(kind: .status, frame: .text("{}")), isNews: true)
        board.takeClosed(try Sample.candle(1_000), of: instrument)
        board.feedDropped()
        #expect(board.take(mailbox).isEmpty)
    }

    @Test func aClientIsWokenOnceForAllThatWaits() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let calls = Atomic(0)
        let mailbox = Mailbox(onWake: { calls.add(1, ordering: .relaxed) })
        #expect(board.subscribe(mailbox, to: [instrument], .everything, replies: []))
        board.take(try Sample.update(price: "10", tradeID: 1), of: instrument)
        board.take(try Sample.update(price: "11", tradeID: 2), of: instrument)
        board.takeClosed(try Sample.candle(1_000), of: instrument)
        #expect(calls.load(ordering: .relaxed) == 1)
        #expect(board.take(mailbox).map(\.kind) == [.snapshot, .candle, .price])
        board.take(try Sample.update(price: "12", tradeID: 3), of: instrument)
        #expect(calls.load(ordering: .relaxed) == 2)
    }

    @Test func aStatusThatIsNoNewsGoesAlong() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let status = FeedMessage(kind: .status, frame: .text("{}"))
        let calls = Atomic(0)
        let mailbox = Mailbox(onWake: { calls.add(1, ordering: .relaxed) })
        #expect(board.subscribe(mailbox, to: [instrument], FeedSelection(), replies: []))
        board.subscribeToStatus(mailbox)
        board.publishStatus(status, isNews: true)
        _ = board.take(mailbox)
        let before = calls.load(ordering: .relaxed)

        board.publishStatus(status, isNews: false)
        #expect(calls.load(ordering: .relaxed) == before)
        board.take(try Sample.update(price: "10", tradeID: 1), of: instrument)
        #expect(calls.load(ordering: .relaxed) == before + 1)
        #expect(Set(board.take(mailbox).map(\.kind)) == [.status, .price])
        board.deliverStatus()
        #expect(calls.load(ordering: .relaxed) == before + 1)

        board.publishStatus(status, isNews: false)
        board.deliverStatus()
        #expect(calls.load(ordering: .relaxed) == before + 2)
        #expect(board.take(mailbox).map(\.kind) == [.status])

        // News is told at once, whether or not something quiet waits.
        board.publishStatus(status, isNews: false)
        board.publishStatus(status, isNews: true)
        #expect(calls.load(ordering: .relaxed) == before + 3)
    }

    @Test func unsubscribingEndsTheIntervalOrEverything() throws {
        let board = try board("BTCUSDT")
        let instrument = try Sample.instrument("BTCUSDT")
        let mailbox = Mailbox()
        #expect(
            board.subscribe(
                mailbox, to: [instrument], FeedSelection(intervals: [.tenSeconds, .oneMinute]), replies: []))
        board.unsubscribe(mailbox, from: [instrument], .unsubscribing(nil, [.oneMinute]))
        _ = mailbox.take()
        func publish(_ id: Int64) throws {
            board.take(
                try Sample.update(
                    price: "10", tradeID: id,
                    candles: [
                        try Sample.candle("BTCUSDT", .tenSeconds, 1_000, isClosed: false, tradeCount: id),
                        try Sample.candle("BTCUSDT", .oneMinute, 960, isClosed: false, tradeCount: id),
                    ]), of: instrument)
        }
        try publish(1)
        #expect(Set(mailbox.take().topics) == [.price(0), .candle(0, .tenSeconds)])
        board.unsubscribe(mailbox, from: [instrument], .everything)
        try publish(2)
        #expect(mailbox.take().topics.isEmpty)
    }
}
