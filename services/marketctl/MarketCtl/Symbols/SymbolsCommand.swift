import ArgumentParser
import MarketCore
import MarketWire

/// What producers follow.
struct SymbolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "symbols", abstract: "Which instruments are followed.",
        discussion: """
            Goes through market-api, which asks the venue whether it has the instrument. Changes need API_TOKEN.

            Examples:
              marketctl symbols list
              API_TOKEN=... marketctl symbols add ETHUSDT kraken:BTC/USD
              marketctl symbols remove ETHUSDT
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All instruments, with what is known of them.")

        @OptionGroup var connections: ConnectionOptions

        func run() async throws {
            let answer = try await APIConnection(try await connections.settings()).get("/symbols")
            guard answer.status == 200, let rows = answer.json?["symbols"]?.elements else {
                throw CommandError("market-api cannot say: \(answer.problem)")
            }
            var table = TextTable(["symbol", "followed", "status", "base", "quote", "tick size", "lot step"])
            for row in rows {
                let isFollowed = row["followed"]?.isTrue == true
                table.append(
                    [row["symbol"]?.text ?? "-", isFollowed ? "yes" : "no"]
                        + ["status", "base", "quote", "tick_size", "lot_step"].map { row[$0]?.text ?? "-" })
            }
            if table.isEmpty { table.append(["(none is followed)"]) }
            Terminal.say(table.text)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Follows instruments; their venues must have them.")

        @Argument(help: "Instrument keys: BTCUSDT, kraken:BTC/USD") var symbols: [Instrument]
        @OptionGroup var connections: ConnectionOptions

        func run() async throws { try await SymbolsCommand.change(symbols, "subscribe", connections) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follows instruments no longer; what is stored of them stays.")

        @Argument(help: "Instrument keys") var symbols: [Instrument]
        @OptionGroup var connections: ConnectionOptions

        func run() async throws { try await SymbolsCommand.change(symbols, "unsubscribe", connections) }
    }

    /// - Throws: ``CommandError`` at the first that is refused; those before it are done, and said.
    private static func change(
        _ symbols: [Instrument], _ word: String, _ connections: ConnectionOptions
    ) async throws {
        let api = try APIConnection(try await connections.settings())
        for symbol in symbols {
            let path = symbol.key.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F")
            let answer = try await api.post("/symbol/\(path)/\(word)")
            guard answer.status == 200 else {
                let hint = answer.status == 401 ? " (set API_TOKEN to the server's)" : ""
                throw CommandError("\(symbol.key): \(answer.problem)\(hint)")
            }
            Terminal.say(answer.json?["message"]?.text ?? symbol.key)
        }
    }
}

extension Instrument: ExpressibleByArgument {
    public init?(argument: String) { try? self.init(key: argument) }
}
