extension AnalysisReport {
    /// What people read on a terminal.
    var text: String {
        var lines = [title, subtitle, ""]
        var summary = TextTable(["figure", "value", "note"])
        for figure in figures { summary.append([figure.name, figure.value, figure.note]) }
        lines.append(summary.text)
        lines += ["", "Volume profile (* value area, > point of control)", profile.text]
        for table in tables where !table.rows.isEmpty {
            var shown = TextTable(table.header)
            for row in table.rows { shown.append(row) }
            lines += ["", table.title, shown.text]
        }
        lines += ["", Self.exactness]
        // A last column that is empty would leave spaces at the end of its line.
        return lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
    }

    private static let barColumns = 40.0

    /// The highest price on top, as on a chart.
    private var profile: TextTable {
        let profile = analysis.profile
        let most = profile.steps.map(\.volume).max() ?? 0
        let sum = profile.steps.reduce(0) { $0 + $1.volume }
        var table = TextTable(["prices", "", "share", "volume"])
        for (index, step) in profile.steps.enumerated().reversed() {
            let mark = index == profile.pointOfControl ? ">" : profile.valueArea.contains(index) ? "*" : ""
            let length = most > 0 ? Int((step.volume / most * Self.barColumns).rounded()) : 0
            table.append([
                priceText(step.low, step.high), mark, NumberText.percent(sum > 0 ? step.volume / sum : 0, 1),
                String(repeating: "█", count: length),
            ])
        }
        return table
    }
}
