import MarketCore
import SimulatedMarket

/// Everything that decides a history. The seed alone gives a scenario; each part can be set by itself, so that a
/// failing history can be made smaller.
package struct Scenario: Hashable, Sendable {
    package var seed: UInt64
    /// Trades of one market at most.
    package var trades: Int64
    package var partitions: Int32
    /// Processes at the beginning.
    package var processes: Int
    package var hazards: History.Hazards
    package var faults: Faults
    /// No fault is injected after so many.
    package var faultLimit: Int
    /// Candles of the base interval and this many longer ones are kept.
    package var longerIntervals: Int
    package var defect: Defect?

    package init(seed: UInt64, defect: Defect? = nil) {
        var random = SeededRandom(seed: seed)
        self.seed = seed
        trades = random.pick([8, 20, 40])
        partitions = Int32(random.int(1...3))
        processes = Int(random.int(1...3))
        hazards = []
        for (_, hazard) in History.Hazards.names where random.once(in: 3) { hazards.insert(hazard) }
        if random.once(in: 10) { hazards = .all }
        faults = []
        let rarity = random.pick([1, 2, 4, 8])
        for (_, fault) in Faults.names where random.once(in: Int64(rarity)) { faults.insert(fault) }
        faultLimit = Int(random.pick([1, 3, 10, 30]))
        longerIntervals = Int(random.pick([1, 1, 2, 6]))
        self.defect = defect
        exclude()
    }

    /// Takes out what cannot be promised together: that PostgreSQL was restored is told by Redis, and what it lost is
    /// read again from the log; where these lost the same, nobody has it any more.
    package mutating func exclude() {
        if faults.contains(.restore) { faults.subtract([.redisOutage, .redisLoss, .newLog, .logCut]) }
    }

    package var intervals: [Interval] { Array(Interval.allCases.prefix(1 + max(0, min(6, longerIntervals)))) }

    /// Names of a partition's markets.
    package static func keys(_ partition: Int32) -> [String] {
        ["P\(partition)A", "P\(partition)B", "kraken:P\(partition)/C"]
    }

    /// The command that gives exactly this history.
    package var command: String {
        var words = ["simulate", "--seed \(seed)"]
        let usual = Scenario(seed: seed)
        if trades != usual.trades { words.append("--trades \(trades)") }
        if partitions != usual.partitions { words.append("--partitions \(partitions)") }
        if processes != usual.processes { words.append("--processes \(processes)") }
        if longerIntervals != usual.longerIntervals { words.append("--longer-intervals \(longerIntervals)") }
        if faultLimit != usual.faultLimit { words.append("--fault-limit \(faultLimit)") }
        if faults != usual.faults { words.append("--faults \(Self.list(faults))") }
        if hazards != usual.hazards { words.append("--hazards \(Self.list(hazards))") }
        if let defect { words.append("--defect \(defect.rawValue)") }
        return words.joined(separator: " ")
    }

    /// All of it, for people.
    package var summary: String {
        "up to \(trades) trades a market, \(partitions) partitions, \(processes) processes, intervals "
            + intervals.map(\.description).joined(separator: ",") + ", up to \(faultLimit) faults of "
            + "\(Self.list(faults)); hazards \(Self.list(hazards))"
    }

    package static func list(_ faults: Faults) -> String {
        let names = Faults.names.filter { faults.contains($0.fault) }.map(\.name)
        return names.isEmpty ? "none" : names.joined(separator: ",")
    }

    package static func list(_ hazards: History.Hazards) -> String {
        let names = History.Hazards.names.filter { hazards.contains($0.hazard) }.map(\.name)
        return names.isEmpty ? "none" : names.joined(separator: ",")
    }
}
