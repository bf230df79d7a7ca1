import Foundation
import Testing

@testable import ServiceKit

@Suite struct SettingsTests {
    private let port = Setting<Int>.port("API_PORT", help: "port", default: "8000")
    private let pause = Setting<Duration>.duration("PAUSE", help: "pause", default: "2s")
    private let secret = Setting<Int>("SECRET_NUMBER", help: "number", default: nil, isSecret: true) {
        text throws(SettingProblem) in
        guard let value = Int(text) else { throw SettingProblem("a number") }
        return value
    }

    @Test func commandLineWinsThenEnvironmentThenFileThenDefault() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: ".env")
        try "API_PORT=3\nPAUSE=7s\n".write(to: file, atomically: true, encoding: .utf8)
        func load(_ arguments: [String], _ environment: [String: String], _ path: String?) async throws -> Int {
            try await Settings.load(
                arguments: arguments, environment: environment, dotEnvPath: path, known: [port, pause]
            ).value(port)
        }
        #expect(try await load([], [:], nil) == 8000)
        #expect(try await load([], [:], file.path) == 3)
        #expect(try await load([], ["API_PORT": "2"], file.path) == 2)
        #expect(try await load(["--api-port", "1"], ["API_PORT": "2"], file.path) == 1)
        #expect(try await load(["--api-port=1"], ["API_PORT": "2"], file.path) == 1)
        #expect(try await load([], [:], folder.appending(path: "none").path) == 8000)
        let settings = try await Settings.load(
            arguments: [], environment: [:], dotEnvPath: file.path, known: [pause])
        #expect(try settings.value(pause) == .seconds(7))
    }

    @Test(arguments: ["", " ", "  \t"]) func aBlankIsNone(_ text: String) throws {
        #expect(try Settings(["API_PORT": text]).value(port) == 8000)
        try Settings(["API_PORT": text]).validate([port])
    }

    @Test func malformedValuesAreNamedWithTheirKeyAndWhatIsValid() throws {
        let error = #expect(throws: SettingsError.self) { try Settings(["API_PORT": "70000"]).value(port) }
        let text = try #require(error?.description)
        #expect(text.contains("API_PORT") && text.contains("70000") && text.contains("0 to 65535"))
        #expect(throws: SettingsError.self) { try Settings(["PAUSE": "5"]).validate([pause]) }
        #expect(throws: SettingsError.self) { try Settings(["SYMBOLS": "BTC USDT"]).value(SharedSettings.symbols) }
        #expect(throws: SettingsError.self) {
            try Settings(["CANDLE_INTERVALS": "10s,7m"]).value(SharedSettings.candleIntervals)
        }
    }

    @Test func secretsAreInNoMessage() throws {
        let error = #expect(throws: SettingsError.self) { try Settings(["SECRET_NUMBER": "hunter2"]).value(secret) }
        #expect(error?.description.contains("hunter2") == false)
        #expect(Masking.masked("postgresql://a:b@h/d?x=1") == "postgresql://a:***@h/d?x=1")
        #expect(Masking.masked("redis://:p%40ss@h:1/0") == "redis://:***@h:1/0")
        #expect(Masking.masked("redis://h:1/0?a=b:c@d") == "redis://h:1/0?a=b:c@d")
    }

    @Test func unknownOptionsStopTheProgram() async {
        for arguments in [["--api-prot", "1"], ["stray"], ["--api-port"]] {
            await #expect(throws: SettingsError.self) {
                try await Settings.load(arguments: arguments, environment: [:], dotEnvPath: nil, known: [port])
            }
        }
    }

    @Test func flagsNeedNoValue() async throws {
        let known: [any AnySetting] = [SharedSettings.kafkaCreateTopics, port]
        let settings = try await Settings.load(
            arguments: ["--kafka-create-topics", "--api-port", "5"], environment: [:], dotEnvPath: nil, known: known)
        #expect(try settings.value(SharedSettings.kafkaCreateTopics))
        #expect(try settings.value(port) == 5)
    }

    @Test(arguments: [("50ms", Duration.milliseconds(50)), ("1d", .seconds(86_400)), ("2m", .seconds(120))])
    func durations(text: String, expected: Duration) {
        #expect(SettingText.duration(text) == expected)
    }

    @Test func symbolsAreFoldedAndCountedOnce() throws {
        let instruments = try Settings(["SYMBOLS": "btcusdt, BTCUSDT ,kraken:btc/usd"]).value(SharedSettings.symbols)
        #expect(instruments.map(\.key) == ["BTCUSDT", "kraken:BTC/USD"])
    }
}
