import Testing

/// The rules of the house that no compiler checks (CONTRIBUTING.md lists them).
///
/// Every rule is a function from text to findings, so that its own test can show that it finds something.
@Suite struct TidyTests {}

/// Something a rule objects to.
struct Finding: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let problem: String

    var description: String { "\(path):\(line): \(problem)" }
}

/// Records every finding as an issue of its own.
func report(_ findings: [Finding]) {
    for finding in findings { Issue.record("\(finding)") }
}
