import Foundation
import Testing

/// Nothing half-done, nothing dead, no host of a package registry.
enum FileRules {
    static let unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    static let hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npm" + "js", "npm" + "js.com"]
    static let textEndings = [
        ".swift", ".md", ".sh", ".yml", ".yaml", ".json", ".sql", ".py", ".c", ".h", ".html", ".css", ".js", ".txt",
    ]

    static func isText(_ path: String) -> Bool {
        Repository.scriptPaths.contains(path) || textEndings.contains { path.hasSuffix($0) }
            || path.contains("Dockerfile")
    }

    static func findings(_ path: String, _ text: String) -> [Finding] {
        // Nearly every file is clean: one look at the whole text spares its lines.
        guard (unfinished + hosts).contains(where: { text.range(of: $0) != nil }) else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            let marks = unfinished.filter { mark in words.contains { $0 == mark } }
            return (marks + hosts.filter { line.contains($0) }).map {
                Finding(path: path, line: index + 1, problem: "'\($0)' does not belong here")
            }
        }
    }

    /// Source folders that no target of the manifest names.
    static func orphans(_ folders: Set<String>, manifest: String) -> [String] {
        folders.filter { folder in
            let name = folder.split(separator: "/").last.map(String.init) ?? folder
            return !manifest.contains("\"\(name)\"") && !manifest.contains("/\(name)")
        }.sorted()
    }
}

extension TidyTests {
    @Test func nothingIsUnfinished() {
        let paths = Repository.paths.filter(FileRules.isText)
        report(paths.flatMap { FileRules.findings($0, Repository.text($0)) })
    }

    @Test func unfinishedLinesAreFound() {
        #expect(FileRules.findings("A", "// " + FileRules.unfinished[0] + ": later").count == 1)
        #expect(FileRules.findings("A", "see https://" + FileRules.hosts[0]).count == 1)
        #expect(FileRules.findings("A", FileRules.unfinished[2] + "L").isEmpty)
    }

    @Test func everySourceFolderBelongsToATarget() {
        let folders = Set(
            Repository.swiftPaths.compactMap { path -> String? in
                let parts = path.split(separator: "/").map(String.init)
                switch parts.first {
                case "Sources", "Tests": return parts.count > 2 ? parts[1] : path
                case "services": return parts.count > 3 ? parts[2] : path
                default: return nil
                }
            })
        #expect(FileRules.orphans(folders, manifest: Repository.text("Package.swift")) == [])
        #expect(FileRules.orphans(["Sources/Nobody"], manifest: "\"Somebody\"") == ["Sources/Nobody"])
    }

    /// A script library that nothing reads, a picture that no page shows.
    @Test func nothingIsDead() {
        let texts = Repository.paths.filter(FileRules.isText).map { ($0, Repository.text($0)) }
        for path in Repository.paths where Repository.isUnder(["scripts/lib", "docs"], path) {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            #expect(texts.contains { $0.0 != path && $0.1.range(of: name) != nil }, "\(path) is named nowhere")
        }
    }
}
