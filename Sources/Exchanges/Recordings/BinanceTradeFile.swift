public import MarketCore

/// One of Binance's public files, row by row, plain or gzip: `BTCUSDT-trades-2024-01-01.csv`,
/// `BTCUSDT-aggTrades-2024-01-01.csv`, with a header or without, times in milliseconds or microseconds (since 2025).
///
/// It blocks: not for the cooperative pool.
public final class BinanceTradeFile {
    /// As the file's name begins.
    public let instrument: Instrument
    /// Of the file's name, else found by the number of columns of its first row.
    public private(set) var kind: BinanceStreamKind?
    let lines: RecordingLines

    /// - Throws: ``RecordingError`` where it cannot be read, or its name does not begin with a symbol.
    public convenience init(_ path: String) throws(RecordingError) {
        try self.init(RecordingLines(path))
    }

    init(_ lines: RecordingLines) throws(RecordingError) {
        self.lines = lines
        let name = lines.path.split(separator: "/").last.map(String.init) ?? lines.path
        let symbol = name.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }.uppercased()
        guard !symbol.isEmpty, let instrument = try? Instrument(venue: Instrument.defaultVenue, symbol: symbol) else {
            throw RecordingError(
                "\(lines.path): the name does not begin with a symbol, like BTCUSDT-trades-2024-01-01.csv")
        }
        self.instrument = instrument
        let lower = name.lowercased()
        kind = lower.contains("aggtrades") ? .aggTrade : lower.contains("trades") ? .trade : nil
    }

    /// The next row; nil at the file's end. After an error of a line it goes on with the line behind it.
    ///
    /// - Throws: ``RecordingError``.
    public func next() throws(RecordingError) -> BinanceTrade? {
        while let line = try lines.next() {
            if line.isEmpty { continue }
            // A header: names of columns. Anything else that is no row is an error.
            if lines.lineNumber == 1, let first = line.first, (0x41...0x5A).contains(first & 0xDF) { continue }
            return try row(line)
        }
        if lines.isCutOff { throw RecordingError("\(lines.path) is cut off behind line \(lines.lineNumber)") }
        return nil
    }

    /// What is wrong with the row that was read last.
    public func problem(_ words: String) -> RecordingError { lines.problem(words) }

    private func row(_ line: ArraySlice<UInt8>) throws(RecordingError) -> BinanceTrade {
        let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        let kind = self.kind ?? (cells.count >= 8 ? .aggTrade : .trade)
        self.kind = kind
        switch kind {
        case .trade:
            // id, price, quantity, quote quantity, time, is buyer maker[, is best match]
            guard cells.count >= 6 else { throw problem("at least 6 columns are expected") }
            let id = try integer(cells[0])
            return try row(
                id, id...id, cells[1], cells[2], cells[4], cells[5], cells.count > 6 ? cells[6] : nil)
        case .aggTrade:
            // id, price, quantity, first id, last id, time, is buyer maker[, is best match]
            guard cells.count >= 7 else { throw problem("at least 7 columns are expected") }
            let (first, last) = (try integer(cells[3]), try integer(cells[4]))
            guard first <= last else { throw problem("the first trade \(first) is above the last one \(last)") }
            return try row(
                try integer(cells[0]), first...last, cells[1], cells[2], cells[5], cells[6],
                cells.count > 7 ? cells[7] : nil)
        }
    }

    private func row(
        _ id: Int64, _ trades: ClosedRange<Int64>, _ price: ArraySlice<UInt8>, _ quantity: ArraySlice<UInt8>,
        _ time: ArraySlice<UInt8>, _ isBuyerMaker: ArraySlice<UInt8>, _ isBestMatch: ArraySlice<UInt8>?
    ) throws(RecordingError) -> BinanceTrade {
        guard let price = try? Price(parsing: price), price.raw > 0 else { throw problem("the price is none") }
        guard let quantity = try? Quantity(parsing: quantity), quantity >= .zero else {
            throw problem("the quantity is none")
        }
        guard let micros = BinanceTime.micros(try integer(time)) else { throw problem("the time is none") }
        var isBest = true
        if let isBestMatch { isBest = try flag(isBestMatch) }
        return BinanceTrade(
            id: id, firstTradeID: trades.lowerBound, lastTradeID: trades.upperBound, price: price, quantity: quantity,
            timeMicros: micros, isBuyerMaker: try flag(isBuyerMaker), isBestMatch: isBest)
    }

    private func integer(_ cell: ArraySlice<UInt8>) throws(RecordingError) -> Int64 {
        var value: Int64 = 0
        for byte in cell {
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(Int64(byte) - 0x30)
            guard (0x30...0x39).contains(byte), !isTooLarge, !overflows else { throw noNumber(cell) }
            value = sum
        }
        guard !cell.isEmpty else { throw noNumber(cell) }
        return value
    }

    private func noNumber(_ cell: ArraySlice<UInt8>) -> RecordingError {
        problem("'\(String(decoding: cell.prefix(40), as: UTF8.self))' is no whole number")
    }

    private func flag(_ cell: ArraySlice<UInt8>) throws(RecordingError) -> Bool {
        switch cell.first {
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "1"): true
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "0"): false
        default: throw problem("'\(String(decoding: cell.prefix(40), as: UTF8.self))' is neither true nor false")
        }
    }
}

extension BinanceTrade {
    /// As the streams would have brought it.
    func trade(of instrument: Instrument, _ kind: BinanceStreamKind, receivedTimeMicros: Int64) -> Trade {
        Trade(
            instrument: instrument, tradeID: lastTradeID, price: price, quantity: quantity, takerSide: takerSide,
            eventTimeMicros: timeMicros, receivedTimeMicros: receivedTimeMicros,
            tradeCount: lastTradeID - firstTradeID + 1, aggregateID: kind == .aggTrade ? id : nil)
    }
}
