import Simulation
import Testing

/// Tests of the tests: every mistake that the simulation can make is found.
struct DefectTests {
    /// Seeds that a defect may take at most.
    private static let most: UInt64 = 2_000

    @Test(arguments: Defect.allCases)
    func aDefectIsFound(_ defect: Defect) throws {
        let failure = try #require(Simulator.firstSeed(showing: defect, seeds: 1..<(Self.most + 1)))
        // It is the defect that was found, and not something else that is wrong.
        var sound = failure.scenario
        sound.defect = nil
        #expect(Simulator.problem(of: sound) == nil)
    }

    @Test func aFailingHistoryBecomesSmaller() throws {
        let failure = try #require(Simulator.firstSeed(showing: .idsLostAtRestart, seeds: 1..<(Self.most + 1)))
        let shrunk = Shrinker.shrink(failure)
        #expect(Simulator.problem(of: shrunk.scenario) == shrunk.problem)
        #expect(shrunk.scenario.trades <= failure.scenario.trades)
        #expect(shrunk.scenario.faults.isSubset(of: failure.scenario.faults))
        #expect(shrunk.scenario.hazards.isSubset(of: failure.scenario.hazards))
        #expect(shrunk.scenario != failure.scenario)
    }
}
