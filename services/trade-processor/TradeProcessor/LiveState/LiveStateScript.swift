import MarketCore
import MarketWire
import RedisClient

/// How new live state is; compared from the left. All numbers are 0 and up.
package struct LiveVersion: Hashable, Sendable {
    /// Of the log that the trades came from.
    package let lineage: Int64
    /// Of the instrument's trade ids.
    package let generation: Int64
    /// The partition's next offset.
    package let offset: Int64

    package init(lineage: Int64, generation: Int64, offset: Int64) {
        self.lineage = lineage
        self.generation = generation
        self.offset = offset
    }
}

/// The Lua scripts that write live state: each compares a version and writes only what is newer, in one piece.
///
/// 64-bit numbers stay decimal texts in Lua, whose own numbers are doubles: the longer text is the larger number, and
/// of two of the same length the one that sorts later.
enum LiveStateScript {
    /// Where live updates are published.
    static let liveChannel = "live"
    /// Where closed and amended candles are published.
    static let candleChannel = "candles"

    /// The price and the open candles of an instrument.
    ///
    /// Price by (lineage, generation, trade id), each candle by (lineage, window start, offset). What is not in the
    /// update stays.
    ///
    /// - Returns: The call; it replies 1 when anything was newer and the update was published, else 0.
    static func open(_ update: LiveUpdateRecord, version: LiveVersion) -> RedisScriptCall {
        let symbol = update.symbol
        var keys = ["\(symbol):price", "\(symbol):price:meta", "\(symbol):current_candle"]
        var arguments = [
            text(version.lineage), text(version.generation), text(update.tradeID), text(version.offset),
            Array(update.price.description.utf8), text(update.eventTimeMicros), update.encoded(),
            text(Int64((update.candles.firstIndex { $0.interval == .base } ?? -1) + 1)),
        ]
        for candle in update.candles {
            keys.append("\(symbol):current_candle:\(candle.interval)")
            arguments += fields(of: candle)
        }
        let script = update.candles.isEmpty ? priceScript : openScript
        return RedisScriptCall(script, keys: keys, arguments: arguments)
    }

    /// A candle that was closed or amended, after its commit.
    ///
    /// The base interval's last one is kept, by (lineage, window start, revision). Amendments of older windows are
    /// published too; only what is known to have been published already is not.
    ///
    /// - Returns: The call; it replies 1 when the candle was published, else 0.
    static func closed(_ candle: CandleRecord) -> RedisScriptCall {
        var message = candle
        message.lineage = nil
        let keys = candle.interval == .base ? ["\(candle.symbol):last_candle"] : []
        let arguments = [text(candle.lineage ?? 0), message.encoded()] + fields(of: candle)
        return RedisScriptCall(closedScript, keys: keys, arguments: arguments)
    }

    /// Where a partition stands in PostgreSQL, `lineage:commit_seq`; set unless it is lower than what stands there.
    ///
    /// - Returns: The call; it replies what stood there before, or null.
    static func sentinel(topic: String, partition: Int32, lineage: Int64, commitSequence: Int64) -> RedisScriptCall {
        RedisScriptCall(
            sentinelScript, keys: ["market:sentinel:\(topic):\(partition)"],
            arguments: [text(lineage), text(commitSequence)])
    }

    /// Counts the flushes of a partition, so that one that Redis lost is noticed.
    ///
    /// - Returns: The call; it replies the number after counting up.
    static func flush(topic: String, partition: Int32) -> RedisScriptCall {
        RedisScriptCall(flushScript, keys: ["market:flushes:\(topic):\(partition)"], arguments: [])
    }

    private static func text(_ number: Int64) -> [UInt8] { Array(String(number).utf8) }

    private static func fields(of candle: CandleRecord) -> [[UInt8]] {
        CandleRecord.fieldNames.indices.map { index in
            var text: [UInt8] = []
            candle.appendFieldText(at: index, to: &text)
            return text
        }
    }

    // MARK: Lua

