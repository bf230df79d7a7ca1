import Logging
import Testing

@testable import ServiceKit

@Suite struct LogVerbosityTests {
    @Test func eachStepLogsMoreAndNothingIsBelowTrace() {
        let verbosity = LogVerbosity()
        #expect(verbosity.level(.info) == .info)
        verbosity.raise()
        #expect(verbosity.level(.info) == .debug && verbosity.level(.warning) == .notice)
        for _ in 0..<20 { verbosity.raise() }
        #expect(verbosity.level(.critical) == .trace)
        verbosity.reset()
        #expect(verbosity.level(.critical) == .critical)
    }
}
