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
    package static func problem(of scenario: Scenario) -> String? { World.failure(of: scenario) }

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
        let start = ContinuousClock.now
        let next = Atomic<UInt64>(seeds.lowerBound)
        let shared = Mutex((done: 0, failures: [Failure](), failureCount: 0, told: start))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, workers) {
                group.addTask {
                    while !Task.isCancelled {
                        let seed = next.add(1, ordering: .relaxed).oldValue
                        guard seed < seeds.upperBound else { return }
                        let scenario = make(seed)
                        let problem = World.failure(of: scenario)
                        let progress = shared.withLock { shared -> Progress? in
                            shared.done += 1
                            if let problem {
                                shared.failureCount += 1
                                shared.failures.append(Failure(scenario: scenario, problem: problem))
                                shared.failures.sort { $0.scenario.seed < $1.scenario.seed }
                                shared.failures = Array(shared.failures.prefix(keep))
                            }
                            let now = ContinuousClock.now
                            guard now - shared.told > .seconds(2) else { return nil }
                            shared.told = now
                            return Progress(
                                done: shared.done, failed: shared.failureCount,
                                elapsedSeconds: (now - start).inSeconds)
                        }
                        if let progress { onProgress?(progress) }
                    }
                }
            }
        }
        return shared.withLock { shared in
            Summary(
                histories: shared.done, elapsedSeconds: (ContinuousClock.now - start).inSeconds,
                failures: shared.failures, failureCount: shared.failureCount)
        }
    }

    /// The first seed whose history shows a defect.
    ///
    /// - Returns: nil if none of them does.
    package static func firstSeed(showing defect: Defect, seeds: Range<UInt64>) -> Failure? {
        for seed in seeds {
            let scenario = Scenario(seed: seed, defect: defect)
            if let problem = World.failure(of: scenario) { return Failure(scenario: scenario, problem: problem) }
        }
        return nil
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
