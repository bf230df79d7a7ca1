import Glibc
import SimulatedMarket

/// `simulate`: histories by the thousand, or one again.
package enum SimulateProgram {
    package static let help = """
        Usage: simulate [options]

        Runs the trade-processor's own engine in a simulated world: log, PostgreSQL, Redis, topic `candles`, consumer
        group, clocks and network, with crashes, zombies, outages and restores. A seed decides a history; after it the
        candles must equal a single-threaded fold over the log (docs/RELIABILITY.md).

          --histories N        how many, seeds 1 to N (default 10000)
          --first-seed N       the first of them
          --seed N             only this history; with --trace also what happens in it
          --defect NAME        with a defect; without --seed: until a seed shows it (at most --histories, default 5000)
          --all-defects        every defect, each until a seed shows it
          --list-defects       their names
          --list-faults        names of faults and hazards
          --digest             one number for all that became of the histories, to compare two runs
          --workers N          histories run at once (default: one a core)
          --no-shrink          report failing histories as they are

        What a seed decides can be set; a failing history is printed with what reproduces it:

          --trades N           of one market at most        --partitions N         of the topic
          --processes N        at the beginning             --longer-intervals N   beside the 10 s candles
          --faults A,B         or all, or none              --fault-limit N        no fault after so many
          --hazards A,B        of the log

        Examples:
          simulate --histories 1000000
          simulate --seed 4711
          simulate --seed 4711 --trades 8 --faults crash,ambiguous
          simulate --defect fencing-removed

        Exit codes: 0 everything held (or every defect was shown), 1 something did not, 64 wrong usage.
        """

    /// - Returns: the exit code.
    package static func run(_ arguments: [String]) async -> Int32 {
        let options: SimulateOptions
        do throws(SimulateOptions.UsageError) {
            options = try SimulateOptions(arguments)
        } catch {
            note("simulate: \(error)\nsimulate --help explains.")
            return 64
        }
        switch options.mode {
        case .help: print(help)
        case .listDefects:
            for defect in Defect.allCases { print("\(pad(defect.rawValue, 30)) \(defect.summary)") }
        case .listFaults:
            print("faults:  \(Scenario.list(Faults.all))\nhazards: \(Scenario.list(History.Hazards.all))")
        case .one: return one(options)
        case .digest:
            let seeds = options.firstSeed..<(options.firstSeed + (options.histories ?? 100))
            print(String(seeds.reduce(UInt64(0)) { $0 &* 31 &+ Simulator.digest(of: options.scenario($1)) }, radix: 16))
        case .many: return await many(options)
        case .defect: return show(options.defect.map { [$0] } ?? [], options)
        case .defects: return show(Defect.allCases, options)
        }
        return 0
    }

    private static func one(_ options: SimulateOptions) -> Int32 {
        let scenario = options.scenario(options.seed ?? 1)
        let tell: (String) -> Void = { print($0) }
        guard let problem = Simulator.problem(of: scenario, tell: options.traces ? tell : nil) else {
            print("seed \(scenario.seed): holds")
            return 0
        }
        print("seed \(scenario.seed): \(problem)\n  \(scenario.summary)\n  \(scenario.command)")
        return 1
    }

    private static func many(_ options: SimulateOptions) async -> Int32 {
        let histories = options.histories ?? 10_000
        let workers = options.workers ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let seeds = options.firstSeed..<(options.firstSeed + histories)
        print("\(histories) histories, seeds \(seeds.lowerBound) to \(seeds.upperBound - 1), \(workers) at once")
        let summary = await Simulator.run(
            seeds: seeds, workers: workers, make: { options.scenario($0) },
            onProgress: { progress in
                let rate = Double(progress.done) / max(progress.elapsedSeconds, 1e-9)
                let left = Double(Int(histories) - progress.done) / max(rate, 1e-9)
                let seeds = progress.failedSeeds.map { " \($0)" }.joined()
                let failed = "\(progress.failed) failed" + (seeds.isEmpty ? "" : " (seeds\(seeds))")
                note("\(progress.done) of \(histories), \(failed), \(Int(rate))/s, \(Int(left)) s left")
            })
        for failure in summary.failures { report(failure, options) }
        print(
            "\(summary.histories) histories in \(tenths(summary.elapsedSeconds)) s "
                + "(\(Int(summary.perSecond))/s): \(summary.failureCount) failed")
        return summary.failureCount == 0 ? 0 : 1
    }

    private static func report(_ failure: Simulator.Failure, _ options: SimulateOptions) {
        let shrunk = options.shrinks ? Shrinker.shrink(failure) : failure
        print("seed \(failure.scenario.seed): \(failure.problem)")
        if shrunk.problem != failure.problem { print("  smaller: \(shrunk.problem)") }
        print("  \(shrunk.scenario.command)")
    }

    private static func show(_ defects: [Defect], _ options: SimulateOptions) -> Int32 {
        let seeds = options.firstSeed..<(options.firstSeed + (options.histories ?? 5_000))
        var missed = 0
        for defect in defects {
            if let failure = Simulator.firstSeed(showing: defect, seeds: seeds, make: options.scenario) {
                let count = failure.scenario.seed - seeds.lowerBound + 1
                print("\(pad(defect.rawValue, 30)) shown by seed \(pad("\(count)", 6)) \(failure.problem.prefix(100))")
            } else {
                missed += 1
                print("\(pad(defect.rawValue, 30)) NOT shown by \(seeds.count) seeds")
            }
        }
        print("\(defects.count - missed) of \(defects.count) defects shown")
        return missed == 0 ? 0 : 1
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func tenths(_ seconds: Double) -> String { "\(Double(Int(seconds * 10)) / 10)" }

    /// For people who wait; not part of the result.
    private static func note(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
