import ArgumentParser
import Gzip
import PostgresClient

/// How candles are written for other programs.
enum CandleFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// RFC 4180 without quotes, since no value needs any; a header, lines that end in LF, nothing for NULL.
    case csv
    /// An object a line; money as strings, counts as numbers.
    case jsonl
}

/// Turns rows of ``CandlePages`` into bytes.
struct CandleEncoder: ~Copyable {
    private let format: CandleFormat
    private var deflater: GzipDeflater?

    private static let texts: Set<String> = [
        "symbol", "interval", "open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume",
        "taker_buy_quote_volume",
    ]

    init(_ format: CandleFormat, isCompressed: Bool) throws(GzipError) {
        self.format = format
        deflater = isCompressed ? try GzipDeflater() : nil
    }

    mutating func begin() throws -> [UInt8] {
        try packed(format == .csv ? CandlePages.columns.joined(separator: ",") + "\n" : "")
    }

    mutating func encode(_ rows: PostgresRows) throws -> [UInt8] {
        var text = ""
        for row in rows {
            switch format {
            case .csv:
                for index in CandlePages.columns.indices {
                    if index > 0 { text += "," }
                    text += try row.optional(index, as: String.self) ?? ""
                }
            case .jsonl:
                for (index, column) in CandlePages.columns.enumerated() {
                    text += index > 0 ? ",\"\(column)\":" : "{\"\(column)\":"
                    // Neither numbers nor instrument keys hold what JSON would want escaped.
                    let value = try row.optional(index, as: String.self)
                    text += value.map { Self.texts.contains(column) ? "\"\($0)\"" : $0 } ?? "null"
                }
                text += "}"
            }
            text += "\n"
        }
        return try packed(text)
    }

    mutating func end() throws -> [UInt8] {
        guard deflater != nil else { return [] }
        var bytes: [UInt8] = []
        try deflater?.deflate([], .finish, into: &bytes)
        return bytes
    }

    private mutating func packed(_ text: String) throws -> [UInt8] {
        guard deflater != nil else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        try deflater?.deflate(Array(text.utf8), .none, into: &bytes)
        return bytes
    }
}
