import Testing

/// Sizes a reader can hold.
enum SizeRules {
    static let mostLines = 400
    static let mostColumns = 120

    static func findings(_ path: String, _ text: String) -> [Finding] {
        var result: [Finding] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let lineCount = lines.count - (lines.last == "" ? 1 : 0)
        if lineCount > mostLines {
            result.append(Finding(path: path, line: lineCount, problem: "longer than \(mostLines) lines"))
        }
        for (index, line) in lines.enumerated() where line.utf8.count > mostColumns && line.count > mostColumns {
            result.append(Finding(path: path, line: index + 1, problem: "longer than \(mostColumns) columns"))
        }
        return result
    }
}

extension TidyTests {
    @Test func filesAndLinesAreShort() {
        let paths = Repository.swiftPaths + Repository.paths.filter { $0.hasPrefix("scripts/") || $0.hasPrefix(".ci/") }
        report(paths.flatMap { SizeRules.findings($0, Repository.text($0)) })
    }

    @Test func longFilesAndLinesAreFound() {
        let long = String(repeating: "a\n", count: 401)
        #expect(SizeRules.findings("A.swift", long).count == 1)
        #expect(SizeRules.findings("A.swift", String(repeating: "a\n", count: 400)) == [])
        #expect(SizeRules.findings("A.swift", String(repeating: "a", count: 121)).count == 1)
    }
}
