import ArgumentParser

/// The small steps that every trade goes through, one by one.
@main
struct MicroBenchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro-benchmarks", abstract: "Runs one small step many times and prints nanoseconds each.",
        discussion: """
            Examples:
              micro-benchmarks --list
              micro-benchmarks decode 1000000
            Under `valgrind --tool=callgrind` the instructions of two runs of different length tell those of one step.
            """)

    @Flag(help: "Print the names of all steps.")
    var list = false

    @Argument(help: "The step.")
    var step: String?

    @Argument(help: "How many times; rounded up to whole batches of 1,000.")
    var times = 1_000_000

    func validate() throws {
        guard !list else { return }
        guard let step, Steps.all[step] != nil else {
            throw ValidationError("there is no step '\(step ?? "")': --list names all")
        }
        guard times > 0 else { throw ValidationError("times: 1 or more") }
    }

    func run() throws {
        guard !list, let step, let make = Steps.all[step] else {
            for name in Steps.all.keys.sorted() { print(name) }
            return
        }
        let batches = (times + Steps.batchSize - 1) / Steps.batchSize
        let batch = make()
        var checksum = 0
        let span = ContinuousClock().measure {
            for _ in 0..<batches { checksum &+= batch() }
        }
        // The work is used, so that the compiler cannot leave it out.
        guard checksum != 0 else { throw CleanExit.message("nothing was done") }
        let nanoseconds = Double(span.components.seconds) * 1e9 + Double(span.components.attoseconds) / 1e9
        print(nanoseconds / Double(batches * Steps.batchSize))
    }
}
