import Exchanges
import Foundation
import MarketCore

/// Why a recording cannot be played.
struct RecordingError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads Binance's public files: `BTCUSDT-trades-2024-01-01.csv`, `BTCUSDT-aggTrades-2024-01-01.csv`, with a header or
/// without, times in milliseconds or microseconds (since 2025).
enum RecordingFile {
    /// 56 bytes each in memory.
    static let maxRows = 30_000_000

    /// Reads files, in the order of their names; those of one symbol go on where the one before ended.
    static func read(_ paths: [String]) throws -> [Recording] {
        var rows: [String: [Recording.Row]] = [:]
        var kinds: [String: BinanceStreamKind] = [:]
        for path in paths.sorted() {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw RecordingError("\(path) cannot be read")
            }
            let (symbol, named) = try nameParts(path)
            var layout = Layout(path: path, kind: named)
            try layout.read([UInt8](data), into: &rows[symbol, default: []])
            guard let kind = layout.kind else { throw RecordingError("\(path) is empty") }
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

    private static func nameParts(_ path: String) throws -> (String, BinanceStreamKind?) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let symbol = name.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }.uppercased()
        guard !symbol.isEmpty, (try? Instrument(venue: "binance", symbol: symbol)) != nil else {
            throw RecordingError("\(path): the name does not begin with a symbol, like BTCUSDT-trades-2024-01-01.csv")
        }
        let lower = name.lowercased()
        if lower.contains("aggtrades") { return (symbol, .aggTrade) }
        return (symbol, lower.contains("trades") ? .trade : nil)
    }
}

/// Reads the lines of one file.
private struct Layout {
    let path: String
    /// Of the name, else found by the number of columns.
    var kind: BinanceStreamKind?
    private var lineNumber = 0

    init(path: String, kind: BinanceStreamKind?) {
        self.path = path
        self.kind = kind
    }

    mutating func read(_ bytes: [UInt8], into rows: inout [Recording.Row]) throws {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let lineEnd = end > start && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
            lineNumber += 1
            let isHeader = lineNumber == 1 && lineEnd > start && !(0x30...0x39).contains(bytes[start])
            if lineEnd > start, !isHeader { try append(bytes[start..<lineEnd], to: &rows) }
            start = end + 1
        }
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to rows: inout [Recording.Row]) throws {
        let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        let kind = self.kind ?? (cells.count >= 8 ? .aggTrade : .trade)
        self.kind = kind
        guard rows.count < RecordingFile.maxRows else { throw problem("more than \(RecordingFile.maxRows) trades") }
        let row: Recording.Row
        switch kind {
        case .trade:
            // id, price, quantity, quote quantity, time, is buyer maker[, is best match]
            guard cells.count >= 6 else { throw problem("at least 6 columns are expected") }
            let id = try integer(cells[0])
            row = try self.row(id, id...id, cells[1], cells[2], cells[4], cells[5], cells.count > 6 ? cells[6] : nil)
        case .aggTrade:
            // id, price, quantity, first id, last id, time, is buyer maker[, is best match]
            guard cells.count >= 7 else { throw problem("at least 7 columns are expected") }
            let (first, last) = (try integer(cells[3]), try integer(cells[4]))
            guard first <= last else { throw problem("the first trade \(first) is above the last one \(last)") }
            row = try self.row(
                try integer(cells[0]), first...last, cells[1], cells[2], cells[5], cells[6],
                cells.count > 7 ? cells[7] : nil)
        }
        if let before = rows.last {
            guard row.id > before.id, row.firstTradeID > before.lastTradeID else {
                throw problem("ids must rise; \(row.id) follows \(before.id)")
            }
            guard row.timeMicros >= before.timeMicros else { throw problem("times must not fall") }
        }
        rows.append(row)
    }

    private func row(
        _ id: Int64, _ trades: ClosedRange<Int64>, _ price: ArraySlice<UInt8>, _ quantity: ArraySlice<UInt8>,
        _ time: ArraySlice<UInt8>, _ isBuyerMaker: ArraySlice<UInt8>, _ isBestMatch: ArraySlice<UInt8>?
    ) throws -> Recording.Row {
        guard let price = try? Price(parsing: price), price.raw > 0 else { throw problem("the price is none") }
        guard let quantity = try? Quantity(parsing: quantity), let small = Int64(exactly: quantity.raw), small >= 0
        else { throw problem("the quantity is none") }
        return Recording.Row(
            id: id, firstTradeID: trades.lowerBound, lastTradeID: trades.upperBound, price: price.raw, quantity: small,
            timeMicros: try BinanceTime.micros(integer(time)) ?? { throw problem("the time is none") }(),
            isBuyerMaker: try flag(isBuyerMaker), isBestMatch: try isBestMatch.map(flag) ?? true)
    }

    private func integer(_ cell: ArraySlice<UInt8>) throws -> Int64 {
        guard let value = Int64(String(decoding: cell, as: UTF8.self)), value >= 0 else {
            throw problem("'\(String(decoding: cell.prefix(40), as: UTF8.self))' is no whole number")
        }
        return value
    }

    private func flag(_ cell: ArraySlice<UInt8>) throws -> Bool {
        switch cell.first {
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "1"): true
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "0"): false
        default: throw problem("'\(String(decoding: cell.prefix(40), as: UTF8.self))' is neither true nor false")
        }
    }

    private func problem(_ words: String) -> RecordingError { RecordingError("\(path), line \(lineNumber): \(words)") }
}
