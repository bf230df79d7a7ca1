import MarketCore
import MarketWire

@testable import MarketAPI

/// A client as docs describe it: it believes the numbers, and notes every hole that it is not told of.
struct FeedReader {
    private(set) var epochs: [String: String] = [:]
    /// The last number of each topic: `trades`, `candles 10s`.
    private(set) var last: [String: Int64] = [:]
    private(set) var gaps: [String] = []
    /// Where numbers were left out without a word.
    private(set) var holes: [String] = []
    private(set) var windows: [Int64] = []
    private(set) var trades: [Int64] = []

    mutating func take(_ messages: [FeedMessage]) throws {
        for message in messages { take(try JSONValue(parsing: Array(message.text.utf8))) }
    }

    mutating func take(_ message: JSONValue) {
        switch message["type"]?.text {
        case "snapshot": takeSnapshot(message)
        case "gap": takeGap(message)
        case "trade":
            trades.append(message["trade"]?["trade_id"]?.integer ?? 0)
            takeNumber(message, "trades")
        case "candle":
            guard let candle = message["candle"], candle["closed"]?.isTrue == true else { return }
            windows.append(candle["window_start"]?.integer ?? 0)
            takeNumber(message, "candles \(candle["interval"]?.text ?? "")")
        default: break
        }
    }

    private mutating func takeNumber(_ message: JSONValue, _ topic: String) {
        let seq = message["seq"]?.integer ?? -1
        if message["epoch"]?.text != epochs[topic] || seq != (last[topic] ?? -1) + 1 {
            holes.append("\(topic): \(seq) after \(last[topic] ?? -1)")
        }
        last[topic] = seq
    }

    private mutating func takeSnapshot(_ message: JSONValue) {
        if let members = message["positions"]?["candles"]?.members {
            for member in members { takePosition(member.value, "candles \(member.name)") }
        }
        if let position = message["positions"]?["trades"] { takePosition(position, "trades") }
    }

    private mutating func takePosition(_ position: JSONValue, _ topic: String) {
        let seq = position["seq"]?.integer ?? -1
        let epoch = position["epoch"]?.text ?? ""
        // The gap before it has said up to where.
        if epochs[topic] == epoch, let last = last[topic], last != seq { holes.append("\(topic): snapshot at \(seq)") }
        epochs[topic] = epoch
        last[topic] = seq
    }

    private mutating func takeGap(_ message: JSONValue) {
        var words = [message["reason"]?.text ?? "", message["channel"]?.text ?? ""]
        var topic = words[1]
        if let interval = message["interval"]?.text {
            words.append(interval)
            topic += " \(interval)"
        }
        if let from = message["from"]?.integer, let end = message["to"]?.integer {
            words.append("\(from)...\(end)")
            if let last = last[topic], from != last + 1 { holes.append("\(topic): gap from \(from)") }
            last[topic] = end
        }
        if let start = message["window_start"]?.integer { words.append("from window \(start)") }
        gaps.append(words.joined(separator: " "))
    }
}
