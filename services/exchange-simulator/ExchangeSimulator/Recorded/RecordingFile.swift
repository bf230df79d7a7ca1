import Exchanges
import MarketCore

/// Reads Binance's public files into memory: any of their ids can be asked for.
enum RecordingFile {
    /// 56 bytes each in memory.
    static let maxRows = 30_000_000

    /// Reads files, in the order of their names; those of one symbol go on where the one before ended.
    static func read(_ paths: [String]) throws(RecordingError) -> [Recording] {
        var rows: [String: [Recording.Row]] = [:]
        var kinds: [String: BinanceStreamKind] = [:]
        for path in paths.sorted() {
            let file = try BinanceTradeFile(path)
            let symbol = file.instrument.symbol
            try read(file, into: &rows[symbol, default: []])
            guard let kind = file.kind else { throw RecordingError("\(path) is empty") }
            guard kinds[symbol, default: kind] == kind else {
                throw RecordingError("\(path): the other files of \(symbol) hold another kind of trades")
            }
            kinds[symbol] = kind
        }
        let recordings = rows.keys.sorted().compactMap { symbol in
            kinds[symbol].flatMap { kind in
                rows[symbol].flatMap { $0.isEmpty ? nil : Recording(symbol: symbol, kind: kind, rows: $0) }
            }
        }
        guard let first = recordings.first else { throw RecordingError("the files hold no trades") }
        guard recordings.allSatisfy({ $0.kind == first.kind }) else {
            throw RecordingError("trades and aggTrades cannot be played together")
        }
        return recordings
    }

    private static func read(
        _ file: BinanceTradeFile, into rows: inout [Recording.Row]
    ) throws(RecordingError) {
        while let trade = try file.next() {
            guard rows.count < maxRows else { throw file.problem("more than \(maxRows) trades") }
            guard let quantity = Int64(exactly: trade.quantity.raw) else {
                throw file.problem("the quantity is too large to be played")
            }
            if let before = rows.last {
                guard trade.id > before.id, trade.firstTradeID > before.lastTradeID else {
                    throw file.problem("ids must rise; \(trade.id) follows \(before.id)")
                }
                guard trade.timeMicros >= before.timeMicros else { throw file.problem("times must not fall") }
            }
            rows.append(
                Recording.Row(
                    id: trade.id, firstTradeID: trade.firstTradeID, lastTradeID: trade.lastTradeID,
                    price: trade.price.raw, quantity: quantity, timeMicros: trade.timeMicros,
                    isBuyerMaker: trade.isBuyerMaker, isBestMatch: trade.isBestMatch))
        }
    }
}
