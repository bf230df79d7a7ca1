import Testing

@testable import MarketAPI

@Suite struct LeafWalkTests {
    @Test func stepsCoverTheRangeFromItsEdge() {
        let seed = SeededRandom.seed(for: "LeafWalkTests")
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let lower = Int64.random(in: 0...10_000, using: &random)
            let range = lower..<lower + Int64.random(in: 1...10_000, using: &random)
            let starts = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Int64.random(in: 0...20_000, using: &random)
            }
            let up = LeafWalk.steps(through: range, leafStarts: starts, from: .oldest)
            #expect(up.first?.lowerBound == range.lowerBound && up.last?.upperBound == range.upperBound)
            #expect(zip(up, up.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }, "seed \(seed)")
            let down = LeafWalk.steps(through: range, leafStarts: starts, from: .newest)
            #expect(down.first?.upperBound == range.upperBound && down.last?.lowerBound == range.lowerBound)
            #expect(zip(down, down.dropFirst()).allSatisfy { $0.lowerBound == $1.upperBound }, "seed \(seed)")
            #expect((up + down).allSatisfy { !$0.isEmpty }, "seed \(seed)")
        }
    }

    @Test func noStepLocksMoreThanItsLeaves() {
        let starts = (0..<850).map { Int64($0) * 100 }
        for edge in [CandleSelection.Edge.oldest, .newest] {
            let steps = LeafWalk.steps(through: 0..<85_000, leafStarts: starts, from: edge)
            for (number, step) in steps.enumerated() {
                let touched = starts.filter { $0 < step.upperBound && $0 + 100 > step.lowerBound }.count
                #expect(touched <= LeafWalk.leavesPerStep[min(number, LeafWalk.leavesPerStep.count - 1)])
            }
        }
    }

    @Test func anEmptyRangeHasNoSteps() {
        #expect(LeafWalk.steps(through: 5..<5, leafStarts: [1, 9], from: .newest).isEmpty)
    }
}
