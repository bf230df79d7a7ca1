/// The names that a client has asked for, in order, whether there is such a stream or not.
struct StreamNames: Sendable {
    private(set) var all: [String]
    private var known: Set<String>
    private let limit: Int

    init(_ names: [String], limit: Int) {
        all = names
        known = Set(names)
        self.limit = limit
    }

    /// Adds those that are not among them.
    ///
    /// - Returns: the new ones; nil, and nothing is changed, where there would be too many.
    mutating func add(_ names: [String]) -> [String]? {
        var seen = known
        let new = names.filter { seen.insert($0).inserted }
        guard all.count + new.count <= limit else { return nil }
        all += new
        known = seen
        return new
    }

    mutating func remove(_ names: [String]) {
        known.subtract(names)
        all.removeAll { !known.contains($0) }
    }
}
