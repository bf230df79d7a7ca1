import MarketCore

/// What `marketctl verify` found.
struct VerificationReport {
    let instrument: Instrument
    /// Unix seconds.
    let range: Range<Int64>
    /// Whether the trades are the log's, not files'.
    let isOfLog: Bool
    /// Records that count: trades, or aggregates of them.
    let tradeCount: Int
    /// Ids between them that are not there.
    let missingIDs: Int64
    /// Records of the instrument in the quarantine.
    let quarantined: Int
    /// Nil: where it can be asked.
    let isVenueWanted: Bool?
    var verdicts: [IntervalVerdict] = []
    /// Why the venue was not asked, or not to the end.
    var venueProblem: String?

    var differences: [CandleDifference] { verdicts.flatMap(\.differences) }
    private var compared: Int { verdicts.reduce(0) { $0 + $1.compared } }
    private var differing: Int { verdicts.reduce(0) { $0 + $1.differing } }
    private var comparedWithVenue: Int { verdicts.reduce(0) { $0 + $1.comparedWithVenue } }

    /// Why the command fails; nil where all is equal.
    var failure: CommandError? {
        if differing > 0 { return CommandError("\(differing) of \(compared) candles differ") }
        if compared == 0 { return CommandError("no candle could be compared: that says nothing") }
        if isVenueWanted == true, let venueProblem {
            return CommandError("not compared with the venue: \(venueProblem)")
        }
        return nil
    }

    var text: String {
        var lines: [String] = []
        if !differences.isEmpty {
            var table = TextTable(["candle (UTC)", "interval", "column", "stored", "recomputed", "venue"])
            for found in differences {
                table.append([
                    UTCText.time(found.windowStart), found.interval.description, found.column, found.stored,
                    found.recomputed, found.venue,
                ])
            }
            lines += [table.text, ""]
        }
        var table = TextTable(["interval", "compared", "with the venue", "differ", "not comparable"])
        for verdict in verdicts {
            let reasons = NotComparable.allCases.compactMap { reason in
                verdict.notComparable[reason].map { "\($0) \(reason.rawValue)" }
            }
            table.append([
                verdict.interval.description, "\(verdict.compared)", "\(verdict.comparedWithVenue)",
                "\(verdict.differing)", reasons.isEmpty ? "0" : reasons.joined(separator: ", "),
            ])
        }
        lines.append(table.text)
        return (lines + notes).joined(separator: "\n")
    }

    private var notes: [String] {
        let origin = isOfLog ? "of the log" : "of the files"
        var notes = [
            "",
            "\(instrument.key), \(UTCText.time(range.lowerBound)) to \(UTCText.time(range.upperBound)) UTC: "
                + "\(tradeCount) records \(origin)",
        ]
        if missingIDs > 0 { notes.append("\(missingIDs) trade ids between them are not there: the candles lack them") }
        if quarantined > 0 {
            notes.append("\(quarantined) records of the instrument are in the quarantine: marketctl quarantine")
        }
        if let venueProblem { notes.append("NOT compared with the venue: \(venueProblem)") }
        guard failure == nil else { return notes }
        let what =
            comparedWithVenue > 0 ? "the trades and, \(comparedWithVenue) of them, the venue's own" : "the trades"
        return notes + ["\(compared) candles equal \(what)"]
    }
}