    /// `isNewer(new, old)`: lists of numbers as texts; what is not there is older than everything.
    private static let comparison = """
        local function isNewer(new, old)
          for i = 1, #new do
            local n, o = new[i], old[i]
            if not o then return true end
            if #n ~= #o then return #n > #o end
            if n ~= o then return n > o end
          end
          return false
        end

        """

    /// `names`: the candle's fields; `putCandle(key, first, ...)`: writes them from ARGV[first] on, and the names and
    /// values that follow. `fieldAt(first, name)`: one of them.
    private static let candleFields = """
        local names = {\(CandleRecord.fieldNames.map { "'\($0)'" }.joined(separator: ", "))}
        local places = {}
        for i, name in ipairs(names) do places[name] = i - 1 end
        local function fieldAt(first, name) return ARGV[first + places[name]] end
        local function putCandle(key, first, ...)
          local values = {...}
          for i, name in ipairs(names) do
            values[#values + 1] = name
            values[#values + 1] = ARGV[first + i - 1]
          end
          redis.call('HSET', key, unpack(values))
        end

        """

    /// Writes the price if it is newer, and notes that in `wrote`.
    private static let putPrice = """
        local lineage, generation, trade, offset = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
        local wrote = 0
        local old = redis.call('HMGET', KEYS[2], 'version_lineage', 'version_generation', 'trade_id')
        if isNewer({lineage, generation, trade}, old) or redis.call('EXISTS', KEYS[1]) == 0 then
          redis.call('SET', KEYS[1], ARGV[5])
          redis.call('HSET', KEYS[2], 'trade_id', trade, 'event_time_us', ARGV[6],
            'version_lineage', lineage, 'version_generation', generation)
          wrote = 1
        end

        """

    private static let publish = """

        if wrote == 1 then redis.call('PUBLISH', '\(liveChannel)', ARGV[7]) end
        return wrote
        """

    /// As ``openScript`` with no candles, of which Lua then prepares nothing: most updates are such, and Redis takes a
    /// fifth to a third less time for them.
    private static let priceScript = RedisScript(comparison + putPrice + publish)

    /// KEYS: price, price:meta, current_candle, then one for each candle. ARGV: lineage, generation, trade id,
    /// offset, price, event time, message, which of the candles is the base interval's (0: none), then the fields of
    /// each candle.
    private static let openScript = RedisScript(
        comparison + candleFields + putPrice + """
            local base = tonumber(ARGV[8])
            local function putOpen(key, first)
              local old = redis.call('HMGET', key, 'version_lineage', 'window_start', 'version_offset')
              if isNewer({lineage, fieldAt(first, 'window_start'), offset}, old) then
                putCandle(key, first, 'version_lineage', lineage, 'version_offset', offset)
                wrote = 1
              end
            end
            for i = 1, #KEYS - 3 do
              local first = 9 + (i - 1) * #names
              putOpen(KEYS[3 + i], first)
              if i == base then putOpen(KEYS[3], first) end
            end
            """ + publish)

    /// KEYS: last_candle, only for the base interval. ARGV: lineage, message, then the fields.
    private static let closedScript = RedisScript(
        comparison + candleFields + """
            local lineage, message, first = ARGV[1], ARGV[2], 3
            if #KEYS == 1 then
              local window, revision = fieldAt(first, 'window_start'), fieldAt(first, 'revision')
              local old = redis.call('HMGET', KEYS[1], 'version_lineage', 'window_start', 'revision')
              if isNewer({lineage, window, revision}, old) then
                putCandle(KEYS[1], first, 'version_lineage', lineage)
              elseif old[2] == window then
                return 0
              end
            end
            redis.call('PUBLISH', '\(candleChannel)', message)
            return 1
            """)

    /// KEYS: the number of flushes.
    private static let flushScript = RedisScript("return redis.call('INCR', KEYS[1])")

    /// KEYS: the sentinel. ARGV: lineage, commit_seq.
    private static let sentinelScript = RedisScript(
        comparison + """
            local found = redis.call('GET', KEYS[1])
            local lineage, sequence = string.match(found or '', '^(%d+):(%d+)$')
            if not isNewer({lineage or '0', sequence or '0'}, {ARGV[1], ARGV[2]}) then
              redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2])
            end
            return found
            """)
}
