import Testing

/// What may not be called, or only in certain rooms.
enum CallRules {
    /// Words that end the process or hide a failure.
    static let banned = ["try!", "as!", "fatalError(", "preconditionFailure(", "assertionFailure("]
    /// What blocks a thread: only where the line, or the one above, says which thread that is.
    static let blocking = ["Thread.sleep", "usleep(", "DispatchSemaphore", "DispatchQueue"]
    static let clientFolders = ["Sources/KafkaClient", "Sources/PostgresClient", "Sources/RedisClient"]

    static func findings(_ path: String, _ source: SourceText) -> [Finding] {
        let isClient = Repository.isUnder(clientFolders, path)
        let isMain = path.hasSuffix("/Main/main.swift")
        var result: [Finding] = []
        for (index, line) in source.code.enumerated() {
            func object(_ problem: String) { result.append(Finding(path: path, line: index + 1, problem: problem)) }
            for word in banned where contains(line, call: word) { object("\(word) is not for products") }
            for word in blocking where contains(line, call: word) && !source.hasComment(at: index) {
                object("\(word) without the reason beside it")
            }
            // On the socket's level TCP_NODELAY's number is SO_DEBUG, which only root may set.
            if line.contains("socketOption(.tcp_") { object("a TCP option on the socket's level: tcpOption sets it") }
            if !isMain, contains(line, call: "print(") { object("print is for Main only: log it") }
            if hasForceUnwrap(line) { object("force unwrap or implicitly unwrapped optional") }
            for word in ["@unchecked Sendable", "nonisolated(unsafe)"] where line.contains(word) {
                if !isClient { object("\(word) outside a client module") }
                if !source.hasComment(at: index) { object("\(word) without the reason beside it") }
            }
        }
        return result
    }

    /// Whether the word stands there as a call of its own, not as the end of a longer name or a member's.
    static func contains(_ line: String, call word: String) -> Bool {
        var rest = line[...]
        while let range = rest.firstRange(of: word) {
            let before = range.lowerBound == line.startIndex ? " " : line[line.index(before: range.lowerBound)]
            if !before.isLetter, !before.isNumber, before != "_", before != "." { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    /// `x!`, `x()!`, `x[0]!`, `Type!`; not `!=`, not `a !b`, not a prefix `!`.
    static func hasForceUnwrap(_ line: String) -> Bool {
        let characters = Array(line)
        for (index, character) in characters.enumerated() where character == "!" && index > 0 {
            let before = characters[index - 1]
            let after = index + 1 < characters.count ? characters[index + 1] : " "
            let isOperand = before.isLetter || before.isNumber || before == "_" || ")]}>?\"".contains(before)
            let word = String(characters[..<index].reversed().prefix { $0.isLetter }.reversed())
            if isOperand, after != "=", !["try", "as"].contains(word) { return true }
        }
        return false
    }
}

extension TidyTests {
    @Test func productsCallNothingBanned() {
        report(Repository.productPaths.flatMap { CallRules.findings($0, SourceText(Repository.text($0))) })
    }

    @Test(arguments: [
        "let a = try! b()", "let a = b as! C", "fatalError()", "print(a)", "let a = b!", "let a = b()!.c", "let a: B!",
        "final class A: @unchecked Sendable {", "DispatchSemaphore(value: 0)", "x = a[0]!",
        "bootstrap.channelOption(.socketOption(.tcp_nodelay), value: 1)",
    ])
    func bannedCallsAreFound(_ line: String) {
        #expect(!CallRules.findings("Sources/ServiceKit/A.swift", SourceText(line)).isEmpty)
    }

    @Test(arguments: [
        "if a != b, !c { }", "// try! here", "let a = \"fatalError() \\(b(\"x!\")) try!\"", "logger.print(a)",
        "let a = #\"b!\"#", "let a = \"\"\"\nprint(b!)\n\"\"\"", "/* a! /* b! */ c! */ let d = !e", "footprint(a)",
    ])
    func harmlessLinesPass(_ line: String) {
        #expect(CallRules.findings("Sources/ServiceKit/A.swift", SourceText(line)) == [])
    }

    @Test func uncheckedSendableNeedsAClientAndAReason() {
        let path = "Sources/KafkaClient/A.swift"
        #expect(CallRules.findings(path, SourceText("// why\nclass A: @unchecked Sendable {}")) == [])
        #expect(CallRules.findings(path, SourceText("\nclass A: @unchecked Sendable {}")).count == 1)
    }
}
