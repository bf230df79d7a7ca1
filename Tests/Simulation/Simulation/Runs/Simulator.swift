import Synchronization

/// Runs histories: many of them on every core, or the same one smaller and smaller.
package enum Simulator {
    package struct Failure: Sendable {
        package let scenario: Scenario
        package let problem: String
    }

    package struct Progress: Sendable {
        package let done: Int
        package let failed: Int
        /// Seeds of the first failures, ascending.
        package let failedSeeds: [UInt64]
        package let elapsedSeconds: Double
    }

    package struct Summary: Sendable {
        package var histories: Int
        package var elapsedSeconds: Double
        /// The first ones, ascending by seed.
        package var failures: [Failure]
        package var failureCount: Int

        package var perSecond: Double { Double(histories) / max(elapsedSeconds, 1e-9) }
    }

    /// What is wrong after a history, or nil.
    ///
    /// - Parameter tell: gets what happens in it.
    package static func problem(of scenario: Scenario, tell: ((String) -> Void)? = nil) -> String? {
        World.failure(of: scenario, tell: tell)
    }

    /// What became of a history, as a number: the same in every process, or the seed does not decide.
    package static func digest(of scenario: Scenario) -> UInt64 {
        guard let world = try? World(scenario) else { return 0 }
        _ = world.run()
        return world.digest
    }

    /// Runs the histories of many seeds.
    ///
    /// - Parameters:
    ///   - make: the scenario of a seed.
    ///   - keep: failures that are returned at most; their count is always exact.
    ///   - onProgress: called every two seconds or so, from any worker.
    package static func run(
        seeds: Range<UInt64>, workers: Int, keep: Int = 10, make: @Sendable @escaping (UInt64) -> Scenario,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async -> Summary {
        let tally = Tally(seeds: seeds, keep: keep)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, workers) {
                group.addTask {
                    while !Task.isCancelled, let seed = tally.takeSeed() {
                        let scenario = make(seed)
                        if let progress = tally.add(scenario, World.failure(of: scenario)) { onProgress?(progress) }
                    }
                }
            }
        }
        return tally.summary
    }

    /// The first seed whose history shows a defect.
    ///
    /// - Parameter make: the scenario of a seed, which gets the defect.
    /// - Returns: nil if none of them does.
    package static func firstSeed(
        showing defect: Defect, seeds: Range<UInt64>, make: (UInt64) -> Scenario = { Scenario(seed: $0) }
    ) -> Failure? {
        for seed in seeds {
            var scenario = make(seed)
            scenario.defect = defect
            if let problem = World.failure(of: scenario) { return Failure(scenario: scenario, problem: problem) }
        }
        return nil
    }
}

/// What several workers count together.
private final class Tally: Sendable {
    private struct Counts {
        var next: UInt64
        var done = 0
        var failureCount = 0
        var failures: [Simulator.Failure] = []
        var told = ContinuousClock.now
    }

    private let end: UInt64
    private let keep: Int
    private let start = ContinuousClock.now
    private let counts: Mutex<Counts>

    init(seeds: Range<UInt64>, keep: Int) {
        end = seeds.upperBound
        self.keep = keep
        counts = Mutex(Counts(next: seeds.lowerBound))
    }

    func takeSeed() -> UInt64? {
        counts.withLock { counts in
            guard counts.next < end else { return nil }
            counts.next += 1
            return counts.next - 1
        }
    }

    /// - Returns: what to tell, now and then.
    func add(_ scenario: Scenario, _ problem: String?) -> Simulator.Progress? {
        counts.withLock { counts in
            counts.done += 1
            if let problem {
                counts.failureCount += 1
                counts.failures.append(Simulator.Failure(scenario: scenario, problem: problem))
                counts.failures.sort { $0.scenario.seed < $1.scenario.seed }
                counts.failures = Array(counts.failures.prefix(keep))
            }
            let now = ContinuousClock.now
            guard now - counts.told > .seconds(2) else { return nil }
            counts.told = now
            return Simulator.Progress(
                done: counts.done, failed: counts.failureCount, failedSeeds: counts.failures.map(\.scenario.seed),
                elapsedSeconds: (now - start).inSeconds)
        }
    }

    var summary: Simulator.Summary {
        counts.withLock { counts in
            Simulator.Summary(
                histories: counts.done, elapsedSeconds: (ContinuousClock.now - start).inSeconds,
                failures: counts.failures, failureCount: counts.failureCount)
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
