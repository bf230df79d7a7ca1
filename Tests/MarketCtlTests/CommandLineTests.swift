import ArgumentParser
import MarketCore
import Testing

@testable import MarketCtl

@Suite struct CommandLineTests {
    @Test func rangesOfTradeIDs() throws {
        #expect(TradeIDRange(argument: "100-200")?.range == 100...200)
        #expect(TradeIDRange(argument: "7")?.range == 7...7)
        for word in ["", "-", "5-", "-5", "200-100", "1-2-3", "a-b", "1-9999999999999999999"] {
            #expect(TradeIDRange(argument: word) == nil, "\(word)")
        }
    }

    @Test func instrumentsAndLimits() throws {
        #expect(Instrument(argument: "kraken:BTC/USD")?.key == "kraken:BTC/USD")
        #expect(Instrument(argument: "not a symbol") == nil)
        #expect(RowLimit(argument: "7")?.rows == 7)
        for word in ["0", "-1", "x", "1000001"] { #expect(RowLimit(argument: word) == nil, "\(word)") }
    }

    @Test func tablesAreAlignedAndObeyNoControlCharacters() {
        var table = TextTable(["a", "long name", "b"])
        table.append(["1234", "x", "\u{1B}[2J\n"])
        #expect(table.text == "a     long name  b\n1234  x          \\u001b[2J\\u000a")
    }

    @Test(
        arguments: [
            ([], 0), (["--help"], 0), (["--version"], 0), (["status", "--help"], 0), (["help", "late", "apply"], 0),
            (["nonsense"], 64), (["status", "--nonsense"], 64), (["quarantine", "list", "--limit", "0"], 64),
            (["migrate", "--kafka-brokers"], 64), (["--generate-completion-script", "zsh"], 0),
            (["replay", "a,b.csv"], 64), (["check", "nothing"], 64),
        ] as [([String], Int32)])
    func exitCodes(_ words: [String], _ code: Int32) async { #expect(await MarketCtl.run(words) == code) }

    @Test func everyCommandHasExamples() {
        var waiting: [any ParsableCommand.Type] = [RootCommand.self]
        var names: [String] = []
        while let command = waiting.popLast() {
            waiting += command.configuration.subcommands
            // A command of commands shows the examples of all of them.
            guard !(command.configuration.abstract.isEmpty) else {
                Issue.record("\(command) has no abstract")
                continue
            }
            names.append(command._commandName)
        }
        for command in RootCommand.configuration.subcommands {
            #expect(command.configuration.discussion.contains("marketctl \(command._commandName)"), "\(command)")
        }
        #expect(names.count > RootCommand.configuration.subcommands.count)
    }

    @Test func agesAreTold() {
        #expect(Age.text(micros: -5) == "0.0 s")
        #expect(Age.text(micros: 1_250_000) == "1.2 s")
        #expect(Age.text(micros: 61_000_000) == "1 min 1 s")
        #expect(Age.text(micros: 7_260_000_000) == "2 h 1 min")
        #expect(Age.text(micros: 90_000_000_000) == "1 d 1 h")
    }
}
