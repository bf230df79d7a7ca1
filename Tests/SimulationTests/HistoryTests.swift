import Simulation
import Testing

/// Some of the histories; `simulate` runs them by the thousand.
struct HistoryTests {
    @Test func everyHistoryHolds() async {
        let summary = await Simulator.run(seeds: 1..<301, workers: 2, make: { Scenario(seed: $0) })
        #expect(summary.histories == 300)
        for failure in summary.failures {
            Issue.record("\(failure.problem)\n\(Shrinker.shrink(failure).scenario.command)")
        }
    }

    @Test func aHistoryIsDecidedByItsSeed() {
        for seed in UInt64(1)...20 {
            #expect(Simulator.digest(of: Scenario(seed: seed)) == Simulator.digest(of: Scenario(seed: seed)))
        }
        #expect(Simulator.digest(of: Scenario(seed: 1)) != Simulator.digest(of: Scenario(seed: 2)))
    }

    /// What a seed decides must reach far: every fault and every hazard is in some history.
    @Test func everyFaultIsTried() {
        let scenarios = (UInt64(1)...300).map { Scenario(seed: $0) }
        for (name, fault) in Faults.names {
            #expect(scenarios.contains { $0.faults.contains(fault) }, "\(name)")
        }
    }
}
