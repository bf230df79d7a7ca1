import AsyncHTTPClient
import MarketWire
import NIOCore
import ServiceKit
import TestServers
import Testing
import WebSockets

@testable import ExchangeSimulator

@Suite(.timeLimit(.minutes(3))) struct FaultTests {
    private static let market = ["SYMBOLS": "BTCUSDT", "SIMULATOR_RATE": "200", "SIMULATOR_SEED": "7"]

    @Test(arguments: [
        "cut", "stall 1500ms", "skip 20", "again 3", "reorder", "garbage", "oversized", "rotate", "shutdown 2000ms",
        "429 60000ms", "418 500ms", "slow 200ms 5000ms",
    ])
    func aFaultIsReadAsItIsWritten(_ text: String) throws {
        #expect(try Fault(text).description == text)
    }

    @Test(arguments: ["", "cut 1", "stall", "stall 5", "stall 0s", "skip -1", "skip x", "430 1s", "slow 1s", "Cut"])
    func anythingElseIsRefusedWithWhatWouldBeValid(_ text: String) {
        let error = #expect(throws: SettingProblem.self) { try Fault(text) }
        #expect("\(String(describing: error))".contains("stall TIME"))
    }

    @Test func aScriptIsReadLineByLine() throws {
        guard case .script(let entries) = try FaultPlan.script("# remark\n2s cut\n\n500ms stall 3s # why\n") else {
            Issue.record("it is a script")
            return
        }
        #expect(entries.map(\.fault) == [.stall(.seconds(3)), .cut])
        #expect(entries.map(\.after) == [.milliseconds(500), .seconds(2)])
        let error = #expect(throws: SettingProblem.self) { try FaultPlan.script("1s cut\n1s jump") }
        #expect("\(String(describing: error))".contains("line 2"))
    }

    private func strike(_ server: SimulatorServer, _ fault: String) async throws -> (status: Int, text: String) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)/faults")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: fault))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 10_000)
        return (Int(response.status.code), String(buffer: body))
    }

    private func ids(_ heard: Heard) -> [Int64] { heard.events("trade").integers("t") }

    @Test func skippedAndRepeatedAndReorderedIDs() async throws {
        try await SimulatorServer.with(Self.market) { server in
            try await server.listening("/ws/btcusdt@trade") { _, heard in
                try await heard.wait("trades") { ids($0).count > 20 }
                #expect(try await strike(server, "skip 7").text.contains("1 connections"))
                try await heard.wait("a jump of 8") { zip(ids($0), ids($0).dropFirst()).contains { $1 - $0 == 8 } }
                _ = try await strike(server, "again 5")
                try await heard.wait("ids a second time") { Set(ids($0)).count == ids($0).count - 5 }
                let before = ids(heard).count
                _ = try await strike(server, "reorder")
                try await heard.wait("an id below the one before") { heard in
                    let later = ids(heard).dropFirst(before)
                    return zip(later, later.dropFirst()).contains { $1 < $0 }
                }
            }
        }
    }

    @Test(arguments: ["cut", "rotate", "shutdown 300ms", "oversized"])
    func aConnectionThatEnds(_ fault: String) async throws {
        try await SimulatorServer.with(Self.market) { server in
            try await server.listening("/ws/btcusdt@trade") { session, heard in
                try await heard.wait("trades") { ids($0).count > 20 }
                #expect(try await strike(server, fault).status == 200)
                try await waitUntil("the end", withinMillis: 20_000) { session.closure != nil }
                let code = try #require(session.closure?.code)
                switch fault {
                case "cut": #expect(code == .abnormal)
                case "oversized": #expect(code == .tooBig)
                default: #expect(code == .goingAway)
                }
                if fault.hasPrefix("shutdown") { #expect(heard.events("serverShutdown").count == 1) }
            }
        }
    }

    @Test func aStallIsSilentAndEndsByItself() async throws {
        try await SimulatorServer.with(Self.market) { server in
            try await server.listening("/ws/btcusdt@trade") { session, heard in
                try await heard.wait("trades") { ids($0).count > 20 }
                _ = try await strike(server, "stall 2s")
                try await waitUntil("silence", withinMillis: 20_000) {
                    let count = ids(heard).count
                    try await Task.sleep(for: .milliseconds(300))
                    return ids(heard).count == count
                }
                try await session.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":9}"#)
                let count = ids(heard).count
                try await heard.wait("it goes on, and answers") { ids($0).count > count && !$0.replies.isEmpty }
                let all = ids(heard)
                #expect(all == Array(all[0]..<(all[0] + Int64(all.count))), "what was held back comes")
            }
        }
    }

    @Test func restRefusesForAsLongAsItSays() async throws {
        let clock = ManualClock(1_700_000_000_000_000)
        try await SimulatorServer.with(Self.market, time: clock.source) { server in
            for status in [429, 418] {
                _ = try await strike(server, "\(status) 30s")
                let answer = try await server.get("/api/v3/trades?symbol=BTCUSDT")
                #expect(answer.status == status && answer.header("Retry-After") == "30")
                #expect(try answer.json()["code"]?.integer == -1_003)
                clock.advance(.seconds(30))
                #expect(try await server.get("/api/v3/trades?symbol=BTCUSDT").status == 200)
            }
        }
    }

    @Test func faultsByChanceComeFromTheSettings() async throws {
        let chance = ["SIMULATOR_FAULTS": "skip 3", "SIMULATOR_FAULT_EVERY": "100ms", "SIMULATOR_FAULT_SEED": "5"]
        try await SimulatorServer.with(Self.market.merging(chance) { $1 }) { server in
            try await server.listening("/ws/btcusdt@trade") { _, heard in
                try await heard.wait("jumps") { heard in
                    zip(ids(heard), ids(heard).dropFirst()).filter { $1 - $0 > 1 }.count >= 3
                }
            }
        }
    }
}
