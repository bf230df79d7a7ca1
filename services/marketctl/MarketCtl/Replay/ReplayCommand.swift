import ArgumentParser
import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Publishes recordings: the producer has the readers of every venue, so it does it, from here on in this process.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Publishes recorded trades to the log.",
        discussion: """
            Runs market-producer --replay, which must stand beside this program or in PATH.

            Examples:
              marketctl replay BTCUSDT-trades-2024-01-01.csv BTCUSDT-trades-2024-01-02.csv.gz
              marketctl replay today.jsonl.gz --skip-bad
            """)

    @Argument(help: "Binance's public trades or aggTrades CSV, or captures of market-producer --record; plain or gzip")
    var files: [String]
    @Flag(help: "Passes over lines that cannot be read, and counts them.") var skipBad = false
    @OptionGroup var connections: ConnectionOptions

    func validate() throws {
        for file in files where file.contains(",") {
            throw ValidationError("'\(file)': file names with commas cannot be replayed; rename it")
        }
    }

    func run() async throws {
        var words = ["market-producer", "--replay", files.joined(separator: ",")]
        if skipBad { words.append("--replay-skip-bad") }
        if let brokers = connections.kafkaBrokers { words += ["--kafka-brokers", brokers] }
        if let topic = connections.kafkaTradesTopic { words += ["--kafka-trades-topic", topic] }
        throw CommandError(Self.become(words))
    }

    /// Makes this process another program: its exit code, signals and output are then the producer's own.
    ///
    /// - Returns: why it could not.
    private static func become(_ words: [String]) -> String {
        var pointers = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        let beside = (CommandLine.arguments.first.map { FilePath($0).removingLastComponent() } ?? FilePath("."))
            .appending("market-producer").string
        execv(beside, &pointers)
        execvp(words[0], &pointers)
        let reason = String(cString: strerror(errno))
        return "market-producer cannot be started: \(reason). It belongs beside marketctl, or in PATH."
    }
}
