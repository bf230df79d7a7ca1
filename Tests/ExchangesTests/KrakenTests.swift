import Foundation
import MarketCore
import NIOCore
import Testing

@testable import Exchanges

@Suite struct KrakenTests {
    private let instrument: Instrument

    init() throws { instrument = try Instrument(key: "kraken:BTC/USD") }

    private func read(_ text: String) throws -> (StreamSignal, [Trade]) {
        var reader = KrakenDialect(address: "").makeReader([instrument])
        var trades: [Trade] = []
        return (try reader.read(ByteBuffer(string: text), receivedTimeMicros: 9, into: &trades), trades)
    }

    @Test func theDocumentedMessage() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Data/kraken-v2/trade-update.json")
        let (signal, trades) = try read(try String(contentsOf: file, encoding: .utf8))
        #expect(signal == .none && trades.map(\.tradeID) == [10_218_208, 10_218_209])
        // From their literals: 0.00012460 is no binary fraction.
        #expect(trades.map(\.price) == [Price("105944.2"), Price("105910.5")])
        #expect(trades.map(\.quantity) == [Quantity("0.00027625"), Quantity("0.0001246")])
        #expect(trades.map(\.takerSide) == [.buy, .sell])
        #expect(trades[0].eventTimeMicros == 1_696_613_755_440_295 && trades[0].instrument == instrument)
    }

    @Test func subscriptionsAreGrantedOrRefused() throws {
        let granted =
            #"{"method":"subscribe","result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},"success":true}"#
        #expect(try read(granted).0 == .granted)
        let refused = #"{"error":"Currency pair not supported FOO/USD","method":"subscribe","success":false}"#
        #expect(try read(refused).0 == .refused("a subscription was refused: Currency pair not supported FOO/USD"))
    }

    @Test(arguments: [
        #"{"channel":"heartbeat"}"#, #"{"method":"pong","req_id":1}"#,
        #"{"channel":"status","type":"update","data":[{"system":"online"}]}"#,
        #"{"channel":"trade","type":"update","data":[{"symbol":"ETH/USD"}]}"#,
    ])
    func otherMessagesBringNothing(_ text: String) throws {
        let (signal, trades) = try read(text)
        #expect(signal == .none && trades.isEmpty)
    }

    @Test func whatIsAskedFor() {
        let dialect = KrakenDialect(address: "")
        let asked = dialect.requests(.subscribe, [instrument], firstID: 1)
        let params = #""params":{"channel":"trade","snapshot":true,"symbol":["BTC/USD"]}"#
        #expect(asked == [StreamRequest(text: #"{"method":"subscribe",\#(params)}"#, grants: 1)])
        let less = dialect.requests(.unsubscribe, [instrument], firstID: 1)
        #expect(less.map(\.text) == [#"{"method":"unsubscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#])
    }

    @Test(arguments: [
        "", "{", "7", #"{"channel":"trade"}"#, #"{"channel":"trade","data":[{}]}"#,
        #"{"channel":"trade","data":[{"symbol":"BTC/USD","trade_id":1,"price":1e999,"qty":1,"side":"buy"}]}"#,
    ])
    func whatCannotBeUsedIsAnError(_ text: String) {
        #expect(throws: VenueError.self) { try read(text) }
    }
}
