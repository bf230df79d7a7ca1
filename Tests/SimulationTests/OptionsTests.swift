import SimulatedMarket
import Simulation
import Testing

struct OptionsTests {
    private func options(_ line: String) throws(SimulateOptions.UsageError) -> SimulateOptions {
        try SimulateOptions(line.split(separator: " ").dropFirst().map(String.init))
    }

    /// What is printed for a failing history gives that history.
    @Test func aCommandGivesItsScenario() throws {
        for seed in UInt64(1)...50 {
            var scenario = Scenario(seed: seed, defect: seed.isMultiple(of: 3) ? .fencingRemoved : nil)
            scenario.trades = Int64(seed)
            scenario.faults.remove(.crash)
            if seed.isMultiple(of: 2) { scenario.faults = [] }
            if seed.isMultiple(of: 5) { scenario.hazards = [.missing, .farTimes] }
            scenario.partitions = 1
            scenario.processes = 2
            scenario.faultLimit = 4
            scenario.longerIntervals = 0
            #expect(try options(scenario.command).scenario(seed) == scenario)
            #expect(try options(Scenario(seed: seed).command).scenario(seed) == Scenario(seed: seed))
        }
    }

    @Test func whatIsAskedForDecidesTheMode() throws {
        #expect(try options("simulate").mode == .many)
        #expect(try options("simulate --histories 5").mode == .many)
        #expect(try options("simulate --seed 5").mode == .one)
        #expect(try options("simulate --defect fencing-removed").mode == .defect)
        #expect(try options("simulate --defect=fencing-removed --seed=7").mode == .one)
        #expect(try options("simulate --all-defects --histories 9").mode == .defects)
        #expect(try options("simulate --help").mode == .help)
    }

    @Test(arguments: [
        "simulate --seeds 1", "simulate --seed", "simulate --seed x", "simulate --histories 0",
        "simulate --faults crash,fire", "simulate --hazards sea", "simulate --defect none-such", "simulate 7",
    ])
    func wrongUsageIsSaid(_ line: String) async {
        #expect(throws: SimulateOptions.UsageError.self) { try options(line) }
        #expect(await SimulateProgram.run(line.split(separator: " ").dropFirst().map(String.init)) == 64)
    }

    @Test func aHistoryAndADefectHaveTheirExitCodes() async {
        #expect(await SimulateProgram.run(["--seed", "1"]) == 0)
        #expect(await SimulateProgram.run(["--histories", "3", "--workers", "1"]) == 0)
        #expect(await SimulateProgram.run(["--defect", "quarantine-row-dropped", "--histories", "500"]) == 0)
        let harmless = [
            "--defect", "quarantine-row-dropped", "--histories", "2", "--faults", "none", "--hazards", "none",
        ]
        #expect(await SimulateProgram.run(harmless) == 1)
    }
}
