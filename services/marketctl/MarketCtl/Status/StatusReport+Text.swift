import ServiceKit

extension StatusReport {
    /// What people read.
    func text(isColored: Bool, onlyTroubles: Bool) -> String {
        let shown = parts.filter { !onlyTroubles || $0.condition == .bad }
        let names = shown.map(\.name.count).max() ?? 0
        let words = shown.map(\.word.count).max() ?? 0
        var lines = shown.map { part in
            let name = part.name + String(repeating: " ", count: names - part.name.count)
            let word = part.word + String(repeating: " ", count: words - part.word.count)
            let line = "\(name)  \(part.condition.paint(word, isColored: isColored))  \(part.detail.printable)"
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        if let partitions, !onlyTroubles { lines += ["", partitions.text] }
        for reason in halts { lines += ["", reason] }
        return lines.joined(separator: "\n")
    }
}
