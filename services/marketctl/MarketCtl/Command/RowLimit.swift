import ArgumentParser

/// How many rows are shown or taken, on a command line: 1 to 1,000,000.
struct RowLimit: ExpressibleByArgument, Hashable, CustomStringConvertible {
    let rows: Int32

    init(_ rows: Int32) { self.rows = rows }

    init?(argument: String) {
        guard let rows = Int32(argument), (1...1_000_000).contains(rows) else { return nil }
        self.rows = rows
    }

    var description: String { "\(rows)" }
    var defaultValueDescription: String { description }
}
