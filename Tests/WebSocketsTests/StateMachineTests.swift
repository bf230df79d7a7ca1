import NIOCore
import NIOWebSocket
import Testing

@testable import WebSockets

@Suite struct StateMachineTests {
    /// Any split of a text into fragments, with pings between, gives the text back.
    @Test func anySplitGivesTheTextBack() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(state: seed)
        for round in 0..<500 {
            let text = String((0..<random.below(60)).map { _ in Array("aé€😀z")[random.below(5)] })
            var rest = ByteBuffer(string: text)
            var machine = WebSocketStateMachine(role: .server, maxMessageBytes: 1_000)
            var isFirst = true
            var delivered: WebSocketMessage?
            while delivered == nil {
                if random.below(3) == 0 {
                    let ping = WebSocketFrame(
                        fin: true, opcode: .ping, maskKey: .random(), data: masked(ByteBuffer(), nil))
                    #expect(machine.receive(ping) == .sendPong(ByteBuffer()))
                }
                let length = random.below(rest.readableBytes + 1)
                let isLast = length == rest.readableBytes
                let key = WebSocketMaskingKey.random()
                let slice = rest.readSlice(length: length) ?? ByteBuffer()
                let frame = WebSocketFrame(
                    fin: isLast, opcode: isFirst ? .text : .continuation, maskKey: key, data: masked(slice, key))
                isFirst = false
                switch machine.receive(frame) {
                case .deliver(let message): delivered = message
                case .none: #expect(!isLast)
                case let other: Issue.record("\(other), seed \(seed), round \(round)")
                }
            }
            #expect(delivered == .text(ByteBuffer(string: text)), "seed \(seed), round \(round)")
        }
    }

    @Test func answersACloseOnceAndIgnoresTheRest() {
        var machine = WebSocketStateMachine(role: .client, maxMessageBytes: 100)
        #expect(machine.close(.normal, "") == .sendClose(ByteBuffer(bytes: [0x03, 0xE8])))
        #expect(machine.close(.goingAway, "") == .none)
        let data = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "late"))
        #expect(machine.receive(data) == .none)
        let close = WebSocketFrame(fin: true, opcode: .connectionClose, data: ByteBuffer(bytes: [0x03, 0xE9]))
        #expect(machine.receive(close) == .finish)
        #expect(machine.receive(close) == .none)
        #expect(machine.closure?.code == .normal)
    }

    @Test func cutsALongReasonBetweenCharacters() {
        var machine = WebSocketStateMachine(role: .server, maxMessageBytes: 100)
        let action = machine.close(.normal, String(repeating: "€", count: 60))
        guard case .sendClose(let payload) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(payload.readableBytes == 2 + 41 * 3)
    }

    private func masked(_ bytes: ByteBuffer, _ key: WebSocketMaskingKey?) -> ByteBuffer {
        var bytes = bytes
        if let key { bytes.webSocketMask(key) }
        return bytes
    }
}

@Suite struct AddressTests {
    @Test func readsAddresses() throws {
        let plain = try WebSocketAddress("ws://example.com:9443/stream?streams=a@trade/b@trade")
        #expect(!plain.isSecure && plain.host == "example.com" && plain.port == 9443)
        #expect(plain.target == "/stream?streams=a@trade/b@trade")
        #expect(plain.authority == "example.com:9443")
        let secure = try WebSocketAddress("wss://[::1]")
        #expect(secure.isSecure && secure.host == "::1" && secure.port == 443 && secure.target == "/")
        #expect(secure.isNumericHost && secure.authority == "[::1]")
        #expect(try WebSocketAddress("WSS://1.2.3.4?x=1").target == "/?x=1")
    }

    @Test(arguments: [
        "", "example.com", "http://x", "ws://", "ws://:1", "ws://x:0", "ws://x:70000", "ws://x:a", "ws://[::1",
        "ws://x/a b", "ws://x/\r\nA: b", "ws://user@x/",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(throws: WebSocketError.self) { try WebSocketAddress(text) }
    }
}

/// A small seeded generator (SplitMix64).
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
