import SimulatedMarket

/// Makes a failing history smaller as long as it still fails.
package struct Shrinker {
    /// Histories that it runs at most.
    private var budget: Int
    private(set) var smallest: Simulator.Failure

    /// - Returns: the smallest failing history that was found.
    package static func shrink(_ failure: Simulator.Failure, budget: Int = 400) -> Simulator.Failure {
        var shrinker = Shrinker(budget: budget, smallest: failure)
        while shrinker.budget > 0, shrinker.takeOneAway() {}
        return shrinker.smallest
    }

    /// - Returns: whether something could be taken away.
    private mutating func takeOneAway() -> Bool {
        for candidate in candidates() {
            guard budget > 0 else { return false }
            budget -= 1
            guard let problem = Simulator.problem(of: candidate) else { continue }
            smallest = Simulator.Failure(scenario: candidate, problem: problem)
            return true
        }
        return false
    }

    /// Smaller histories, the boldest first.
    private func candidates() -> [Scenario] {
        let scenario = smallest.scenario
        var candidates: [Scenario] = []
        func add(_ change: (inout Scenario) -> Void) {
            var candidate = scenario
            change(&candidate)
            if candidate != scenario { candidates.append(candidate) }
        }
        add { $0.faults = [] }
        add { $0.hazards = [] }
        add { $0.partitions = 1 }
        add { $0.processes = 1 }
        add { $0.longerIntervals = 0 }
        add { $0.longerIntervals = min(1, $0.longerIntervals) }
        add { $0.trades = max(1, $0.trades / 2) }
        add { $0.faultLimit /= 2 }
        for (_, fault) in Faults.names where scenario.faults.contains(fault) { add { $0.faults.remove(fault) } }
        for (_, hazard) in History.Hazards.names where scenario.hazards.contains(hazard) {
            add { $0.hazards.remove(hazard) }
        }
        add { $0.faultLimit = max(0, $0.faultLimit - 1) }
        add { $0.trades = max(1, $0.trades - 1) }
        return candidates
    }
}
