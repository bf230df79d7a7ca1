import ArgumentParser
import Foundation
import TestServers
import Testing

@testable import MarketCtl

@Suite struct ArgumentTests {
    @Test func instantsAreUTC() {
        let expected: [(String, Int64)] = [
            ("2020-01-02", 1_577_923_200), ("2020-01-02T15:11", 1_577_977_860), ("2020-01-02 15:11:05", 1_577_977_865),
            ("2020-01-02T15:11:05Z", 1_577_977_865), ("2020-01-02T15:11:05+01:00", 1_577_974_265),
            ("1577977860", 1_577_977_860), ("0", 0),
        ]
        for (text, seconds) in expected { #expect(TimeArgument(argument: text)?.seconds == seconds, "\(text)") }
        for text in ["", "-1", "2020-13-01", "2020-01-02T25:00", "yesterday", "2020-01-02T15:11:05.5Z", "9999-01-01"] {
            #expect(TimeArgument(argument: text) == nil, "\(text)")
        }
        for seconds in [0, 951_782_400, 1_577_977_865, 4_102_444_799] as [Int64] {
            #expect(TimeArgument(argument: UTCText.time(seconds))?.seconds == seconds)
        }
        #expect(UTCText.time(951_782_399) == "2000-02-28 23:59:59")
        #expect(
            UTCText.length(93_600) == "1 d 2 h" && UTCText.length(65) == "1 min 5 s" && UTCText.length(3_600) == "1 h")
    }

    @Test(
        arguments: [
            ["verify", "BTCUSDT", "2020-01-02", "2020-01-01"], ["verify", "BTCUSDT", "2020-01-02"],
            ["verify", "BTCUSDT", "2020-01-01", "2020-01-02", "--complete"],
            ["verify", "BTCUSDT", "2020-01-01", "2020-01-02", "--interval", "2m"],
            ["export", "BTCUSDT", "--format", "xml"], ["analyze", "BTCUSDT", "--bins", "1"],
        ])
    func wrongCommandLines(_ words: [String]) async { #expect(await MarketCtl.run(words) == 64) }

    /// The parser's completion scripts, by the shells that are here.
    @Test(arguments: ["bash", "zsh", "fish"]) func completionScriptsAreOfTheirShell(_ shell: String) throws {
        let kind = try #require(CompletionShell(rawValue: shell))
        let script = RootCommand.completionScript(for: kind)
        #expect(script.contains("verify") && script.contains("analyze"))
        let path = ["/bin/", "/usr/bin/", "/usr/local/bin/"].map { $0 + shell }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let path else { return }
        let folder = try TemporaryFolder("completion")
        defer { folder.remove() }
        try script.write(toFile: folder.path + "/script", atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["-n", folder.path + "/script"]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
