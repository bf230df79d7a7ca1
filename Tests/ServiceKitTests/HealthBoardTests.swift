import Foundation
import Testing

@testable import ServiceKit

@Suite struct HealthBoardTests {
    @Test func aPartThatBlocksReadinessSaysWhy() throws {
        let board = HealthBoard()
        board.set("kafka", .ok)
        #expect(board.isReady)
        board.set("redis", .failed("down", blocksReadiness: false))
        #expect(board.isReady)
        board.set("partition 3", .failed("the \"log\" changed\nsee runbook", blocksReadiness: true))
        #expect(!board.isReady)
        let body = try JSONSerialization.jsonObject(with: Data(board.json(status: "not ready").utf8))
        let parts = try #require((body as? [String: Any])?["parts"] as? [String: [String: String]])
        #expect(parts["partition 3"]?["reason"] == "the \"log\" changed\nsee runbook")
        board.remove("partition 3")
        #expect(board.isReady)
    }
}
