import MarketCore
import MarketWire
import RedisClient

/// Reads the state that the processor keeps under Redis keys (DESIGN 3.4) into the board.
struct RedisSnapshot {
    /// Instruments asked for in one pipelined write.
    private static let batchSize = 100

    let client: RedisClient

    /// - Returns: how many instruments had a price.
    func load(into board: LiveBoard) async throws -> Int {
        var keys = Set(board.instruments.map(\.info.instrument.key))
        try await keys.formUnion(scan())
        var loaded = 0
        var rest = keys.sorted()[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batchSize).compactMap { try? Instrument(key: $0) }
            rest = rest.dropFirst(Self.batchSize)
            loaded += try await load(batch, into: board)
        }
        return loaded
    }

    /// The key texts of all instruments that have a price.
    private func scan() async throws -> Set<String> {
        var found: Set<String> = []
        var cursor = "0"
        repeat {
            let reply = try await client.send(["SCAN", cursor, "MATCH", "*:price", "COUNT", "1000"])
            let parts = try reply.requireElements()
            guard parts.count == 2, let next = parts[0].text, let names = parts[1].elements else { break }
            for name in names.compactMap(\.text) where found.count < LiveBoard.instrumentLimit {
                found.insert(String(name.dropLast(":price".count)))
            }
            cursor = next
        } while cursor != "0"
        return found
    }

    private func load(_ instruments: [Instrument], into board: LiveBoard) async throws -> Int {
        var commands: [RedisCommand] = []
        for instrument in instruments {
            let key = instrument.key
            commands.append(["GET", "\(key):price"])
            commands.append(["HGETALL", "\(key):price:meta"])
            commands.append(["HGETALL", "\(key):last_candle"])
            for interval in Interval.allCases { commands.append(["HGETALL", "\(key):current_candle:\(interval)"]) }
        }
        let replies = try await client.send(commands)
        let perInstrument = 3 + Interval.allCases.count
        var loaded = 0
        for (number, instrument) in instruments.enumerated() {
            let first = number * perInstrument
            guard first + perInstrument <= replies.count else { break }
            let own = Array(replies[first..<first + perInstrument])
            if try take(own, of: instrument, into: board) { loaded += 1 }
        }
        return loaded
    }

    /// Keys that cannot be read are passed over: Redis is rebuilt by the processor as trades come in.
    private func take(_ replies: [RedisReply], of instrument: Instrument, into board: LiveBoard) throws -> Bool {
        guard let price = replies[0].text.flatMap({ Price($0) }) else { return false }
        let meta = try replies[1].orThrow().requireFields()
        guard let tradeID = meta["trade_id"].flatMap(Self.integer),
            let eventTimeMicros = meta["event_time_us"].flatMap(Self.integer)
        else { return false }
        if let last = try Self.candle(replies[2]) { board.takeClosed(last, of: instrument, isSnapshot: true) }
        let open = try replies[3...].compactMap(Self.candle).filter { !$0.isClosed }
        let update = LiveUpdateRecord(
            symbol: instrument.key, price: price, tradeID: tradeID, eventTimeMicros: eventTimeMicros, candles: open)
        return board.take([LiveMessage(instrument: instrument, update: update)], isSnapshot: true) == 0
    }

    private static func candle(_ reply: RedisReply) throws -> CandleRecord? {
        let fields = try reply.orThrow().requireFields()
        return fields.isEmpty ? nil : try? CandleRecord(hashFields: fields)
    }

    private static func integer(_ bytes: [UInt8]) -> Int64? { Int64(String(decoding: bytes, as: UTF8.self)) }
}
