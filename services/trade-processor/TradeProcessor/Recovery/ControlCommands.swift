import MarketCore
import MarketWire
import ServiceKit

/// A person's decisions, as records of the trades topic: they take effect in the order of the log.
enum ControlCommands {
    static let newGeneration = ServiceProgram.Command(
        "new-generation", usage: "<instrument>",
        help: "the venue numbers this instrument's trades anew from here on (after id_restart)"
    ) { context, words in
        guard words.count == 1 else { throw UsageError("one instrument") }
        let instrument = try RecoveryWords.instrument(words[0])
        var value: [UInt8] = []
        TradeRecord.encodeNewGeneration(instrument, into: &value)
        try await append(
            instrument, value, context,
            then: "trades quarantined as id_restart come in with: trade-processor replay-quarantine id_restart")
    }

    static let reopen = ServiceProgram.Command(
        "reopen", usage: "<instrument> <first>-<last>",
        help: "these trade ids may be asked for again, history and ids given up included"
    ) { context, words in
        guard words.count == 2 else { throw UsageError("an instrument and a range of trade ids") }
        let instrument = try RecoveryWords.instrument(words[0])
        var value: [UInt8] = []
        TradeRecord.encodeReopen(instrument, try RecoveryWords.tradeIDs(words[1]), into: &value)
        try await append(
            instrument, value, context, then: "those that are missing are on market.progress after the next commit")
    }

    private static func append(
        _ instrument: Instrument, _ value: [UInt8], _ context: ServiceContext, then: String
    ) async throws {
        try await RecoverySession.run(context) { session in
            for report in try await session.append([(instrument.key, value)]) {
                ServiceProgram.say(
                    "\(session.topic), partition \(report.partition), offset \(report.offset): written; \(then)")
            }
        }
    }
}
