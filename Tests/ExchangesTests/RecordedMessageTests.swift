import Foundation
import MarketCore
import MarketWire
import Testing

@testable import Exchanges

/// Real trades, written as Binance's messages and read again.
@Suite struct RecordedMessageTests {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Data/binance-spot-BTCUSDT-2020-01-02/BTCUSDT-aggTrades-2020-01-02.part.csv")

    /// The columns of each line, as texts.
    static func lines() throws -> [[String]] {
        try String(contentsOf: path, encoding: .utf8).split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",").map(String.init)
        }
    }

    /// A message as the exchange writes it, made from the columns with no code of ours.
    private func message(_ cells: [String], event: String) -> String {
        let ids = event == "trade" ? #""t":\#(cells[4])"# : #""a":\#(cells[0])"#
        let range = event == "trade" ? "" : #","f":\#(cells[3]),"l":\#(cells[4])"#
        return #"{"e":"\#(event)","E":1,"s":"BTCUSDT",\#(ids),"p":"\#(cells[1])","q":"\#(cells[2])"\#(range),"#
            + #""T":\#(cells[5]),"m":\#(cells[6].lowercased()),"M":\#(cells[7].lowercased())}"#
    }

    @Test(arguments: BinanceStreamKind.allCases)
    func theyAreReadToTheDigitAndWrittenToTheByte(_ kind: BinanceStreamKind) throws {
        let decoder = BinanceDecoder([try Instrument(key: "BTCUSDT")])
        let lines = try Self.lines()
        #expect(lines.count == 1_000)
        for cells in lines {
            let text = message(cells, event: kind.rawValue)
            guard
                case .trade(let trade) = try decoder.decode(Array(text.utf8).span.bytes, receivedTimeMicros: 1)
            else {
                Issue.record("no trade: \(text)")
                continue
            }
            #expect(decoder.decodeUsual(Array(text.utf8).span.bytes, receivedTimeMicros: 1) == trade, "the fast reader")
            #expect(
                try decoder.decodeGeneral(Array(text.utf8).span.bytes, receivedTimeMicros: 1) == .trade(trade),
                "the general reader")
            let last = try #require(Int64(cells[4]))
            let first = kind == .trade ? last : try #require(Int64(cells[3]))
            #expect(trade.tradeID == last && trade.firstTradeID == first)
            #expect(trade.price == Price(cells[1]) && trade.quantity == Quantity(cells[2]))
            #expect(trade.eventTimeMicros == Int64(cells[5]).map { $0 * 1_000 })
            #expect(trade.takerSide == (cells[6] == "True" ? .sell : .buy))
            let own = BinanceTrade(
                id: kind == .trade ? last : try #require(Int64(cells[0])), firstTradeID: first, lastTradeID: last,
                price: trade.price, quantity: trade.quantity, timeMicros: trade.eventTimeMicros,
                isBuyerMaker: trade.takerSide == .sell, isBestMatch: cells[7] == "True")
            var bytes: [UInt8] = []
            switch kind {
            case .trade: BinanceStreamMessage.append(trade: own, symbol: "BTCUSDT", eventTimeMicros: 1_000, to: &bytes)
            case .aggTrade:
                BinanceStreamMessage.append(aggregate: own, symbol: "BTCUSDT", eventTimeMicros: 1_000, to: &bytes)
            }
            #expect(String(decoding: bytes, as: UTF8.self) == text)
        }
    }
}
