import Foundation
import Testing

extension TidyTests {
    @Test(arguments: Repository.scriptPaths)
    func scriptsExplainThemselves(_ path: String) throws {
        let url = Repository.root.appendingPathComponent(path)
        try #require(FileManager.default.isExecutableFile(atPath: url.path), "\(path) is not executable")
        #expect(Repository.text(path).hasPrefix("#!/usr/bin/env bash\n"))
        #expect(Repository.text(path).contains("set -euo pipefail"))

        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", url.path, "--help"]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(path) --help: \(text)")
        #expect(text.contains("Usage: \(path)"), "\(path) --help says: \(text)")
    }

    @Test func theTwoCommandsAreThere() {
        for path in ["scripts/up", "scripts/test", ".ci/run"] { #expect(Repository.scriptPaths.contains(path)) }
    }
}
