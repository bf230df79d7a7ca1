import MarketCore
import ServiceKit
import Testing

@testable import TradeProcessor

@Suite struct RecoveryWordsTests {
    @Test func rangesOfTradeIDs() throws {
        #expect(try RecoveryWords.tradeIDs("100-200") == 100...200)
        #expect(try RecoveryWords.tradeIDs("7") == 7...7)
        for word in ["", "-", "5-", "-5", "200-100", "1-2-3", "a-b", "1-9999999999999999999"] {
            #expect(throws: UsageError.self, "\(word)") { try RecoveryWords.tradeIDs(word) }
        }
    }

    @Test func instrumentsAndLimits() throws {
        #expect(try RecoveryWords.instrument("kraken:BTC/USD").key == "kraken:BTC/USD")
        #expect(throws: UsageError.self) { try RecoveryWords.instrument("not a symbol") }
        #expect(try RecoveryWords.limit(nil, default: 20) == 20)
        #expect(try RecoveryWords.limit("7", default: 20) == 7)
        for word in ["0", "-1", "x", "1000001"] {
            #expect(throws: UsageError.self, "\(word)") { try RecoveryWords.limit(word, default: 20) }
        }
    }

    @Test func tablesAreAlignedAndObeyNoControlCharacters() {
        var table = TextTable(["a", "long name", "b"])
        table.append(["1234", "x", "\u{1B}[2J\n"])
        #expect(table.text == "a     long name  b\n1234  x          \\u001b[2J\\u000a")
    }
}
