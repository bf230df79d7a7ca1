import Foundation
import Testing

/// Documents that must not drift from the code.
enum DocumentRules {
    /// The configuration keys that a source declares: `"KEY", help:`, `"KEY", in:` or `"KEY", of:`.
    static func settingKeys(in source: String) -> Set<String> {
        let pattern = /"([A-Z][A-Z0-9_]{2,})",\s*(?:(?:help|in|of|isSecret|default):|[0-9_]+\.\.\.)/
        return Set(source.matches(of: pattern).map { String($0.1) })
    }

    /// Chapters of docs/OPERATIONS.md that a source sends people to: `docs/OPERATIONS.md, "Chapter"`.
    static func operationsChapters(in source: String) -> [String] {
        source.matches(of: /docs\/OPERATIONS\.md, "([^"]+)"/).map { String($0.1) }
    }

    /// Links of a page to files of the project, without their anchors.
    static func localLinks(in page: String) -> [String] {
        page.matches(of: /\]\(([^)\s#]+)(?:#[^)]*)?\)/).map { String($0.1) }.filter { !$0.contains("://") }
    }
}

extension TidyTests {
    @Test func everySettingIsDocumented() {
        let keys = Set(Repository.productPaths.flatMap { DocumentRules.settingKeys(in: Repository.text($0)) })
        #expect(keys.contains("KAFKA_BROKERS"), "no settings were found")
        for page in ["README.md", ".env.example"] {
            let words = Set(Repository.text(page).split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
            #expect(keys.subtracting(words).sorted() == [], "not mentioned in \(page)")
        }
    }

    @Test func settingKeysAreFound() {
        #expect(DocumentRules.settingKeys(in: "Setting.port(\n  \"API_PORT\", help: \"x\"") == ["API_PORT"])
        #expect(DocumentRules.settingKeys(in: "(\"A_B\", in: 1...9, help:").contains("A_B"))
    }

    @Test func chaptersThatMessagesNameAreThere() {
        let page = Repository.text("docs/OPERATIONS.md")
        let chapters = Set(
            Repository.productPaths.flatMap { DocumentRules.operationsChapters(in: Repository.text($0)) })
        #expect(!chapters.isEmpty)
        #expect(chapters.filter { !page.contains("# \($0)\n") } == [])
        #expect(DocumentRules.operationsChapters(in: "see docs/OPERATIONS.md, \"A b\".") == ["A b"])
    }

    @Test func linksLeadSomewhere() {
        for page in Repository.paths where page.hasSuffix(".md") {
            let folder = page.split(separator: "/").dropLast().joined(separator: "/")
            for link in DocumentRules.localLinks(in: Repository.text(page)) {
                let path = folder.isEmpty ? link : folder + "/" + link
                #expect(Repository.exists(path), "\(page) links to \(link), which is not there")
            }
        }
        #expect(DocumentRules.localLinks(in: "[a](b/c.md#d) ![e](f.png) [g](https://h)") == ["b/c.md", "f.png"])
    }
}
