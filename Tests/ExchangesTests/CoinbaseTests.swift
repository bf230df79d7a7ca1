import Foundation
import MarketCore
import NIOCore
import Testing

@testable import Exchanges

@Suite struct CoinbaseTests {
    private let instruments: [Instrument]
    private let lines: [String]

    init() throws {
        instruments = try ["coinbase:BTC-USD", "coinbase:ETH-USD"].map { try Instrument(key: $0) }
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Data/coinbase-advanced-trade-2026-08-09/messages.jsonl")
        lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func reader() -> any StreamReader {
        CoinbaseDialect(address: "").makeReader(instruments)
    }

    /// What a real connection sent.
    @Test func theRecordingGivesEachTradeOnce() throws {
        var reader = reader()
        var trades: [Trade] = []
        var signals: Set<StreamSignal> = []
        for line in lines {
            signals.insert(try reader.read(ByteBuffer(string: line), receivedTimeMicros: 9, into: &trades))
        }
        #expect(lines.count == 1_030 && trades.count == 279)
        #expect(signals == [.none, .granted], "no message is missing")
        for (instrument, count) in zip(instruments, [147, 132]) {
            let ids = trades.filter { $0.instrument == instrument }.map(\.tradeID)
            #expect(ids.count == count && ids == Array(ids[0]..<(ids[0] + Int64(count))), "ascending, without a gap")
        }
        let first = try #require(trades.first { $0.tradeID == 1_068_572_090 })
        #expect(first.price == Price("65083.67") && first.quantity == Quantity("0.002186"))
        #expect(first.eventTimeMicros == 1_786_309_542_514_318)
        // At the ask of 65083.67: the taker bought.
        #expect(first.takerSide == .buy)
    }

    @Test(arguments: [1, 20, 500, 1_028]) func aMessageThatIsMissingIsNoticed(_ place: Int) throws {
        var reader = reader()
        var trades: [Trade] = []
        var broken: [String] = []
        for (number, line) in lines.enumerated() where number != place {
            let signal = try reader.read(ByteBuffer(string: line), receivedTimeMicros: 9, into: &trades)
            if case .broken(let reason) = signal { broken.append(reason) }
        }
        #expect(broken.count == 1 && broken[0].contains("sequence_num went from \(place - 1) to \(place + 1)"))
    }

    @Test func aRefusalIsTold() throws {
        var reader = reader()
        var trades: [Trade] = []
        let text = #"{"type":"error","message":"invalid product"}"#
        let signal = try reader.read(ByteBuffer(string: text), receivedTimeMicros: 9, into: &trades)
        #expect(signal == .refused("a subscription was refused: invalid product"))
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"channel":"market_trades","events":[{"trades":[{}]}]}"#,
        #"{"channel":"market_trades","events":[{"trades":[{"product_id":"BTC-USD","trade_id":"x","price":"1","#
            + #""size":"1","time":"2026-08-09T21:05:42Z","side":"BUY"}]}]}"#,
        #"{"channel":"market_trades","events":[{"trades":[{"product_id":"BTC-USD","trade_id":"1","price":"NaN","#
            + #""size":"1","time":"2026-08-09T21:05:42Z","side":"BUY"}]}]}"#,
    ])
    func whatCannotBeUsedIsAnError(_ text: String) {
        var reader = reader()
        var trades: [Trade] = []
        #expect(throws: VenueError.self) {
            _ = try reader.read(ByteBuffer(string: text), receivedTimeMicros: 9, into: &trades)
        }
    }

    @Test func whatIsAskedFor() {
        let dialect = CoinbaseDialect(address: "")
        let products = #""product_ids":["BTC-USD","ETH-USD"]"#
        #expect(
            dialect.requests(.subscribe, instruments, firstID: 1) == [
                StreamRequest(text: #"{"type":"subscribe",\#(products),"channel":"market_trades"}"#, grants: 1),
                StreamRequest(text: #"{"type":"subscribe",\#(products),"channel":"heartbeats"}"#, grants: 0),
            ])
        // Heartbeats go on for those that are left.
        #expect(
            dialect.requests(.unsubscribe, instruments, firstID: 1).map(\.text) == [
                #"{"type":"unsubscribe",\#(products),"channel":"market_trades"}"#
            ])
    }
}
